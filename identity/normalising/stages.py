"""Compose normalisers out of staged SQL expressions, so that no intermediate value is computed twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workspace.prepared import run_prepared
from workspace.sql import quote_identifier

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True)
class Normaliser:
    """Describe a normaliser: its inputs, the stages that lead to the result, and the columns that are the result.

    A stage maps column names to SQL; `{name}` stands for an input or for a column of an earlier stage. A quantifier
    of a regular expression such as `{8}` starts with a digit and is left alone.
    """

    inputs: tuple[str, ...]
    stages: tuple[Mapping[str, str], ...]
    outputs: tuple[str, ...]

    def bind(self, prefix: str, **inputs: str) -> Bound:
        """Return the stages with inputs replaced by SQL expressions and columns renamed to `prefix__column`."""
        missing = set(self.inputs) - set(inputs)
        if missing:
            raise TypeError(f"missing inputs: {', '.join(sorted(missing))}")
        names = dict(inputs)
        bound: list[dict[str, str]] = []
        for stage in self.stages:
            bound.append({_column(prefix, name): _fill(sql, names) for name, sql in stage.items()})
            names |= {name: quote_identifier(_column(prefix, name)) for name in stage}
        return Bound(tuple(bound), {name: names[name] for name in self.outputs})


@dataclass(frozen=True)
class Bound:
    """Stages bound to the columns of a relation, and where each output is found afterwards."""

    stages: tuple[Mapping[str, str], ...]
    outputs: Mapping[str, str]

    def __getitem__(self, output: str) -> str:
        return self.outputs[output]


def staged_select(relation: str, bounds: Sequence[Bound], columns: Mapping[str, str]) -> str:
    """Return a SELECT over `relation` that runs all stages level by level and yields `columns` (name to SQL; `*` for
    all)."""
    depth = max((len(bound.stages) for bound in bounds), default=0)
    inner = relation
    for level in range(depth):
        fields = [
            f"{sql} as {quote_identifier(name)}"
            for bound in bounds
            if level < len(bound.stages)
            for name, sql in bound.stages[level].items()
        ]
        inner = f"(select *, {', '.join(fields)} from {inner})"
    chosen = ", ".join("*" if name == "*" else f"{sql} as {quote_identifier(name)}" for name, sql in columns.items())
    return f"select {chosen} from {inner}"


def apply_to_value(normaliser: Normaliser, **inputs: str | None) -> dict[str, Any]:
    """Run a normaliser on one value with the same SQL that runs on columns, and return its outputs by name."""
    row = run_prepared(_single_statement(normaliser), *(inputs[name] for name in normaliser.inputs))[0]
    return dict(zip(normaliser.outputs, row, strict=True))


@lru_cache(maxsize=64)
def _single_statement_of(
    inputs: tuple[str, ...], stages: tuple[tuple[tuple[str, str], ...], ...], outputs: tuple[str, ...]
) -> str:
    normaliser = Normaliser(inputs, tuple(dict(stage) for stage in stages), outputs)
    bound = normaliser.bind("value", **{name: quote_identifier(name) for name in inputs})
    row = ", ".join(f"cast(${place} as VARCHAR) as {quote_identifier(name)}" for place, name in enumerate(inputs, 1))
    return staged_select(f"(select {row})", [bound], bound.outputs)


def _single_statement(normaliser: Normaliser) -> str:
    stages = tuple(tuple(stage.items()) for stage in normaliser.stages)
    return _single_statement_of(normaliser.inputs, stages, normaliser.outputs)


def _column(prefix: str, name: str) -> str:
    return f"{prefix}__{name}"


def _fill(sql: str, names: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: names[match.group(1)], sql)
