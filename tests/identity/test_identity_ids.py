"""Customer ids last: over re-runs, shuffles, rebuilds, merges, splits and erasure; and history says what happened."""

from __future__ import annotations

import random
import shutil
from datetime import datetime

import pytest
from stdnum.br import cpf

from workspace.workspace import Workspace


def cpf_of(number: int) -> str:
    base = f"{number:09d}"
    return base + cpf._calc_check_digits(base)


def content(lake) -> dict[str, list]:
    from identity.tables import ORDERS

    return {table: lake.table(table) for table in ORDERS}


def people(count: int = 40) -> list[dict]:
    rng = random.Random(5)
    rows = []
    for number in range(count):
        given, family = (
            rng.choice(["Ana", "Otto", "Carla", "Davi", "Maria"]),
            rng.choice(["Lima", "Weber", "Dias", "Silva"]),
        )
        for copy in range(rng.randint(1, 4)):
            rows.append({
                "id": f"{number}-{copy}", "person_name": rng.choice([f"{given} {family}", f"{given} {family}".upper(), given]),
                "document_number": cpf_of(9000 + number) if rng.random() < 0.6 else None,
                "email": f"p{number}@uol.com.br" if rng.random() < 0.5 else "vendas@loja.com.br" if rng.random() < 0.2 else None,
                "phone": f"1198{number:07d}" if rng.random() < 0.5 else None,
                "birth_date": f"19{50 + number % 50}-03-0{1 + number % 9}" if rng.random() < 0.5 else None,
                "postal_code": f"013101{number:02d}" if rng.random() < 0.4 else None, "street_number": str(number % 7 + 1),
            })  # fmt: skip
    return rows


def test_same_lake_gives_the_same_tables_whatever_the_order_files_and_threads(tmp_path, lake):
    rows = people()
    lake.customers(*rows)
    lake.resolve()
    first = content(lake)
    for threads, seed in ((1, 1), (2, 2)):
        other_root = tmp_path / f"other{threads}"
        other_root.mkdir()
        (other_root / "workspace.yml").write_text(f"name: Test shop\nthreads: {threads}\nmemory_limit: 1GB\n")
        other = type(lake)(Workspace.open(other_root))
        mixed = rows[:]
        random.Random(seed).shuffle(mixed)
        for start in range(0, len(mixed), 17):
            other.customers(*mixed[start : start + 17])
        other.resolve()
        for table, expected in content(other).items():
            assert expected == first[table], table


def test_an_identical_run_after_publication_changes_nothing(lake):
    lake.customers(*people())
    lake.resolve()
    lake.publish()
    before = content(lake)
    result = lake.resolve()
    assert result.counts("changes_") == {}
    after = content(lake)
    for table in ("customer_crosswalk", "customer_id_history", "customer_id_aliases", "match_edges"):
        assert after[table] == before[table]


def test_merge_keeps_the_larger_customers_id_and_leaves_an_alias(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "document_number": cpf_of(1)},
        {"id": "2", "person_name": "Ana Lima", "document_number": cpf_of(1), "email": "ana@uol.com.br"},
        {"id": "3", "person_name": "Ana Lima", "phone": "11981234567"},
    )
    lake.resolve()
    big, small = lake.customer_of("1"), lake.customer_of("3")
    assert big != small
    lake.publish()
    lake.customers({"id": "4", "person_name": "Ana Lima", "email": "ana@uol.com.br", "phone": "11981234567"})
    lake.resolve()
    assert {lake.customer_of(i) for i in "1234"} == {big}
    assert lake.table("customer_id_aliases") == [(small, big)]
    changes = lake.table(
        "customer_id_history",
        "select reason, old_customer_id, new_customer_id, evidence from t where change_number > 1 or old_customer_id is not null",
    )
    assert changes == [("merge", small, big, "through new records")]


