"""Say this room's SQL in Spark's dialect: what is known to mean the same, the rest by a mapping, or not at all.

A translator that passes on what it does not know is wrong in silence. Here every kind of expression is on a list, and
what two engines compute differently (similarity, patterns, logarithms, accents) is asked of DuckDB, batch by batch.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlglot import exp, parse_one

from workspace.errors import UnavistaError

if TYPE_CHECKING:
    from collections.abc import Callable

Node = exp.Expr
TYPES = {
    "BIGINT": "bigint", "BOOLEAN": "boolean", "DATE": "date", "DOUBLE": "double", "INT": "int",
    "TEXT": "string", "TIMESTAMP": "timestamp_ntz", "VARCHAR": "string",
    # unsigned numbers in the next signed type that holds what they are used for: a block is a hash, signed or not
    "UBIGINT": "bigint", "UTINYINT": "smallint", "INT128": "decimal(38,0)",
}  # fmt: skip
"""Spark's name for each type that the statements use."""
ASKED: dict[type[Node], str] = {
    exp.JarowinklerSimilarity: "double",
    exp.Log: "double",
    exp.Nullif: "string",
    exp.RegexpFullMatch: "boolean",
    exp.Round: "double",
    exp.TimeToStr: "string",
}
"""What DuckDB answers, with all that stands inside of it, and the type of the answer."""
_KEPT: tuple[type[Node], ...] = (
    # clauses
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.With, exp.CTE, exp.Subquery, exp.Union,
    exp.Table, exp.TableAlias, exp.Alias, exp.Values, exp.Star, exp.Distinct, exp.Filter, exp.IgnoreNulls,
    # statements, which `identity.spark.tables` takes apart
    exp.Create, exp.Properties, exp.TemporaryProperty, exp.Schema, exp.ColumnDef, exp.Insert, exp.Update, exp.Drop,
    # values and operators
    exp.Identifier, exp.Column, exp.Literal, exp.Null, exp.Boolean, exp.DataType, exp.Paren, exp.Not, exp.And, exp.Or,
    exp.Is, exp.In, exp.Between, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.DPipe, exp.Slice,
    # functions; on texts `length` counts characters in both, `least` and `greatest` skip nulls in both
    exp.Case, exp.If, exp.Coalesce, exp.Least, exp.Greatest, exp.Contains, exp.Length, exp.Year, exp.Month, exp.Day,
    exp.Left, exp.Right, exp.SplitPart, exp.Count, exp.Avg, exp.Sum, exp.Min,
    exp.Max, exp.AnyValue, exp.Array,
)  # fmt: skip
_CLAUSES: dict[type[Node], frozenset[str]] = {
    exp.Select: frozenset(("distinct", "expressions", "from_", "group", "having", "joins", "where", "with_")),
    exp.Create: frozenset(("expression", "kind", "properties", "replace", "this")),
    exp.CTE: frozenset(("alias", "this")),
    exp.Distinct: frozenset(("expressions",)),
    exp.Group: frozenset(("all", "expressions")),
    exp.In: frozenset(("expressions", "query", "this")),
    exp.Insert: frozenset(("expression", "this")),
    exp.Join: frozenset(("kind", "on", "side", "this")),
    exp.Star: frozenset(),
    exp.Subquery: frozenset(("alias", "this")),
    exp.Table: frozenset(("alias", "db", "this")),
    exp.Union: frozenset(("distinct", "expression", "this", "with_")),
    exp.Update: frozenset(("expressions", "this", "where")),
    exp.With: frozenset(("expressions",)),
}
"""Parts that a clause may have: what else the parser may find there (`exclude`, `on`, `by name`, `using`) has another
form on Spark, or none."""
_FIRST_HALF = "cast(conv({digits}, 16, 10) as decimal(20,0))"


class UntranslatedSql(UnavistaError):
    """A statement says something that has no proven form on Spark."""


@dataclass(frozen=True)
class Question:
    """An expression over columns `a0`, `a1`, … that DuckDB answers, and the type of the answer."""

    expression: str
    answer: str

    @property
    def name(self) -> str:
        """Return the name of the function on Spark that asks it."""
        return "ask_duckdb_" + hashlib.md5(self.expression.encode(), usedforsecurity=False).hexdigest()[:16]


@dataclass
class Translation:
    """A statement for Spark, and what it asks DuckDB."""

    tree: Node
    questions: list[Question]


def translate(statement: str) -> Translation:
    """Return a statement of this room for Spark.

    Raises:
        UntranslatedSql: it uses something that is on no list; the message names it, never a value.
    """
    questions: list[Question] = []
    # from the outside in, so that a question is as large as can be
    tree = parse_one(statement, read="duckdb").transform(partial(_ask, questions=questions))
    names = {question.name for question in questions}
    for node in reversed(list(tree.walk())):
        said = node if node.name in names else _said(node)
        if said is not node:
            node.replace(said)
    return Translation(tree, questions)


