"""Fold source rows that share a key into one row, so that receipt lines can stand for a receipt.

The sums of a group are exact decimals. A group in which any value cannot be worked out is quarantined as a whole, with
all its rows, because a sum over the others would be wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from data_contracts.lineage import LINEAGE_COLUMNS
from ingestion.conforming import BLANK, FILTERED, record_text, require_columns, where_status, with_numbers
from ingestion.expressions import MappedExpression, feed_expressions
from ingestion.mapped_columns import unreadable_numbers
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from ingestion.feeds import Feed
    from ingestion.staging import Stage
    from ingestion.workbench import Workbench

_LINES = "source_lines"


def fold(bench: Workbench, feed: Feed, stage: Stage) -> Stage:
    """Read the stage into the temporary table `source_lines` and return the stage of its groups.

    Raises:
        FileProblem: a mapped source column is missing.
    """
    expressions, where = feed_expressions(feed)
    keys = [stage.resolve(name) or name for name in feed.config.group_by or ()]
    _require(feed, stage, expressions, where)
    bench.con.execute(f"create or replace temp table {_LINES} as {_lines_sql(feed, stage, keys, expressions, where)}")
    plain = [
        name
        for entry in feed.config.columns.values()
        if entry.column is not None and (name := stage.resolve(entry.column)) and name not in keys
    ]
    plain = list(dict.fromkeys(plain))
    quoted = [quote_identifier(key) for key in keys]
    parts = [*quoted, *(f"min({quote_identifier(name)}) as {quote_identifier(name)}" for name in plain)]
    aggregates = {one.name: one.sql for expression in expressions.values() for one in expression.aggregates}
    parts += [f"{sql} as {quote_identifier(name)}" for name, sql in aggregates.items()]
    parts += [f"{_carried(name)} as {name}" for name in stage.carried]
    parts += [
        "min(__line) as __line",
        "count(*) as __lines",
        f"{_problem(feed, stage, keys, expressions)} as __fold_problem",
    ]
    relation = f"(select {', '.join(parts)} from {_LINES} where __line_problem is null group by {', '.join(quoted)})"
    columns = {name: stage.columns[name] for name in [*keys, *plain]}
    carried = (*stage.carried, "__lines")
    return replace(
        stage, relation=relation, columns=columns, has_lines=True, has_text=False, carried=carried, folded=True
    )


def _require(
    feed: Feed, stage: Stage, expressions: dict[str, MappedExpression], where: MappedExpression | None
) -> None:
    wanted = [name for one in expressions.values() for name in (*one.columns, *one.folded_columns)]
    everything = MappedExpression("", (*wanted, *(feed.config.group_by or ())))
    require_columns(feed, stage, {"": everything}, where)


def _lines_sql(
    feed: Feed,
    stage: Stage,
    keys: list[str],
    expressions: dict[str, MappedExpression],
    where: MappedExpression | None,
) -> str:
    numbers = tuple(name for one in expressions.values() for name in one.folded_numbers)
    read = [MappedExpression("", (), numbers), *([where] if where else [])]
    source = with_numbers(feed, stage, read)
    line = "__line" if stage.has_lines else f"row_number() over () + {stage.first_row - 1} as __line"
    rest = "* exclude (__line)" if stage.has_lines else "*"
    problems = [_no_key(feed, key, stage.columns[key]) for key in keys]
    malformed = "cast(null as VARCHAR)"
    if stage.has_text:
        malformed = f"case when __blank then '{BLANK}' when not __is_object then 'malformed_row|' end"
    missing = "".join(f" when {condition} then 'required_missing|{name}'" for condition, name in problems)
    problem = f"coalesce({malformed}, {where_status(feed, stage, where)}, case{missing} end)"
    return f"select {rest}, {line}, {problem} as __line_problem from {source}"


def _no_key(feed: Feed, key: str, kind: str) -> tuple[str, str]:
    """Return SQL that is true when a row has no value for a column of the group, and the contract column to blame."""
    quoted = quote_identifier(key)
    condition = f"nullif(trim({quoted}), '') is null" if kind == "VARCHAR" else f"{quoted} is null"
    mapped = [name for name, entry in feed.config.columns.items() if (entry.column or "").lower() == key.lower()]
    return condition, mapped[0] if mapped else ""


def _carried(name: str) -> str:
    return f"list(distinct {name})" if name == "__origin" else f"min({name})"


def _problem(feed: Feed, stage: Stage, keys: list[str], expressions: dict[str, MappedExpression]) -> str:
    """Return SQL for what is wrong with a group: values that differ where one is needed, or that cannot be read."""
    cases = []
    for contract_column, entry in feed.config.columns.items():
        name = stage.resolve(entry.column) if entry.column else None
        if name and name not in keys:
            quoted = quote_identifier(name)
            cases.append((f"min({quoted}) is distinct from max({quoted})", f"mixed_values|{contract_column}"))
    for contract_column, expression in expressions.items():
        failing = [one.fails for one in expression.aggregates if one.fails]
        failing += unreadable_numbers(feed, stage, expression.folded_numbers)
        if failing:
            cases.append((f"bool_or({' or '.join(failing)})", f"expression_failed|{contract_column}"))
    if not cases:
        return "cast(null as VARCHAR)"
    return f"case {' '.join(f'when {condition} then {quote_literal(problem)}' for condition, problem in cases)} end"


def with_line_problems(query: str, contract: Contract, feed: Feed, stage: Stage) -> str:
    """Return `query` over the groups followed by the source rows that could not join one, in the order of the file."""
    filled = feed.mapped_names
    empty = {column.name: column.physical_type for column in contract.columns if column.name in filled}
    empty |= {name: LINEAGE_COLUMNS[name] for name in ("_record_id", "_row_key", "_row_hash")}
    nulls = ", ".join(f"cast(null as {kind}) as {quote_identifier(name)}" for name, kind in empty.items())
    carried = "".join(f", {_line_carried(name)} as {name}" for name in stage.carried)
    text = "__text" if stage.has_text else record_text(stage)
    kept = f"case when __line_problem not in ('{BLANK}', '{FILTERED}') then {text} end as __text"
    lines = (
        f"select {nulls}, __line, __line_problem as __problem{carried}, cast(1 as BIGINT) as __lines, {kept} "
        f"from {_LINES} where __line_problem is not null"
    )
    return f"select * from (from ({query}) union all by name {lines}) order by __line"


def _line_carried(name: str) -> str:
    return f"[{name}]" if name == "__origin" else name


def group_texts_sql(feed: Feed, stage: Stage, groups: str) -> str:
    """Return SQL that yields `first_line` and `text`, a JSON list of the source rows, for groups given by `groups`.

    `groups` is SQL yielding the first line of each group wanted.
    """
    keys = [quote_identifier(stage.resolve(name) or name) for name in feed.config.group_by or ()]
    text = "__text" if stage.has_text else record_text(stage)
    on = " and ".join(f"one.{key} = first.{key}" for key in keys)
    return (
        f"select first.__line as first_line, '[' || string_agg(one.text, ',' order by one.__line) || ']' as text "
        f"from (select *, {text} as text from {_LINES} where __line_problem is null) as one "
        f"join (select * from {_LINES} where __line in ({groups})) as first on {on} group by first.__line"
    )
