"""Run a contract's Great Expectations suite inside DuckDB: the one place that knows both.

A suite is first asked for yes or no only, which Great Expectations folds into a handful of queries for a whole table;
the rules that broke are asked again for counts and keys. An exception inside Great Expectations is an error, never a
pass. Values stay in the database: a result holds counts and, when the key is no personal data, keys.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from quality.results import CheckResult, Severity, Stage
from quality.rule_messages import broken_rule, error_message
from workspace.sql import quote_identifier

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from workspace.workspace import Workspace

_SAMPLES = 5
_SEVERITY: dict[str, Severity] = {"critical": "blocking", "warning": "warning", "info": "warning"}
_RULES_OF_ROWS = frozenset(("required", "unique", "allowed_values", "range", "pattern"))


class _Dialect(StrEnum):
    DUCKDB = "duckdb"


@dataclass(frozen=True)
class Relation:
    """Rows to hold to a contract: a query over the opened database, and what it is called in results."""

    contract: Contract
    query: str
    row_count: int
    stage: Stage
    subject: str
    key: tuple[str, ...] = ()
    """Columns that identify a row and hold no personal data; empty when there are none."""


def table_relation(contract: Contract, schema: str, row_count: int) -> Relation:
    """Return the relation of a built table, with its primary key as keys when that is no personal data."""
    query = f"select * from {quote_identifier(schema)}.{quote_identifier(contract.name)}"
    private = any(contract.column(name).is_pii for name in contract.primary_key)
    key = () if private else contract.primary_key
    return Relation(contract, query, row_count, "contract", f"{schema}.{contract.name}", key)


def run_suites(
    ws: Workspace, relations: Iterable[Relation], *, database: Path | None = None
) -> Iterator[tuple[Relation, list[CheckResult]]]:
    """Yield each relation with its results: one line that sums the suite up, and one for each rule that broke.

    `database` is opened read-only and closed when the iterator is exhausted; without it the queries read files.
    """
    waiting = list(relations)
    if not waiting:
        return
    with _data_source(ws, database) as source, _serialised_once():
        for number, relation in enumerate(waiting):
            yield relation, _checked(source, f"relation-{number}", relation)


def prepare() -> None:
    """Import Great Expectations and make its context, which takes seconds the first time in a process."""
    _context()


@contextmanager
def _data_source(ws: Workspace, database: Path | None) -> Iterator[Any]:
    context = _context()
    config = {"threads": str(ws.settings.threads), "memory_limit": ws.settings.memory_limit}
    source = context.data_sources.add_sql(
        "duckdb",
        connection_string=f"duckdb:///{database or ':memory:'}",
        create_temp_table=False,
        kwargs={"connect_args": {"read_only": database is not None, "config": config}},
    )
    try:
        yield source
    finally:
        # Two engines hold the file: one tests the connection, the other runs the queries on a connection it keeps.
        source.get_engine().dispose()
        engine = source.get_execution_engine()
        if engine._connection is not None:
            engine._connection.close()
        engine.engine.dispose()
        context.data_sources.delete("duckdb")


@lru_cache(maxsize=1)
def _context() -> Any:
    """Return the context of this process: making one costs half a second, and each feed of a run would make its own."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    # It logs exceptions with the values that caused them.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)
    # Great Expectations reads a cursor after closing its connection, except for the dialects listed here.
    known = engine._PERSISTED_CONNECTION_DIALECTS
    if not any(getattr(one, "value", one) == "duckdb" for one in known):
        engine._PERSISTED_CONNECTION_DIALECTS = cast(Any, (*known, _Dialect.DUCKDB))
        atexit.register(_let_go_of_duckdb)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


@contextmanager
def _serialised_once() -> Iterator[None]:
    """Serialise each expectation once: Great Expectations does it anew at every look, a quarter of a suite's time."""
    from great_expectations.expectations.expectation import Expectation

    original = cast(Any, Expectation.configuration)
    known: dict[int, tuple[Any, Any]] = {}

    def configuration(self: Any) -> Any:
        if id(self) not in known:
            known[id(self)] = (self, original.fget(self))
        return known[id(self)][1]

    Expectation.configuration = property(configuration)  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        Expectation.configuration = original  # type: ignore[method-assign]


def _let_go_of_duckdb() -> None:
    """Empty the dialect's modules at exit: what they hold of DuckDB makes it print pages of leak warnings."""
    for name in [name for name in sys.modules if name.split(".")[0] == "duckdb_engine"]:
        vars(sys.modules[name]).clear()


