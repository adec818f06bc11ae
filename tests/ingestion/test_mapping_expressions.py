"""The SQL of a mapping: what it may say, and where it reads numbers."""

from __future__ import annotations

import pytest

from ingestion.expressions import MappedExpression
from workspace.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "columns", "numbers"),
    [
        ("A || B", ("A", "B"), ()),
        ("A - B", ("A", "B"), ("A", "B")),
        ("A * 2 + round(B, 2)", ("A", "B"), ("A", "B")),
        ("case when KIND = 'X' then -A else A end", ("KIND", "A"), ("A",)),
        ("QTY > 0", ("QTY",), ("QTY",)),
        ("QTY > '0'", ("QTY",), ()),
        ("QTY between 1 and 5", ("QTY",), ("QTY",)),
        ("coalesce(number(A), 0)", ("A",), ("A",)),
        ("cast(A as decimal(18,2))", ("A",), ("A",)),
        ("upper(trim(A))", ("A",), ()),
        ('"two words" || lower("Ünï")', ("two words", "Ünï"), ()),
        ("A + A || B", ("A", "B"), ("A",)),
    ],
)
def test_columns_and_numbers(text, columns, numbers):
    expression = MappedExpression.parse(text)
    assert (expression.columns, expression.numbers, expression.aggregates) == (columns, numbers, ())


@pytest.mark.parametrize(
    "text",
    [
        "(select 1)", "A; drop table x", "A -- comment", "read_text('/etc/passwd')", "getenv('HOME')", "A, B", "*",
        "row_number() over ()", "sum(A)", "random()", "now()", "$1", "number(A + 1)", "A as B", "",
        "1 from read_csv('/etc/passwd')", "list_transform([1], lambda x: x)",
    ],
)  # fmt: skip
def test_what_an_expression_may_not_say(text):
    with pytest.raises(ConfigError):
        MappedExpression.parse(text)


def test_aggregates_stand_apart_and_equal_ones_once():
    expression = MappedExpression.parse("sum(A) - sum( A ) + count(distinct B) + length(K)", ("K",))
    assert expression.columns == ("K",)
    assert [one.sql for one in expression.aggregates] == ["(sum(__number_A))", "(count(DISTINCT B))"]
    assert (expression.folded_columns, expression.folded_numbers) == (("A", "B"), ("A",))
    assert [one.fails for one in expression.aggregates] == [None, None]


def test_argument_that_can_fail_is_watched():
    (aggregate,) = MappedExpression.parse("max(strptime(A, '%d'))", ("K",)).aggregates
    assert "TRY" in aggregate.sql.upper()
    assert aggregate.fails is not None


def test_any_value_does_not_depend_on_order():
    (aggregate,) = MappedExpression.parse("any_value(A)", ("K",)).aggregates
    assert aggregate.sql == "(min(A))"
