"""Rules on names: what a shortened rare name, a place with two people and half a number may and may not join."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest
from stdnum.br import cpf

from identity.configuration import load_identity_config
from identity.evidence import BLOCK_COLUMNS
from identity.linking import link_records
from identity.normalised_records import create_records
from workspace.errors import ConfigErrors

FIRST, SECOND = (base + cpf._calc_check_digits(base) for base in ("529982247", "111444777"))
BITS = {"": 11.0, "otto": 9.0, "rui": 9.0, "werner": 9.0, "silva": 2.0, "kuhn": 4.0}
"""Of 64 records a name is rare from 20 bits on, and its shorter form from 22."""


def joined(*rows: dict[str, object]) -> set[str]:
    """Return the rules that join any of these records."""
    con = duckdb.connect()
    fields = ", ".join(f"{name} {kind}" for name, kind in BLOCK_COLUMNS.items())
    con.execute(f"create temp table given (record_id VARCHAR, {fields})")
    for place, row in enumerate(rows):
        names = ", ".join(row)
        con.execute(
            f"insert into given (record_id, {names}) values (md5(?), {', '.join('?' * len(row))})",
            [str(place), *row.values()],
        )
    con.execute(
        "create temp table raw_records as select *, 'crm' as source_system, record_id as source_customer_id, "
        "'crm_customers' as contract, timestamp '2025-01-01' as updated_at, timestamp '2025-01-01' as first_seen_at, "
        "timestamp '2025-01-01' as last_seen_at, true as is_master, false as is_deleted, cast(null as TIMESTAMP) as "
        "deleted_at, cast(null as VARCHAR) as reference_record_id, cast(1 as BIGINT) as record_hash, "
        "cast(null as VARCHAR) as gender, cast(1 as BIGINT) as row_count, cast(null as VARCHAR) as customer_kind "
        "from given"
    )
    create_records(con, country="BR", as_of=datetime(2026, 1, 31))
    con.execute("create temp table decided_pairs (record_id_left VARCHAR, record_id_right VARCHAR, decision VARCHAR)")
    config = load_identity_config()
    link_records(con, config, country="BR", epoch=_epoch)
    return {config.active_rules[rule].name for (rule,) in con.execute("select distinct rule from edges").fetchall()}


def _epoch(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create temp table model_epoch as select cast(64 as BIGINT) as record_count")
    con.execute("create temp table name_tokens (token VARCHAR, bits DOUBLE)")
    con.executemany("insert into name_tokens values (?, ?)", [*BITS.items()])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Otto Rui Werner", "Otto Silva Rui Werner", {"same_rare_name_shortened"}),
        ("Otto Rui Werner", "Otto Rui Silva Silva Werner", {"same_rare_name_shortened"}),
        # 18 and 2 bits make a rare name, which is not rare enough to be known in a shorter form
        ("Otto Silva Werner", "Otto Silva Werner", {"same_rare_name"}),
        ("Otto Silva Werner", "Otto Silva Kuhn Werner", set()),
        # each has a name that the other lacks: cousins
        ("Otto Rui Kuhn Werner", "Otto Rui Silva Werner", set()),
        ("Otto Rui Werner", "Otto Silva Rui Werner Filho", set()),
    ],
)
def test_rare_name_in_a_shorter_form(one, other, expected):
    rows = [{"person_name": name, "email": f"{place}@uol.com.br"} for place, name in enumerate((one, other))]
    assert joined(*rows) == expected


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"person_name": "Otto Rui Werner"}, "same_rare_name"),
        ({"person_name": "Ana Silva", "postal_code": "01310-100"}, "same_name_and_postal_code"),
        ({"person_name": "Ana", "postal_code": "01310-100", "street_number": "7"}, "same_name_and_postal_number"),
        ({"person_name": "Ana Silva", "birth_date": "1980-03-04"}, "same_name_and_birth_date"),
    ],
)
def test_keys_that_two_documents_share_join_nobody(keys, rule):
    by_email, one = keys | {"email": "a@uol.com.br"}, keys | {"document_number": FIRST}
    assert joined(by_email, one) == {rule}
    assert joined(by_email, one, keys | {"document_number": SECOND}) == set()


def test_keys_that_two_birth_years_share_join_nobody():
    keys = {"person_name": "Ana Silva", "postal_code": "01310-100"}
    rows = [keys | {"email": "a@uol.com.br"}, keys | {"birth_date": "1980-03-04"}]
    assert joined(*rows) == {"same_name_and_postal_code"}
    assert joined(*rows, keys | {"birth_date": "1980-04-03"}) == {"same_name_and_postal_code"}
    assert joined(*rows, keys | {"birth_date": "1951-03-04"}) == set()


def test_documents_of_two_kinds_may_be_of_one_person():
    keys = {"person_name": "Ana Silva", "postal_code": "01310-100"}
    brazilian, spanish = (
        keys | {"document_number": FIRST},
        keys | {"document_number": "54362315K", "country_code": "ES"},
    )
    assert "same_name_and_postal_code" in joined(keys | {"email": "a@uol.com.br"}, brazilian, spanish)


@pytest.mark.parametrize(
    ("one", "other", "is_joined"),
    [
        (("Ana Silva", "(11) 94567-8901"), ("Ana", "(11) 4567-8901"), True),  # cut to eight digits
        (("Ana Silva", "(11) 94567-8901"), ("Ana Silva", "(21) 94567-8901"), True),  # the till's own area code
        (("Ana Silva", "(11) 94567-8901"), ("Ana", "(21) 94567-8901"), False),
        (("Ana Silva", "(11) 94567-8901"), ("Ana Kuhn", "(21) 94567-8901"), False),
        (("Ana Silva", "(11) 94567-8901"), ("Rui Silva", "(11) 4567-8901"), False),
        (("Ana Silva", "(11) 94567-8901"), ("Ana Silva", "94567-8901"), True),
    ],
)
def test_numbers_that_differ_by_area_code_or_ninth_digit(one, other, is_joined):
    rows = [{"person_name": name, "phone": phone} for name, phone in (one, other)]
    assert joined(*rows) == ({"same_number_without_area_code_and_given_name"} if is_joined else set())


def test_two_whole_numbers_that_are_equal_are_joined_once():
    rows = [{"person_name": name, "phone": "(11) 94567-8901"} for name in ("Ana Silva", "Ana Kuhn")]
    assert joined(*rows) == {"same_phone_and_given_name"}


def test_how_many_people_share_an_identifier_is_left_to_its_guard(lake):
    rule = "{name: x_y_z, weight: 1, 'on': [email, given_name], when: [keys_of_one_person]}"
    (lake.ws.root / "identity.yml").write_text(f"rules:\n  - {rule}\n")
    with pytest.raises(ConfigErrors, match="for its guard"):
        load_identity_config(lake.ws)