def _checked(source: Any, name: str, relation: Relation) -> list[CheckResult]:
    """Run a suite; whatever goes wrong on the way is an error of the relation, and the others are still checked."""
    started = time.perf_counter()
    try:
        total, broken, results = _check(source, name, relation)
    except Exception as error:
        message = f"{relation.subject}: its contract could not be checked ({type(error).__name__})"
        return [CheckResult(relation.stage, relation.subject, "contract", outcome="error", message=message)]
    return [_summary(relation, total, broken, time.perf_counter() - started), *results]


def _check(source: Any, name: str, relation: Relation) -> tuple[int, int, list[CheckResult]]:
    """Return how many rules the suite has, how many broke, and what is known of those."""
    from data_contracts.suites import expectation_suite

    suite = expectation_suite(relation.contract)
    if relation.row_count == 0:
        suite.expectations = [one for one in suite.expectations if (one.meta or {})["rule"] not in _RULES_OF_ROWS]
    total = len(suite.expectations)
    # A query asset and not a table asset: the latter forgets the schema on this dialect.
    batch = source.add_query_asset(name, query=relation.query).add_batch_definition_whole_table("whole").get_batch()
    asked = _validate(batch, suite.expectations, {"result_format": "BOOLEAN_ONLY"})
    broken = [one for one in asked if not one.success]
    return total, len(broken), _look_closer(relation, batch, suite, broken) if broken else []


def _validate(batch: Any, expectations: list[Any], result_format: dict[str, Any]) -> list[Any]:
    import great_expectations as gx

    if not expectations:
        return []
    suite = gx.ExpectationSuite(name="asked", expectations=expectations)
    return list(batch.validate(suite, result_format=result_format).results)


def _look_closer(relation: Relation, batch: Any, suite: Any, broken: list[Any]) -> list[CheckResult]:
    """Ask the broken rules again, for counts and at most a few keys; queries for rows give at most 200 of them."""
    wanted = {_identity(one.expectation_config.meta, one.expectation_config.kwargs) for one in broken}
    again = [one for one in suite.expectations if _identity(one.meta, one.configuration.kwargs) in wanted]
    queries = [one for one in again if one.expectation_type == "unexpected_rows_expectation"]
    others = [one for one in again if one not in queries]
    summary: dict[str, Any] = {
        "result_format": "SUMMARY",
        "partial_unexpected_count": _SAMPLES,
        "return_unexpected_index_query": False,
        "exclude_unexpected_values": True,
    }
    if relation.key:
        summary["unexpected_index_column_names"] = list(relation.key)
    answers = [*_validate(batch, queries, {"result_format": "COMPLETE"}), *_validate(batch, others, summary)]
    results = [_broken_rule(relation, one) for one in answers if not one.success]
    if len(results) < len(broken):
        results.append(_disagreement(relation, len(broken), len(results)))
    if any(one.name == "columns" and one.outcome == "fail" for one in results):
        # A missing column makes every rule about it raise; the one broken promise is enough to say.
        results = [one for one in results if one.outcome != "error"]
    return results


def _identity(meta: dict[str, Any], kwargs: dict[str, Any]) -> tuple[str, ...]:
    return (meta["rule"], *meta["columns"], str(kwargs.get("column")), str(kwargs.get("unexpected_rows_query")))


def _broken_rule(relation: Relation, answer: Any) -> CheckResult:
    meta = answer.expectation_config.meta
    blank = CheckResult(relation.stage, relation.subject, meta["rule"], checked_count=relation.row_count)
    blank = replace(blank, severity=_SEVERITY[str(getattr(answer.expectation_config.severity, "value", "critical"))])
    raised = _exception(answer.exception_info)
    if raised is not None or not answer.result:
        return replace(blank, outcome="error", message=error_message(relation.subject, meta, raised))
    return replace(blank, outcome="fail", **broken_rule(relation.contract, relation.subject, relation.key, answer))


def _exception(info: dict[str, Any]) -> str | None:
    """Return the last traceback line of an exception inside Great Expectations, or None."""
    for one in [info] if "raised_exception" in info else list(info.values()):
        if one and one.get("raised_exception"):
            lines = str(one.get("exception_traceback") or "").strip().splitlines()
            return lines[-1] if lines else str(one.get("exception_message") or "unknown")
    return None


def _disagreement(relation: Relation, first: int, second: int) -> CheckResult:
    return CheckResult(
        relation.stage,
        relation.subject,
        "suite_agrees_with_itself",
        outcome="error",
        message=f"{relation.subject}: {first} rules broke when asked for yes or no, {second} when asked for counts",
    )


def _summary(relation: Relation, total: int, broken: int, seconds: float) -> CheckResult:
    return CheckResult(
        relation.stage,
        relation.subject,
        "contract",
        observed=f"{total - broken} of {total} rules hold on {relation.row_count:,} rows",
        expected=f"{relation.contract.name} {relation.contract.version}",
        failing_count=broken,
        checked_count=relation.row_count,
        seconds=round(seconds, 3),
    )