def test_merge_names_its_evidence(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "document_number": cpf_of(1)},
        {"id": "2", "person_name": "Ana Lima", "phone": "11981234567"},
    )
    lake.resolve()
    lake.publish()
    lake.customers(
        {
            "id": "1",
            "person_name": "Ana Lima",
            "document_number": cpf_of(1),
            "phone": "11981234567",
            "updated_at": datetime(2025, 2, 1),
        }
    )
    lake.resolve()
    (evidence,) = lake.table("customer_id_history", "select evidence from t where reason = 'merge'")
    assert evidence[0].startswith("same_phone_and_given_name ")


def test_split_keeps_the_id_with_the_larger_part_and_mints_a_new_one(lake):
    rows = [{"id": str(i), "person_name": "Ana Lima", "email": "ana@uol.com.br"} for i in range(3)]
    lake.customers(*rows, {"id": "9", "person_name": "Ana Lima", "email": "ana@uol.com.br"})
    lake.resolve()
    old = lake.customer_of("9")
    lake.publish()
    lake.customers(
        {"id": "9", "person_name": "Ana Lima", "email": "outra@uol.com.br", "updated_at": datetime(2025, 2, 1)}
    )
    lake.resolve()
    assert lake.customer_of("0") == old
    assert lake.customer_of("9") not in (None, old)
    assert lake.table("customer_id_history", "select reason, old_customer_id from t where change_number = 2") == [
        ("split", old)
    ]
    assert lake.table("customer_id_aliases") == []


def test_a_guard_that_wakes_up_splits_retroactively(lake):
    lake.customers(
        *(
            {"id": f"a{i}", "person_name": "Ana Lima", "email": "casa@uol.com.br", "phone": f"1198123450{i}"}
            for i in range(2)
        )
    )
    lake.resolve()
    old = lake.customer_of("a0")
    assert old == lake.customer_of("a1")
    lake.publish()
    names = ["Otto Weber", "Carla Dias", "Davi Rocha", "Elisa Melo", "Iara Nunes"]
    lake.customers(
        *(
            {"id": f"b{i}", "person_name": name, "email": "casa@uol.com.br", "document_number": cpf_of(i)}
            for i, name in enumerate(names)
        )
    )
    lake.resolve()
    assert lake.customer_of("a0") != lake.customer_of("a1")
    assert lake.table("customer_id_history", "select reason, evidence from t where change_number = 2") == [
        ("split", "guard on email")
    ]


def test_a_retired_id_is_never_minted_again(lake):
    """The record that gave an id its name leaves, the id lives on with the others, and the record comes back."""
    shared = {"person_name": "Ana Lima", "email": "ana@uol.com.br"}
    lake.customers(*({"id": str(i), **shared} for i in range(4)))
    lake.resolve()
    first = lake.customer_of("0")
    anchor = lake.table("customer_records", "select source_customer_id from t order by record_id limit 1")[0][0]
    lake.publish()
    lake.customers(
        {"id": anchor, "person_name": "Otto Weber", "email": "otto@uol.com.br", "updated_at": datetime(2025, 3, 1)}
    )
    lake.resolve()
    second = lake.customer_of(anchor)
    others = {lake.customer_of(str(i)) for i in range(4) if str(i) != anchor}
    assert others == {first} and second != first
    assert second.startswith("c") and len(second) == 24


def test_erasure_empties_the_record_and_a_replayed_file_does_not_bring_it_back(lake):
    row = {"id": "1", "person_name": "Ana Lima", "document_number": cpf_of(1), "email": "ana@uol.com.br"}
    lake.customers(row)
    lake.sales({"id": "r", "customer_ref_system": "crm", "customer_ref_id": "1"})
    lake.resolve()
    customer = lake.customer_of("1")
    lake.publish()
    lake.customers(row | {"deleted_at": datetime(2025, 5, 1), "updated_at": datetime(2025, 5, 1)})
    lake.resolve()
    assert lake.customer_of("1") is None and lake.customer_of("r", "pos") is None
    record = lake.table("customer_records", "select full_name, document_number, email, is_deleted from t")
    assert record == [(None, None, None, True)]
    assert lake.table("customer_identifiers") == []
    assert lake.table(
        "customer_id_history", "select old_customer_id, new_customer_id, reason from t where change_number = 2"
    ) == [(customer, None, "erasure")]
    assert lake.table("customer_id_aliases") == [(customer, None)]
    kinds = lake.table("erasure_tombstones", "select identifier_kind from t order by 1")
    assert kinds == [("document",), ("email",), ("record",)]
    lake.publish()
    shutil.rmtree(lake.ws.lake / "crm_customers")
    lake.customers(row)  # the old file again, in a lake that has forgotten the deletion
    lake.resolve()
    assert lake.customer_of("1") is None
    assert lake.table("customer_records", "select distinct full_name from t") == [(None,)]
    lake.customers(row | {"updated_at": datetime(2025, 9, 1)})  # registered again, later
    lake.resolve()
    assert lake.customer_of("1") not in (None, customer)


