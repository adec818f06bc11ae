"""Say what each comparison of one pair weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from identity.normalising.names import NAMES
from identity.normalising.stages import staged_select
from identity.scoring.participants import DERIVED, plain
from identity.scoring.predicting import comparison_sql, epoch_model, level_sql, pairs_sql, prior_bits
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.epochs import ModelEpoch


class Step(NamedTuple):
    """One step of a waterfall; the bits of all steps add up to the weight of the pair."""

    comparison: str
    level: str
    bits: float


def explain_pair(
    con: DuckDBPyConnection,
    epoch: ModelEpoch,
    left: str,
    right: str,
    *,
    records: str = "customer_records",
    identifiers: str | None = None,
) -> list[Step]:
    """Return the steps from the odds of any two profiles to those of this pair, comparison by comparison.

    Args:
        con: Connection that holds `term_frequencies` (see `identity.epochs.load_epoch`) and the relations below.
        epoch: Epoch by which the pair was weighed.
        left: Record id of one profile's first record.
        right: Record id of the other's.
        records: Relation with the columns of `customer_records`.
        identifiers: Relation with the columns of `customer_identifiers`; values it calls blocked are left out, as they
            are when pairs are weighed.

    Raises:
        LookupError: a record is unknown, or the epoch holds no model.
    """
    if epoch.splink_model is None:
        raise LookupError("nothing is scored in this workspace")
    model = epoch_model(epoch)
    _create_pair(con, left, right, records, identifiers)
    fields = [f"{level_sql(one)}, {comparison_sql(one, model)}" for one in model["comparisons"]]
    rows = con.execute(
        f"with pairs as ({pairs_sql('explained_pair')}) select {', '.join(fields)} from pairs"
    ).fetchall()
    if not rows:
        raise LookupError("one of the records is unknown")
    steps = [Step("any two profiles", "", round(prior_bits(model), 6))]
    for place, comparison in enumerate(model["comparisons"]):
        number, bits = rows[0][2 * place], rows[0][2 * place + 1]
        said = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        label = "not comparable" if number < 0 else said[len(said) - 1 - number]["label_for_charts"]
        steps.append(Step(comparison["output_column_name"], label, round(bits, 6)))
    return steps


def _create_pair(con: DuckDBPyConnection, left: str, right: str, records: str, identifiers: str | None) -> None:
    """Create `scorable` and `explained_pair` for the two records; 0 is the left one."""
    ids = f"{quote_literal(left)}, {quote_literal(right)}"
    names = NAMES.bind("name", value="full_name", country="country_code")
    blocked = (
        f"select record_id, identifier_kind as kind, identifier_value as value from {identifiers} "
        f"where is_blocked and record_id in ({ids})"
        if identifiers
        else "select null::VARCHAR as record_id, null::VARCHAR as kind, null::VARCHAR as value where false"
    )

    def allowed(kind: str, column: str) -> str:
        return (
            f"case when (r.record_id, '{kind}', {column}) not in (select (record_id, kind, value) from blocked) "
            f"then {column} end"
        )

    columns = {
        "profile": f"case when record_id = {quote_literal(left)} then 0 else 1 end",
        **{output: names[output] for output in ("name_key", "given_key", "family_key")},
        "birth_date": "birth_date",
        "document": "document",
        "email": "email",
        "phone": "phone",
        "postal_code": "postal_code",
        "street_number": "street_number",
        **{column: plain(column) for column in ("street", "city")},
    }
    source = f"""(
        with blocked as ({blocked})
        select r.record_id, r.full_name, r.country_code, r.birth_date, r.postal_code, r.street_number, r.street, r.city,
            {allowed("document", "r.document_number")} as document,
            {allowed("email", "r.email_key")} as email,
            {allowed("phone", "r.phone_key")} as phone
        from {records} r where r.record_id in ({ids})
    )"""
    derived = ", ".join(f"{sql} as {name}" for name, sql in DERIVED.items())
    con.execute(
        f"create or replace temp table scorable as "
        f"select * replace (cast(birth_date as VARCHAR) as birth_date), {derived} "
        f"from ({staged_select(source, [names], columns)})"
    )
    con.execute("create or replace temp table explained_pair as select 0 as left_profile, 1 as right_profile")
