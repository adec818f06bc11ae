"""What every model of the project owes its readers: a grain, descriptions, a key, a contract, and no personal data."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from data_contracts.drift import model_differences, name_differences
from data_contracts.loader import load_contracts
from dbt_project.building import PROJECT

LAYERS = {"staging": "stg_", "intermediate": "int_", "marts": ("dim_", "fct_", "bridge_", "mart_")}
# Names that the published view is known by, older than the prefixes.
NAMED_OTHERWISE = {"customer_360", "customer_id_history", "customer_contacts"}
# A model that only picks or joins columns has no rule to test.
WITHOUT_RULES = {
    "int_record_customers",
    "int_channels_declared",
    "int_contacts_versioned",
    "dim_customer_rfv",
    "customer_id_history",
    "bridge_customer_records",
}
# Each of these means another thing, or nothing, in one of the engines, or gives another answer on another day.
NOT_PORTABLE = {
    "qualify": r"\bqualify\b",
    "round of a double": r"(?<![a-z_])round\s*\(",
    "double colon cast": r"::",
    "exclude": r"\*\s*exclude\b",
    "union by name": r"union\s+(all\s+)?by\s+name",
    "distinct on": r"distinct\s+on\b",
    "ntile": r"\bntile\s*\(",
    "the clock": r"\b(now|today|current_date|current_timestamp|localtimestamp|getdate)\b",
    "chance": r"\b(random|uuid|gen_random_uuid)\s*\(",
    "a value picked at will": r"\b(any_value|first|last|arbitrary)\s*\(",
    "lambda": r"\blambda\b|->",
    "varchar": r"\bvarchar\b",
    "engine hash": r"(?<![a-z_])(hash|xxhash64)\s*\(",
}


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    found = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(found) > 60
    return found


def attached_tests(manifest: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    children = (manifest["nodes"].get(child) for child in manifest["child_map"][node["unique_id"]])
    return [child for child in children if child and child["resource_type"] == "test"]


def layer_of(node: dict[str, Any]) -> str:
    return node["fqn"][1]


def test_every_model_says_what_one_row_is(manifest: dict[str, Any]) -> None:
    silent = [node["name"] for node in models(manifest) if not re.search(r"One row per \w", node["description"])]
    assert silent == []


def test_every_column_is_described(manifest: dict[str, Any]) -> None:
    bare = [node["name"] for node in models(manifest) if not node["columns"]]
    assert bare == []
    empty = [
        f"{node['name']}.{name}"
        for node in models(manifest)
        for name, column in node["columns"].items()
        if len(column["description"].strip()) < 4
    ]
    assert empty == []


def test_every_model_and_seed_has_a_key_test(manifest: dict[str, Any]) -> None:
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")]
    keyless = [
        node["name"]
        for node in nodes
        if not any(
            (test.get("test_metadata") or {}).get("name") in ("unique_combination", "complete_rows")
            and test.get("attached_node") == node["unique_id"]
            for test in attached_tests(manifest, node)
        )
    ]
    assert keyless == []


def test_key_tests_stop_the_run_when_they_fail(manifest: dict[str, Any]) -> None:
    tests = [n for n in manifest["nodes"].values() if n["resource_type"] == "test"]
    soft = [t["name"] for t in tests if t["config"]["severity"].lower() != "error" and t["name"].startswith("key_")]
    assert soft == []


def test_marts_are_public_and_contracted_and_everything_else_is_not_public(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        if layer_of(node) == "marts":
            assert node["access"] == "public", node["name"]
            assert node["config"]["contract"]["enforced"], node["name"]
            assert all(column["data_type"] for column in node["columns"].values()), node["name"]
            domain = node["fqn"][2]
            assert node["group"] == domain, f"{node['name']} stands in {domain} and in the group {node['group']}"
            assert node["schema"] == ("restricted" if domain == "restricted" else "marts")
        else:
            assert node["access"] == "protected", node["name"]
            assert node["schema"] == layer_of(node)


def test_personal_data_in_the_clear_stays_out_of_the_marts(manifest: dict[str, Any]) -> None:
    contracts = load_contracts("products")
    leaks = []
    for node in models(manifest):
        if node["schema"] != "marts":
            continue
        leaks += [
            f"{node['name']}.{name}"
            for name, column in node["columns"].items()
            if column["config"].get("meta", {}).get("pii") == "direct"
            or (
                re.fullmatch(
                    r"(full|given|family|person)_name|e?mail|phone\w*|document_number|birth_date|street\w*", name
                )
                and not name.endswith(("_hash", "_record_id", "_source_system", "_rule", "_observed_at"))
            )
        ]
        leaks += [f"{node['name']}.{c.name}" for c in contracts[node["name"]].columns if "pii_direct" in c.tags]
    assert leaks == []


def test_names_say_the_layer(manifest: dict[str, Any]) -> None:
    wrong = [
        node["name"]
        for node in models(manifest)
        if not node["name"].startswith(LAYERS[layer_of(node)]) and node["name"] not in NAMED_OTHERWISE
    ]
    assert wrong == []


def test_products_and_published_models_are_the_same_set(manifest: dict[str, Any]) -> None:
    published = {node["name"] for node in models(manifest) if layer_of(node) == "marts"}
    assert name_differences(set(load_contracts("products")), published, built_in="models/marts") == []


@pytest.mark.parametrize("name", sorted(load_contracts("products")))
def test_model_yaml_agrees_with_its_contract(name: str) -> None:
    contract = load_contracts("products")[name]
    file = PROJECT / "models" / "marts" / contract.domain / f"_{name}.yml"
    (model,) = yaml.safe_load(file.read_text())["models"]
    assert model_differences(contract, model) == []


def test_rules_are_tested_without_data(manifest: dict[str, Any]) -> None:
    tested = {unit["model"] for unit in manifest["unit_tests"].values()}
    untested = {
        node["name"]
        for node in models(manifest)
        if layer_of(node) != "staging"
        and node["name"] not in tested | WITHOUT_RULES
        and node["fqn"][2] in ("customers", "orders")
    }
    assert untested == set()


def test_sql_means_the_same_in_every_engine(manifest: dict[str, Any]) -> None:
    found = []
    for node in models(manifest):
        # Jinja is what makes an engine's own words portable, and comments are prose.
        code = re.sub(r"--[^\n]*|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", " ", node["raw_code"], flags=re.S)
        found += [f"{node['name']}: {what}" for what, pattern in NOT_PORTABLE.items() if re.search(pattern, code, re.I)]
    assert found == []


def test_windows_that_number_rows_say_where_nulls_go(manifest: dict[str, Any]) -> None:
    loose = []
    for node in models(manifest):
        code = re.sub(r"--[^\n]*", " ", node["raw_code"])
        for window in re.findall(r"row_number\(\)\s+over\s*\((.*?)\)\s+as\s", code, flags=re.S):
            if "order by" not in window:
                loose.append(f"{node['name']}: row_number without order")
    assert loose == []


def test_sql_files_stay_readable() -> None:
    long = {
        file.name: lines
        for file in (PROJECT / "models").rglob("*.sql")
        if (lines := file.read_text().count("\n")) > 150
    }
    assert long == {}