def test_a_customer_that_only_other_feeds_know_is_marked_as_erased(lake):
    row = {"id": "1", "person_name": "Ana Lima", "document_number": cpf_of(1), "email": "ana@uol.com.br"}
    lake.customers(row)
    lake.sales({"id": "r", "person_name": "Ana Lima", "email": "ana@uol.com.br"})
    lake.resolve()
    lake.publish()
    lake.customers(row | {"deleted_at": datetime(2025, 5, 1), "updated_at": datetime(2025, 5, 1)})
    lake.resolve()
    left = lake.customer_of("r", "pos")
    assert left is not None
    assert lake.table("erased_customers", "select customer_id, identifier_kind from t") == [(left, "email")]


def test_a_corrected_row_is_no_evidence_any_more(lake):
    lake.sales({"id": "r", "person_name": "Ana Lima", "email": "ana@uol.com.br"})
    lake.resolve()
    old = lake.customer_of("r", "pos")
    lake.publish()
    lake.sales({"id": "r", "person_name": "Otto Weber", "email": "otto@uol.com.br", "updated_at": datetime(2025, 7, 1)})
    lake.resolve()
    assert lake.table("customer_crosswalk", "select count(*) from t") == [(1,)]
    reasons = lake.table(
        "customer_id_history", "select reason, old_customer_id from t order by reason, old_customer_id nulls first"
    )
    assert reasons == [("new", None), ("new", None), ("removed", old)]


@pytest.mark.parametrize("seed", range(6))
def test_ids_over_random_histories(lake, seed):
    """Every run: one id per cluster, ids never reused, unchanged clusters keep theirs, history replays to the crosswalk."""
    rng = random.Random(seed)
    rows = {row["id"]: row for row in people(14)}
    previous: dict[str, str | None] = {}
    retired: set[str] = set()
    for step in range(4):
        for key in list(rows):
            if rng.random() < 0.15:
                donor = rng.choice(list(rows.values()))
                rows[key] = rows[key] | {
                    name: donor[name] for name in rng.sample(["person_name", "document_number", "email", "phone"], 2)
                }
        lake.customers(*(row | {"updated_at": datetime(2025, 1, step + 1)} for row in rows.values()))
        lake.resolve()
        current = dict(lake.table("customer_crosswalk", "select record_id, customer_id from t"))
        ids = {customer for customer in current.values() if customer}
        assert not ids & retired
        clusters: dict[str, set[str]] = {}
        before: dict[str, set[str]] = {}
        for record, customer in current.items():
            clusters.setdefault(customer, set()).add(record)
        for record, customer in previous.items():
            before.setdefault(customer, set()).add(record)
        for customer, members in before.items():
            if customer and members in clusters.values() and next(c for c, m in clusters.items() if m == members):
                assert clusters.get(customer) == members, "an unchanged cluster lost its id"
        replayed: dict[str, str | None] = {}
        for record, new in lake.table(
            "customer_id_history", "select record_id, new_customer_id from t order by record_id, change_number"
        ):
            replayed[record] = new
        assert {r: c for r, c in replayed.items() if c} == {r: c for r, c in current.items() if c}
        ever = {
            row[0]
            for row in lake.table(
                "customer_id_history", "select distinct new_customer_id from t where new_customer_id is not null"
            )
        }
        assert {row[0] for row in lake.table("customer_id_aliases")} == ever - ids
        retired |= (set(previous.values()) - {None}) - ids
        previous = current
        lake.publish()
