"""Hold every built mart to its contract; what was checked with the same content and suite is not checked again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quality.build_reading import BUILD, compare
from quality.contents import TableContent, list_tables, products_by_table, read_content
from quality.gx_duckdb import table_relation
from quality.operations_tables import quality_operations, read_checks
from quality.results import CheckResult
from quality.suite_keys import suite_key
from quality.suites import run_suites

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from workspace.runs import Run
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class MartAudit:
    """Results by mart as soon as they are asked for, what each holds, and the key of the suite that it was held to."""

    results: Callable[[], list[CheckResult]]
    contents: list[TableContent]
    suite_keys: dict[str, str]


def check_marts(ws: Workspace) -> MartAudit:
    """Start the suites of all product contracts on the build.

    A promised table that was not built, and a built one that nobody promised, break the contract.
    """
    products = products_by_table(ws)
    with compare(ws) as compared:
        built = list_tables(compared.con, BUILD)
        contents = [read_content(compared.con, BUILD, table) for table in built]
    keys = {table: suite_key(product) for table, product in products.items()}
    results = [_missing(table) for table in products if table not in built]
    results += [_unpromised(table) for table in built if table not in products]
    waiting = []
    with quality_operations(ws) as con:
        for content in contents:
            if content.table not in products:
                continue
            earlier = _earlier_results(con, content, keys[content.table])
            results += earlier
            if not earlier:
                waiting.append(content)
    relations = [table_relation(products[one.table], one.table.split(".", 1)[0], one.row_count) for one in waiting]
    answer = run_suites(ws, relations, database=ws.build_file)
    return MartAudit(
        lambda: [*results, *(result for _, found in answer() for result in found)],
        contents,
        {table: keys.get(table, "") for table in built},
    )


def record_contents(con: DuckDBPyConnection, run: Run, audit: MartAudit) -> None:
    """Write what each mart holds to ops.mart_contents, in the caller's transaction."""
    con.execute("delete from mart_contents where run_id = ?", [run.run_id])
    rows = [
        (run.run_id, run.as_of_naive, one.table, one.row_count, one.content_hash, audit.suite_keys[one.table])
        for one in audit.contents
    ]
    if rows:
        con.executemany("insert into mart_contents values (?, ?, ?, ?, ?, ?)", rows)


def _earlier_results(con: DuckDBPyConnection, content: TableContent, key: str) -> list[CheckResult]:
    """Return the results of the last run that held the same content to the same suite without failure, or nothing."""
    rows = con.execute(
        "select run_id from mart_contents where table_name = ? and content_hash = ? and row_count = ? "
        "and suite_key = ? order by as_of desc limit 1",
        [content.table, content.content_hash, content.row_count, key],
    ).fetchall()
    found = read_checks(con, rows[0][0], stage="contract", subject=content.table) if rows else []
    if any(one.status in ("fail", "error") for one in found):
        return []
    return [replace(one, seconds=0.0) for one in found]


def _missing(table: str) -> CheckResult:
    return CheckResult(
        "contract", table, "is_built", outcome="fail", message=f"{table} is promised by a contract and was not built"
    )


def _unpromised(table: str) -> CheckResult:
    return CheckResult(
        "contract", table, "is_promised", outcome="fail", message=f"{table} was built and no contract promises it"
    )
