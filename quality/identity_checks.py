"""Every record has its place in the crosswalk, and every customer that a mart speaks of exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_contracts.loader import load_contracts
from ingestion.lake import Lake
from quality.contents import schema_of
from quality.results import CheckResult
from quality.rule_messages import counted

if TYPE_CHECKING:
    from quality.build_reading import Compared

_CUSTOMERS = "marts.dim_customers"


def check_identity(compared: Compared) -> list[CheckResult]:
    """Check that records stand in the crosswalk exactly once, and that customer ids lead to customers."""
    crosswalk = compared.identity("customer_crosswalk")
    if crosswalk is None:
        return [
            CheckResult(
                "identity",
                "identity/customer_crosswalk",
                "exists",
                outcome="fail",
                message="there is no crosswalk: identity has not been resolved",
            )
        ]
    return [
        _records_once(compared, crosswalk),
        _records_known(compared, crosswalk),
        _crosswalk_customers_exist(compared, crosswalk),
        _customers_have_records(compared, crosswalk),
        *_mart_customers_exist(compared),
    ]


def _count(compared: Compared, query: str) -> int:
    return int(compared.con.execute(query).fetchall()[0][0] or 0)


def _records_once(compared: Compared, crosswalk: str) -> CheckResult:
    total = _count(compared, f"select count(*) from {crosswalk}")
    repeated = total - _count(compared, f"select count(distinct record_id) from {crosswalk}")
    return _result(
        "identity/customer_crosswalk",
        "records_once",
        repeated,
        total,
        f"{counted(repeated, 'row')} of the crosswalk that repeat a record",
    )


def _records_known(compared: Compared, crosswalk: str) -> CheckResult:
    """Look for records of the lake that the crosswalk does not know; versions that were superseded count too."""
    carriers = load_contracts("feeds", compared.ws).values()
    lake = Lake(compared.ws)
    names = [one.name for one in carriers if one.person_role != "none" and list(lake.root.glob(f"{one.name}/batch=*"))]
    if not names:
        return _result("identity/customer_crosswalk", "records_known", 0, 0, "")
    records = " union ".join(
        f"select _record_id from {compared.lake(name)} where _record_id is not null" for name in names
    )
    total, unknown = compared.con.execute(
        f"select count(*), count(*) filter (_record_id not in (select record_id from {crosswalk})) from ({records})"
    ).fetchall()[0]
    return _result(
        "identity/customer_crosswalk",
        "records_known",
        unknown,
        total,
        f"{counted(unknown, 'person record')} of the lake, of {total:,}, not in the crosswalk",
    )


def _crosswalk_customers_exist(compared: Compared, crosswalk: str) -> CheckResult:
    subject = "identity/customer_crosswalk"
    if not compared.has(_CUSTOMERS):
        return _result(subject, "customers_exist", 1, 0, f"{_CUSTOMERS} was not built")
    total, unknown = compared.con.execute(
        "select count(*), count(*) filter (customer_id not in (select customer_id from unavista.marts.dim_customers)) "
        f"from (select distinct customer_id from {crosswalk} where customer_id is not null)"
    ).fetchall()[0]
    return _result(
        subject,
        "customers_exist",
        unknown,
        total,
        f"{counted(unknown, 'customer')} of the crosswalk not in {_CUSTOMERS}",
    )


def _customers_have_records(compared: Compared, crosswalk: str) -> CheckResult:
    if not compared.has(_CUSTOMERS):
        return _result(_CUSTOMERS, "customers_have_records", 0, 0, "")
    total, made_up = compared.con.execute(
        f"select count(*), count(*) filter (customer_id not in (select customer_id from {crosswalk} "
        "where customer_id is not null)) from unavista.marts.dim_customers"
    ).fetchall()[0]
    message = f"{counted(made_up, 'customer')} of {_CUSTOMERS} without a record in the crosswalk"
    return _result(_CUSTOMERS, "customers_have_records", made_up, total, message)


def _mart_customers_exist(compared: Compared) -> list[CheckResult]:
    if not compared.has(_CUSTOMERS):
        return []
    found = []
    for product in load_contracts("products", compared.ws).values():
        table = f"{schema_of(product)}.{product.name}"
        if "customer_id" not in product.column_names or table == _CUSTOMERS or not compared.has(table):
            continue
        total, unknown = compared.con.execute(
            "select count(*), coalesce(sum(row_count) filter (customer_id not in "
            "(select customer_id from unavista.marts.dim_customers)), 0) from "
            f"(select customer_id, count(*) as row_count from unavista.{table} "
            "where customer_id is not null group by 1)"
        ).fetchall()[0]
        message = f"{counted(int(unknown), 'row')} of {table} with a customer that is not in {_CUSTOMERS}"
        found.append(_result(table, "customers_exist", int(unknown), total, message))
    return found


def _result(subject: str, name: str, failing: int, checked: int, message: str) -> CheckResult:
    return CheckResult(
        "identity",
        subject,
        name,
        outcome="fail" if failing else "pass",
        failing_count=failing,
        checked_count=checked,
        message=message if failing else "",
    )
