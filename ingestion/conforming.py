"""Write the SQL that maps, types and judges the rows of a stage in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.column_types import FLOATS, Dialect, as_text, number
from ingestion.expressions import NUMBER_PREFIX, MappedExpression, feed_expressions
from ingestion.mapped_columns import MappedColumn, mapped_column, source_dialect, unreadable_numbers, value_name
from ingestion.problems import FileProblem
from ingestion.row_checks import Horizon, problem_sql
from ingestion.row_keys import record_id, row_hash, row_key
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_contracts.loader import Contract
    from ingestion.feeds import Feed
    from ingestion.staging import Stage
    from ingestion.workbench import Workbench

BLANK, FILTERED = "blank", "filtered"
_STRUCT_KIND = "STRUCT(v "


def conform_sql(bench: Workbench, feed: Feed, contract: Contract, stage: Stage) -> str:
    """Return the SELECT of the contract columns that the feed fills, row identities, `__line`, `__problem`, `__text`.

    `__problem` is null for a good row, else `reason|column`, or `blank` or `filtered`. `__text` is the source row as
    text, present for problem rows only.

    Raises:
        FileProblem: a mapped source column is missing, or an expression does not fit the source.
    """
    expressions, where = feed_expressions(feed)
    if stage.folded:
        where = None
    require_columns(feed, stage, expressions, where)
    source = with_numbers(feed, stage, [*expressions.values(), *([where] if where else [])])
    values = {name: f"try(struct_pack(v := {one.sql}))" for name, one in expressions.items()}
    kinds = _expression_types(bench, source, values)
    mapped = [
        mapped_column(
            feed, column, position, stage=stage, zone=bench.ws.settings.timezone,
            expression=expressions.get(column.name), kinds=kinds,
        )
        for position, column in enumerate(contract.columns)
    ]  # fmt: skip
    settings = bench.ws.settings.ingestion
    problem = problem_sql(contract, mapped, Horizon(bench.run.as_of_naive, settings.future_tolerance_days))
    return _assembled(
        contract, feed.mapped_names, stage, mapped, source, values, problem, where_status(feed, stage, where)
    )


def _assembled(  # noqa: PLR0917
    contract: Contract,
    filled: frozenset[str],
    stage: Stage,
    mapped: list[MappedColumn],
    source: str,
    values: dict[str, str],
    problem: str,
    status: str,
) -> str:
    names = ", ".join(one.name for one in mapped if one.column.name in filled)
    carried = "".join(f", {name}" for name in stage.carried)
    texts, text = _source_text(stage)
    kept = "".join(f", {name}" for name in texts)
    flags = "".join(f", {one.fails_name}" for one in mapped if one.fails)
    evaluated = "".join(f", {sql} as {value_name(name)}" for name, sql in values.items())
    renamed = "".join(f", {sql} as {name}" for name, sql in texts.items())
    failing = "".join(f", {one.fails} as {one.fails_name}" for one in mapped if one.fails)
    raws = [one for one in mapped if one.raw is not None]
    own = f"__line, __malformed, __status{carried}{kept}"
    return (
        f"with __source as (select * from {source}), __evaluated as (select *{evaluated} from __source), "
        f"__mapped as (select {''.join(f'{one.raw} as {one.raw_name}, ' for one in raws)}"
        f"{_line(stage)} as __line{failing}, {_malformed(stage)} as __malformed, {status} as __status"
        f"{carried}{renamed} from __evaluated), "
        f"__typed as (select {', '.join(f'{one.typed()} as {one.name}' for one in mapped)}, "
        f"{''.join(f'{one.raw_name}, ' for one in raws)}{own}{flags} from __mapped), "
        f"__judged as (select *, coalesce(__malformed, __status, {problem}) as __problem from __typed) "
        f"select {names}, {record_id(contract, filled)} as _record_id, {row_key(contract)} as _row_key, "
        f"{row_hash(contract, filled)} as _row_hash, __line, __problem{carried}, "
        f"case when __problem is not null and __problem not in ('{BLANK}', '{FILTERED}') then {text} end as __text "
        "from __judged"
    )


def where_status(feed: Feed, stage: Stage, where: MappedExpression | None) -> str:
    """Return SQL that is `filtered` for a row the feed leaves out, and a problem when that cannot be told."""
    if where is None:
        return "cast(null as VARCHAR)"
    keeps = f"try(coalesce({where.sql}, false))"
    fails = " or ".join([f"{keeps} is null", *unreadable_numbers(feed, stage, where.numbers)])
    return f"case when {fails} then 'filter_failed|' when not {keeps} then '{FILTERED}' end"


def record_text(stage: Stage, names: Mapping[str, str] | None = None) -> str:
    """Return SQL for a source row as JSON text; `names` says under which SQL each source column stands."""
    at = names or {name: quote_identifier(name) for name in stage.columns}
    fields = ", ".join(
        f"{quote_literal(name)}: {as_text(at[name], kind) if kind in FLOATS else at[name]}"
        for name, kind in stage.columns.items()
    )
    return f"cast(to_json({{{fields}}}) as VARCHAR)"


def _line(stage: Stage) -> str:
    return "__line" if stage.has_lines else "cast(null as BIGINT)"


def _source_text(stage: Stage) -> tuple[dict[str, str], str]:
    """Return what has to be kept of the source row (name to SQL), and SQL for its text over that."""
    if stage.folded:
        return {}, "cast(null as VARCHAR)"
    if stage.has_text:
        return {"__delivered": "__text"}, "__delivered"
    names = {name: f'"__source_{position}"' for position, name in enumerate(stage.columns)}
    return {names[name]: quote_identifier(name) for name in names}, record_text(stage, names)


def _malformed(stage: Stage) -> str:
    if stage.folded:
        return "__fold_problem"
    if not stage.has_text:
        return "cast(null as VARCHAR)"
    return f"case when __blank then '{BLANK}' when not __is_object then 'malformed_row|' end"


def require_columns(
    feed: Feed, stage: Stage, expressions: Mapping[str, MappedExpression], where: MappedExpression | None
) -> None:
    """Refuse a source without a column that the mapping names.

    Raises:
        FileProblem: naming every missing column.
    """
    wanted = [entry.column for entry in feed.config.columns.values() if entry.column is not None]
    wanted += [name for one in [*expressions.values(), *([where] if where else [])] for name in one.columns]
    missing = sorted({name for name in wanted if stage.resolve(name) is None})
    if missing:
        raise FileProblem(
            "missing_column",
            f"the file has no column {', '.join(repr(name) for name in missing)}, which {feed.file.name} maps "
            f"(the file has {len(stage.columns)} columns)",
        )


def with_numbers(feed: Feed, stage: Stage, expressions: list[MappedExpression]) -> str:
    """Return the stage's relation with each source column that expressions calculate with, read as a number."""
    source = feed.config.source
    dialect = source_dialect(stage, Dialect(source.decimal, source.thousands))
    extra = []
    for name in sorted({name for expression in expressions for name in expression.numbers}):
        column = stage.resolve(name) or name
        exact = number(quote_identifier(column), stage.columns[column], dialect)
        extra.append(f", {exact} as {quote_identifier(NUMBER_PREFIX + name)}")
    return f"(select *{''.join(extra)} from {stage.relation} as s)" if extra else f"{stage.relation} as s"


def _expression_types(bench: Workbench, source: str, values: dict[str, str]) -> dict[str, str]:
    import duckdb

    kinds = {}
    for name, value in values.items():
        try:
            row = bench.con.execute(f"describe select {value} as value from {source}").fetchall()[0]
        except duckdb.Error as error:
            reason = str(error).split("\n")[0].split("LINE")[0].strip()
            message = f"the expression of {name!r} does not fit the source: {reason}"
            raise FileProblem("bad_expression", message) from None
        kinds[name] = str(row[1]).removeprefix(_STRUCT_KIND).removesuffix(")")
    return kinds
