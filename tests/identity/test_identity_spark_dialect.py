"""What the translator refuses, and what it asks of DuckDB; what it says is proved on Spark beside it."""

from __future__ import annotations

import pytest
from sqlglot import exp

from identity.spark.dialect import UntranslatedSql, translate


@pytest.mark.parametrize(
    "statement",
    [
        "select median(x) from t",
        "select x[i] from t",
        "select string_split(x, ',') from t",
        "select round(sum(x), 2) from t",
        "select log10(x) from t",
        "select log2(log2(x)) from t",
        "select ln(x) from t",
        "select x from t order by x",
        "select * exclude (x) from t",
        "select distinct on (x) x, y from t",
        "select x from t union all by name select x from u",
        "select x from t join u using (x)",
        "select x from t qualify count(*) over (partition by x) > 1",
        "select x from t limit 3",
        "select cast(x as UBIGINT) from t",
        "select made_up(x) from t",
        "select x, row_number() over (partition by y) from t",
    ],
)
def test_what_has_no_proven_form_is_refused(statement):
    with pytest.raises(UntranslatedSql, match="dialect"):
        translate(statement)


def test_a_question_to_duckdb_carries_its_literals_and_what_stands_inside():
    done = translate("select regexp_full_match(a.v, '(x\\.y)|(''z)', 'i'), log2(greatest(n, 1)) from a")
    assert sorted(one.expression for one in done.questions) == [
        "LOG2(GREATEST(a0, 1))",
        "REGEXP_FULL_MATCH(a0, '(x\\.y)|(''z)', 'i')",
    ]
    assert [one.name for one in done.tree.find_all(exp.Column)] == ["v", "n"]
