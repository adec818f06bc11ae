"""Hold a feed configuration against its contract before anything runs."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Protocol

from data_contracts.loader import contract_names, load_contract
from ingestion.expressions import MappedExpression
from workspace.errors import ConfigError
from workspace.workspace import Workspace
from workspace.yaml_files import position_of, read_yaml

if TYPE_CHECKING:
    from data_contracts.loader import Contract
    from ingestion.feeds import Feed, Scalar


class Problem(Protocol):
    """Make the error of one key of a feed file."""

    def __call__(self, message: str, *key: str, expected: str | None = None, hint: str | None = None) -> ConfigError:
        """Return the error, with the line of the key."""


def check_against_contract(ws: Workspace, feed: Feed) -> list[ConfigError]:
    """Return every problem of the mapping: contract, columns, expressions, values and paths."""
    _, positions = read_yaml(feed.file)

    def problem(message: str, *key: str, expected: str | None = None, hint: str | None = None) -> ConfigError:
        line, column = position_of(key, positions) or (None, None)
        return ConfigError(
            message, file=feed.file, line=line, column=column, key=".".join(key), expected=expected, hint=hint
        )

    known = list(contract_names("feeds"))
    if feed.config.contract not in known:
        return [
            problem(
                f"unknown contract {feed.config.contract!r}", "contract", expected=_nearest(feed.config.contract, known)
            )
        ]
    contract = load_contract("feeds", feed.config.contract, ws)
    problems = _column_problems(feed, contract, problem)
    expression_problems = _expression_problems(feed, problem)
    problems += expression_problems or _group_problems(feed, contract, problem)
    problems += _path_problems(ws, feed, problem)
    return problems


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    return " or ".join(close) if close else "one of " + ", ".join(known)


def _column_problems(feed: Feed, contract: Contract, problem: Problem) -> list[ConfigError]:
    config = feed.config
    names = [column.name for column in contract.columns]
    problems = []
    for section, given in (("columns", config.columns), ("defaults", config.defaults)):
        for name in given:
            if name not in names:
                problems.append(
                    problem(f"{contract.name} has no column {name!r}", section, name, expected=_nearest(name, names))
                )
    for column in contract.columns:
        if column.required and column.name not in config.columns and column.name not in config.defaults:
            problems.append(
                problem(
                    f"required column {column.name!r} is not mapped",
                    "columns",
                    hint="Map it to a source column, an expression or a constant",
                )
            )
    for name, entry in config.columns.items():
        if entry.value is not None:
            problems += _constant_problem(contract, name, entry.value, problem, "columns", name, "value")
    for name, default in config.defaults.items():
        problems += _constant_problem(contract, name, default, problem, "defaults", name)
    return problems


def _constant_problem(contract: Contract, name: str, value: Scalar, problem: Problem, *key: str) -> list[ConfigError]:
    from workspace.sql import connect, quote_literal

    column = next((one for one in contract.columns if one.name == name), None)
    if column is None or value is None:
        return []
    text = constant_text(value)
    if column.enum and text not in column.enum:
        return [problem(f"{text!r} is not a word of {name}", *key, expected=_nearest(text, list(column.enum)))]
    with connect() as con:
        row = con.execute(f"select try_cast({quote_literal(text)} as {column.physical_type})").fetchall()[0]
    if row[0] is None:
        return [problem(f"{text!r} is not a {column.physical_type}", *key)]
    return []


def constant_text(value: str | bool | int | float | None) -> str:
    """Return a YAML scalar as the text that DuckDB casts."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _expression_problems(feed: Feed, problem: Problem) -> list[ConfigError]:
    problems = []
    group_by = tuple(feed.config.group_by) if feed.config.group_by else None
    texts: list[tuple[tuple[str, ...], str, tuple[str, ...] | None]] = [
        (("columns", name, "sql"), entry.sql, group_by) for name, entry in feed.config.columns.items() if entry.sql
    ]
    if feed.config.where:
        texts.append((("where",), feed.config.where, None))
    for key, text, group in texts:
        try:
            MappedExpression.parse(text, group)
        except ConfigError as error:
            problems.append(problem(error.message, *key, expected=error.expected, hint=error.hint))
    return problems


def _group_problems(feed: Feed, contract: Contract, problem: Problem) -> list[ConfigError]:
    """A finer group than the contract's key would give several rows for one key, of which only one would count."""
    if not feed.config.group_by:
        return []
    group_by, read = tuple(feed.config.group_by), set()
    for name in contract.primary_key:
        entry = feed.config.columns.get(name)
        if entry is not None and entry.column:
            read.add(entry.column.lower())
        elif entry is not None and entry.sql:
            read |= {column.lower() for column in MappedExpression.parse(entry.sql, group_by).columns}
    expected = f"columns that {' and '.join(contract.primary_key)} are mapped from"
    return [
        problem(f"{column!r} is not part of the key of {contract.name}", "group_by", expected=expected)
        for column in group_by
        if column.lower() not in read
    ]


def _path_problems(ws: Workspace, feed: Feed, problem: Problem) -> list[ConfigError]:
    source = feed.config.source
    if source.type != "file":
        return []
    problems = []
    for path in source.path:
        if "://" in path and not path.startswith("file:"):
            continue
        try:
            ws.resolve_inside(path)
        except ConfigError as error:
            problems.append(problem(error.message, "source", "path", expected=error.expected))
    return problems
