"""Person records with truth, out of a landed sample: what the benchmark of scale runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.identity_quality import _create_truth, make_sample
from identity.evidence import collect_raw_records
from workspace.sql import connect, quote_literal

if TYPE_CHECKING:
    from pathlib import Path


def write_person_records(folder: Path, *, people: int) -> tuple[Path, Path]:
    """Write `records.parquet` and `truth.parquet` (rid, entity) of a sample into `folder`, and return both.

    Records that show nobody, or whose person the truth does not know, are left out; so are devices.
    """
    ws = make_sample(folder / "sample", people)
    records, truth = folder / "records.parquet", folder / "truth.parquet"
    with connect(ws) as con:
        collect_raw_records(con, ws)
        _create_truth(con, ws)
        con.execute(
            """
            create temp table numbered as
            select row_number() over (order by r.record_id) as rid, t.person_id as entity, r.*
            from raw_records r join truth t using (record_id)
            """
        )
        con.execute(
            f"""
            copy (
                select
                    rid, contract as source, record_id as source_id, person_name as name, document_number as doc, email,
                    phone, cast(birth_date as VARCHAR) as birth_date, street, street_number as number,
                    address_complement as complement, city, state_code as uf, postal_code as cep, updated_at
                from numbered order by rid
            ) to {quote_literal(records)} (format parquet)
            """
        )
        con.execute(f"copy (select rid, entity from numbered order by rid) to {quote_literal(truth)} (format parquet)")
    return records, truth