def spark_sql(tree: Node) -> str:
    """Return the text of a translated expression."""
    return tree.sql(dialect="spark")


def _ask(node: Node, *, questions: list[Question]) -> Node:
    """Replace what DuckDB answers by a call over the columns it reads; literals are part of the question, so that a
    pattern is compiled once."""
    if type(node) not in ASKED:
        return node
    if node.find(exp.Query, exp.AggFunc, exp.Window):
        return _refuse(node)
    columns = sorted({_text(column): column for column in node.find_all(exp.Column)}.items())
    names = {text: exp.column(f"a{place}") for place, (text, _) in enumerate(columns)}
    asked = node.transform(_base_two)
    if asked.find(exp.Log):
        return _refuse(node)
    asked = asked.transform(lambda one: names[_text(one)].copy() if isinstance(one, exp.Column) else one)
    question = Question(_text(asked), ASKED[type(node)])
    questions.append(question)
    return _call(question.name, *(column for _, column in columns))


def _base_two(node: Node) -> Node:
    """Write log2 as it was: the parser makes a logarithm to any base of it, which DuckDB computes otherwise."""
    is_binary = isinstance(node, exp.Log) and node.expression is not None and node.this.name == "2"
    return _call("log2", node.expression) if is_binary else node


def _text(node: Node) -> str:
    return node.sql(dialect="duckdb")


def _said(node: Node) -> Node:
    if isinstance(node, exp.Anonymous):
        mapped = _BY_NAME.get(node.name.lower())
        return mapped(node) if mapped else _refuse(node)
    mapped = _BY_KIND.get(type(node))
    if mapped:
        return mapped(node)
    parts = {name for name, part in node.args.items() if part}
    is_known = type(node) in _KEPT and parts <= _CLAUSES.get(type(node), parts)
    return node if is_known else _refuse(node)


def _refuse(node: Node) -> Node:
    kind = node.name if isinstance(node, exp.Anonymous) else type(node).__name__
    raise UntranslatedSql(
        f"no translation of {kind} to Spark is known; add one to identity/spark/dialect.py, with a case in its tests"
    )


def _call(name: str, *arguments: Node) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[one.copy() for one in arguments])


def _hash(node: Node) -> Node:
    """Hash nulls too: xxhash64 skips them, and two bundles that differ in which column is empty would be one."""
    return _call("xxhash64", *(part for one in node.expressions for part in (_call("isnull", one), one)))


def _arg_max(node: Node) -> Node:
    return _call("max_by", node.this, node.expression)


def _tuple(node: Node) -> Node:
    """Name the fields by place: Spark compares structures only when their names agree."""
    if isinstance(node.parent, exp.Values):
        return node
    fields = [part for place, one in enumerate(node.expressions) for part in (exp.Literal.string(f"_{place}"), one)]
    return _call("named_struct", *fields)


def _split(node: Node) -> Node:
    if node.expression.this != " ":
        return _refuse(node)
    return _call("split", node.this, node.expression)


def _bracket(node: Node) -> Node:
    """Take characters of a text; a list would be refused by Spark's substr."""
    place = node.expressions[0]
    if isinstance(place, exp.Slice):
        first, last = place.this.name, place.expression.name
    else:
        # the parser has turned DuckDB's place, from one on, into a place from nought on
        first = last = str(int(place.name) + 1) if place.name.isdigit() else ""
    if not (first.isdigit() and last.isdigit()):
        return _refuse(node)
    count = exp.Literal.number(int(last) - int(first) + 1)
    return _call("substr", node.this, exp.Literal.number(first), count)


def _cast(node: Node) -> Node:
    kind = node.args["to"].this.name
    if kind == "UBIGINT" and isinstance(node.this, exp.DPipe) and node.this.this.name == "0x":
        return parse_one(_FIRST_HALF.format(digits=spark_sql(node.this.expression)), read="spark")
    if kind not in TYPES or kind == "UBIGINT":
        return _refuse(node)
    return exp.Cast(this=node.this.copy(), to=exp.DataType.build(TYPES[kind], dialect="spark"))


def _list_intersect(node: Node) -> Node:
    """Intersect with nothing where the second list is missing; a missing first one gives null in both."""
    one, other = node.expressions
    return _call("array_intersect", one, _call("coalesce", other, _call("array")))


def _length(node: Node) -> Node:
    is_list = isinstance(node.this, exp.Anonymous) and node.this.name == "array_intersect"
    return _call("array_size", node.this) if is_list else node


_BY_NAME: dict[str, Callable[[Node], Node]] = {
    "hash": _hash,
    "list_intersect": _list_intersect,
}
_BY_KIND: dict[type[Node], Callable[[Node], Node]] = {
    exp.ArgMax: _arg_max,
    exp.Bracket: _bracket,
    exp.Cast: _cast,
    exp.Explode: lambda node: _call("explode", node.this),
    exp.Length: _length,
    exp.Split: _split,
    exp.Tuple: _tuple,
}
