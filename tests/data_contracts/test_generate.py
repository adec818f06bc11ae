"""What is generated from the contracts is what is committed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from data_contracts.dbt_marts import mart_files
from data_contracts.dbt_sources import dbt_sources
from data_contracts.dbt_staging import STAGING_LINEAGE, staging_files
from data_contracts.generate import STAGING, differences, generated_files, main, write
from data_contracts.json_schemas import write_json_schema
from data_contracts.lineage import LINEAGE_COLUMNS
from data_contracts.loader import load_contracts


def test_committed_files_agree_with_the_contracts_when_compared() -> None:
    assert differences() == []


def test_sources_hold_every_feed_and_column_when_generated() -> None:
    found = {}
    for text in dbt_sources().values():
        assert text.count("\n") <= 300
        (source,) = yaml.safe_load(text)["sources"]
        assert source["name"] == "lake"
        for table in source["tables"]:
            found[table["name"]] = {column["name"]: column for column in table["columns"]}
    feeds = load_contracts("feeds")
    assert found.keys() == feeds.keys()
    for name, feed in feeds.items():
        assert list(found[name]) == [*feed.column_names, *LINEAGE_COLUMNS]
        for column in feed.columns:
            node = found[name][column.name]
            assert (node["data_type"], node["description"]) == (column.physical_type, column.description)
            assert ("pii" in node["config"].get("tags", [])) == column.is_pii


def test_staging_models_name_every_column_of_their_feed_when_generated() -> None:
    files = staging_files()
    models = {
        model["name"]: model
        for name, text in files.items()
        if name.endswith(".yml")
        for model in yaml.safe_load(text)["models"]
    }
    feeds = load_contracts("feeds")
    assert len(models) == len(feeds)
    for name, model in models.items():
        (sql,) = [text for file, text in files.items() if file.endswith(f"/{name}.sql")]
        (feed,) = [feed for feed in feeds.values() if f"source('lake', '{feed.name}')" in sql]
        wanted = [*feed.column_names, *STAGING_LINEAGE]
        assert [column["name"] for column in model["columns"]] == wanted
        selected = sql.rpartition("select\n")[2].partition("\nfrom")[0].split(",\n")
        assert [line.strip().split(" as ")[-1] for line in selected] == wanted
        assert model["data_tests"][0]["unique_combination"]["arguments"]["columns"] == list(feed.primary_key)


def test_marts_carry_contract_key_references_and_personal_data_when_generated() -> None:
    text = mart_files()["orders/_fct_orders.yml"]
    (model,) = yaml.safe_load(text)["models"]
    assert model["config"]["contract"] == {"enforced": True} and model["description"].startswith("One row per order")
    columns = {column["name"]: column for column in model["columns"]}
    assert columns["net_amount"]["data_type"] == "decimal(18,2)"
    tests = {next(iter(test)): next(iter(test.values())) for test in model["data_tests"]}
    rows = tests["complete_rows"]["arguments"]
    assert rows["key"] == ["order_id"] and "net_amount" in rows["required"] and "order_id" not in rows["required"]
    assert tests["known_references"]["arguments"]["references"] == [
        {"column": "customer_id", "to": "dim_customers", "field": "customer_id"},
        {"column": "store_id", "to": "dim_stores", "field": "store_id"},
    ]
    (customers,) = yaml.safe_load(mart_files()["customers/_dim_customers.yml"])["models"]
    email = next(column for column in customers["columns"] if column["name"] == "email_hash")
    assert email["config"] == {"tags": ["pii"], "meta": {"classification": "confidential", "pii": "quasi"}}


def test_difference_is_readable_when_a_column_is_added_or_removed_by_hand(tmp_path: Path) -> None:
    assert len(write(tmp_path)) == len(generated_files())
    assert differences(tmp_path) == []
    file = tmp_path / STAGING / "pos/_pos__sources.yml"
    lines = file.read_text().splitlines(keepends=True)
    index = next(n for n, line in enumerate(lines) if "name: seller_id" in line)
    file.write_text("".join(lines[:index] + lines[index + 1 :]))
    (removed,) = differences(tmp_path)
    assert "run `python -m data_contracts.generate`" in removed and "+          - {name: seller_id" in removed
    file.write_text("".join([*lines, "          - {name: extra_column}\n"]))
    (added,) = differences(tmp_path)
    assert "-          - {name: extra_column}" in added


def test_files_of_no_contract_are_removed_when_written_again(tmp_path: Path) -> None:
    write(tmp_path)
    first_line = (tmp_path / STAGING / "pos/_pos__sources.yml").read_text().partition("\n")[0]
    for name, text in {"old": first_line + "\n", "hand": "version: 2\n"}.items():
        (tmp_path / STAGING / name).mkdir()
        (tmp_path / STAGING / name / f"_{name}__sources.yml").write_text(text)
    assert differences(tmp_path) == [f"{STAGING}/old/_old__sources.yml is generated from no contract; remove it"]
    write(tmp_path)
    assert differences(tmp_path) == []
    assert (tmp_path / STAGING / "hand/_hand__sources.yml").exists()


def test_check_exits_cleanly_when_nothing_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert "agrees" in capsys.readouterr().out
    assert main(["--wrong"]) == 2


def test_json_schema_is_written_once_when_nothing_changed(tmp_path: Path) -> None:
    class Thing(BaseModel):
        size: int

    assert write_json_schema(Thing, tmp_path / "schemas/thing.json")
    assert not write_json_schema(Thing, tmp_path / "schemas/thing.json")
    assert '"size"' in (tmp_path / "schemas/thing.json").read_text()
