"""When ids change, everything downstream follows in the same run, and the operations store says what moved and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sample_company import change_setting, operations_of, published, run

HEADER = (
    "customer_id,customer_kind,full_name,tax_id,email,email_2,phone,phone_2,birth_date,gender,marital_status,education,"
    "income_band,interests,preferred_channel,street,number,complement,district,city,state,postal_code,country,"
    "loyalty_card,company_id,role,decision_level,is_internal,acquisition_channel,registered_at,deleted_at,updated_at"
)
# Two who will turn out to be one, and one whom a mistyped telephone made of two.
PEOPLE = {
    "Z1": ("Zulmira Teixeira", "zulmira.teixeira@gmail.com", "", "2024-02-01"),
    "Z2": ("Zulmira Andrade", "z.andrade@outlook.com", "", "2024-02-01"),
    "O1": ("Olegario Pacheco", "olegario.pacheco@gmail.com", "11988887766", "2024-02-01"),
    "O2": ("Olegario Pacheco Dias", "o.dias@outlook.com", "11988887766", "2024-02-01"),
}
MERGED_AND_SPLIT = {
    "Z3": ("Zulmira Teixeira Andrade", "zulmira.teixeira@gmail.com", "", "2026-06-30"),
    "O2": ("Olegario Pacheco Dias", "o.dias@outlook.com", "21977776655", "2026-06-30"),
}
SECOND_EMAIL = {"Z3": "z.andrade@outlook.com"}
CREDIT = """
select a.attribution_model || ': ' || a.channel, a.currency_code, sum(a.attributed_amount)
from marts.fct_attribution a join marts.fct_orders o using (order_id) group by all
"""
CELLS = "select coalesce(rfv_cell, 'none'), null, count(*) from marts.dim_customer_rfv group by all"
SEGMENTS = (
    "select segment_kind || ': ' || segment_name, null, count(*) from marts.dim_customer_segments "
    "where is_current group by all"
)
NUMBERS = {
    "attributed_amount_by_channel": CREDIT,
    "customers_by_rfv_cell": CELLS,
    "customers_by_segment": SEGMENTS,
}


def deliver_people(folder: Path, file: str, people: dict[str, tuple[str, str, str, str]]) -> None:
    lines = [HEADER]
    for key, (name, email, phone, day) in people.items():
        known = {
            "customer_id": key, "customer_kind": "person", "full_name": name, "email": email, "phone": phone,
            "email_2": SECOND_EMAIL.get(key, ""), "is_internal": "false", "registered_at": "2024-02-01T10:00:00Z",
            "updated_at": f"{day}T10:00:00Z",
        }  # fmt: skip
        lines.append(",".join(known.get(column, "") for column in HEADER.split(",")))
    (folder / "landing" / "crm" / f"customers_{file}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def deliver_history(folder: Path) -> None:
    """Deliver two old orders of each of the four, consents for e-mail, and a campaign that only one opened."""
    orders, consents = [], ["consent_id,customer_id,channel,purpose,status,legal_basis,evidence,decided_at"]
    nobody = dict.fromkeys(("street", "number", "complement", "district", "city", "state", "postal_code"))
    for number, (key, (name, email, _, _)) in enumerate(PEOPLE.items(), start=1):
        for month in ("01", "03"):
            at = f"2026-{month}-1{number}T12:00:00Z"
            amount = 100.0 * number
            totals = {"gross": amount, "discount": 0.0, "shipping": 0.0, "net": amount}
            orders.append({
                "order_id": f"{key}-{month}", "account_id": None,
                "buyer": {"name": name, "tax_id": None, "email": email, "phone": None}, "ship_to": nobody,
                "placed_at": at, "status": "delivered", "channel": "site", "totals": totals, "coupon": None,
                "payment": "pix", "cancelled_at": None, "updated_at": at,
            })  # fmt: skip
        consents.append(f"G-{key},{key},email,marketing,granted,consent,form,2024-02-01T10:00:00Z")
    landing = folder / "landing"
    text = "".join(json.dumps(order) + "\n" for order in orders)
    (landing / "ecommerce" / "orders_story.jsonl").write_text(text, encoding="utf-8")
    (landing / "crm" / "consents_story.csv").write_text("\n".join(consents) + "\n", encoding="utf-8")
    answers = [
        {
            "response_id": f"R-Z1-{kind}", "campaign_id": "C001", "contact_id": "K-Z1", "crm_id": "Z1", "email": None,
            "channel": "email", "type": kind, "at": f"2026-03-11T18:0{minute}:00Z", "order_id": None,
            "order_system": None, "value": None, "is_machine": False, "url": None,
        }
        for minute, kind in enumerate(("delivered", "open"), start=1)
    ]  # fmt: skip
    text = "".join(json.dumps(answer) + "\n" for answer in answers)
    (landing / "campaigns" / "responses_story.jsonl").write_text(text, encoding="utf-8")
    (landing / "campaigns" / "contacts_story.csv").write_text(
        "contact_id,campaign_id,crm_id,name,email,phone,channel,sent_at,control,status,variant,cost\n"
        "K-Z1,C001,Z1,,,,email,2026-03-11T18:00:00Z,false,sent,A,0.01\n",
        encoding="utf-8",
    )


def customer_of(folder: Path, key: str) -> str:
    query = "select customer_id from marts.bridge_customer_records where contract = 'crm_customers' "
    return published(folder, f"{query} and source_customer_id = '{key}'")[0][0]


def numbers(folder: Path) -> dict[tuple, object]:
    return {
        (figure, member, currency): value
        for figure, query in NUMBERS.items()
        for member, currency, value in published(folder, query)
    }


def tables_naming(folder: Path, customer_id: str) -> list[str]:
    """Return the published tables with a row of a customer."""
    tables = published(
        folder,
        "select table_schema || '.' || table_name from information_schema.columns "
        "where column_name = 'customer_id' and table_schema in ('marts', 'restricted') order by 1",
    )
    assert len(tables) > 15
    named = f"where customer_id = '{customer_id}'"
    return [one for (one,) in tables if published(folder, f"select count(*) from {one} {named}") != [(0,)]]


def orders_of(folder: Path, customer_id: str) -> list[str]:
    query = f"select source_order_id from marts.fct_orders where customer_id = '{customer_id}' order by 1"
    return [key for (key,) in published(folder, query)]


pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def story(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict]:
    """The sample company after a run that merged two of its customers and parted one; with ids and numbers before."""
    import shutil

    folder = Path(shutil.copytree(sample_folder, tmp_path_factory.mktemp("story") / "company", symlinks=True))
    audience = folder / "audiences" / "win_back.yml"
    kept = [line for line in audience.read_text(encoding="utf-8").splitlines() if not line.startswith("holdout:")]
    audience.write_text("\n".join(kept) + "\n", encoding="utf-8")
    deliver_people(folder, "story", PEOPLE)
    deliver_history(folder)
    assert run(folder) == "pass"
    ids, before = {key: customer_of(folder, key) for key in PEOPLE}, numbers(folder)
    assert ids["Z1"] != ids["Z2"]
    assert ids["O1"] == ids["O2"]
    deliver_people(folder, "story_corrected", MERGED_AND_SPLIT)
    change_setting(folder, "as_of: 2026-07-01T03:00:00Z")
    assert run(folder) == "pass"
    return folder, ids, before


def retired_and_kept(folder: Path, ids: dict[str, str]) -> tuple[str, str]:
    kept = customer_of(folder, "Z1")
    assert kept == customer_of(folder, "Z2") == customer_of(folder, "Z3")
    assert kept in (ids["Z1"], ids["Z2"])
    return (ids["Z2"] if kept == ids["Z1"] else ids["Z1"]), kept


def test_a_retired_id_is_in_no_mart_and_its_rows_are_with_the_other(story: tuple) -> None:
    folder, ids, _ = story
    retired, kept = retired_and_kept(folder, ids)
    assert tables_naming(folder, retired) == []
    followed = tables_naming(folder, kept)
    for name in ("interactions", "touches", "journeys", "orders"):
        assert f"marts.fct_{name}" in followed
    assert orders_of(folder, kept) == ["Z1-01", "Z1-03", "Z2-01", "Z2-03"]
    assert published(folder, f"select order_count from marts.dim_customer_rfv where customer_id = '{kept}'") == [(4,)]
    touched = published(
        folder,
        "select distinct channel from marts.fct_attribution a join marts.fct_orders o using (order_id) "
        "where o.source_order_id = 'Z2-03' and a.channel = 'email'",
    )
    assert touched == [("email",)], "the campaign that reached one now has credit for the order of the other"


def test_a_split_customer_shares_its_rows_out(story: tuple) -> None:
    folder, ids, _ = story
    first, second = customer_of(folder, "O1"), customer_of(folder, "O2")
    assert first != second
    assert ids["O1"] in (first, second)
    assert orders_of(folder, first) == ["O1-01", "O1-03"]
    assert orders_of(folder, second) == ["O2-01", "O2-03"]
    for one in (first, second):
        count = f"select order_count from marts.dim_customer_rfv where customer_id = '{one}'"
        assert published(folder, count) == [(2,)]
        segment = f"select count(*) from marts.dim_customer_segments where is_current and customer_id = '{one}'"
        assert published(folder, segment)[0][0] >= 1


def test_destinations_lose_the_old_member_and_gain_the_new(story: tuple) -> None:
    folder, ids, _ = story
    retired, _ = retired_and_kept(folder, ids)
    new = ({customer_of(folder, "O1"), customer_of(folder, "O2")} - {ids["O1"]}).pop()
    sent = operations_of(
        folder,
        "select customer_id, operation, reason_code from ops.sync_rows where status = 'succeeded' "
        f"and run_id = 'run-20260701T030000Z' and customer_id in ('{retired}', '{new}') order by operation",
    )
    assert sent == [(new, "add", "add"), (retired, "remove", "merged")]
    members = operations_of(
        folder,
        f"select customer_id from ops.sync_state where status = 'member' and customer_id in ('{retired}', '{new}')",
    )
    assert members == [(new,)]


def test_operations_name_every_number_that_moved_and_why(story: tuple) -> None:
    folder, _, before = story
    after = numbers(folder)
    rows = operations_of(folder, "select subject, reason from ops.restatements where subject like 'marts.fct_%'")
    for subject in ("marts.fct_orders", "marts.fct_interactions"):
        assert {(subject, "merge"), (subject, "split")} <= set(rows)
    figures = operations_of(
        folder,
        "select figure, member, currency_code, reason, before_value, after_value, restated_value "
        "from ops.restated_figures where run_id = 'run-20260701T030000Z'",
    )
    compared = [one for one in figures if one[0] in NUMBERS]
    assert {one[0] for one in compared} == set(NUMBERS)
    assert {one[3] for one in compared} == {"merge", "split"}
    for figure, member, currency, _, value_before, value_after, _ in compared:
        assert before.get((figure, member, currency), 0) == value_before
        assert after.get((figure, member, currency), 0) == value_after
    credit = {
        member: moved for figure, member, _, _, _, _, moved in figures if figure == "attributed_amount_by_channel"
    }
    assert credit["last_touch: email"] == 200
    assert credit["last_touch: unattributed"] == -200
