"""Companies in the CRM, some registered twice, with market, size and head office."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples import documents, phones
from ingestion.samples.crm import company_ids
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.seasons import AS_OF_SECONDS, instants, iso_instant, utc_times

if TYPE_CHECKING:
    from ingestion.samples.block import Block

_CSV = Form("csv", ";")
COMPANIES = FeedFiles(
    "crm_companies",
    "crm_companies",
    "crm/companies",
    _CSV,
    "company_id",
    (("employees", "muitos", "type_mismatch"), ("size", "huge", "not_in_vocabulary")),
)
_INDUSTRIES = pl.DataFrame(
    {
        "industry_code": ["4713-0", "8211-3", "4930-2", "1091-1", "4120-4", "6201-5", "4781-4", "4771-7"],
        "industry": [
            "Comércio varejista",
            "Serviços de escritório",
            "Transporte rodoviário",
            "Alimentos",
            "Construção de edifícios",
            "Desenvolvimento de software",
            "Vestuário",
            "Farmácias",
        ],
    }
)
_SEGMENTS = np.array(["varejo", "serviços", "indústria", "governo"])
_SIZES = np.array(["micro", "small", "medium", "large"])


def write_companies(block: Block) -> None:
    """Write every company once and one in twenty-five a second time under another id and its trade name."""
    rng = block.streams.of("crm companies")
    first = block.people.person_count
    known = np.arange(len(block.people) - first)
    again = np.flatnonzero(rng.random(len(known)) < 0.04)
    rows = np.concatenate([known, again])
    ids = pl.concat([company_ids(block), "F" + company_ids(block).gather(again).str.slice(1)])
    days = -(rng.random(len(rows)) * 2500).astype(np.int64) - 1
    registered = instants(rng, days, "office", block.offset)
    updated = np.minimum(registered + rng.integers(60, 900 * 86400, len(rows)), AS_OF_SECONDS - 86400)
    frame = _facts(block, first + rows, rng).with_columns(
        company_id=ids,
        is_second=pl.Series(np.arange(len(rows)) >= len(known)),
        registered=utc_times(registered),
        updated=utc_times(updated),
    )
    older_rows = np.flatnonzero(rng.random(len(rows)) < 0.03)
    older = frame[older_rows].with_columns(updated=pl.col("registered"), employees=pl.lit(None, dtype=pl.Int64))
    deliver(
        block.landing,
        COMPANIES,
        _rows(block, frame),
        days,
        block.streams,
        older=_rows(block, older),
        older_rows=older_rows,
    )
    block.truth.records("crm_companies", "crm", ids, block.people.ids(first + rows))


def _facts(block: Block, rows: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    count = len(rows)
    entities = block.people.entities[rows]
    homes = block.people.homes[block.people.home[rows]]
    employees = np.exp(rng.normal(2.2, 1.5, count)).astype(np.int64) + 1
    return entities.select("company_name", "trade_name", "document", "email_domain", "landline").with_columns(
        *homes.select("street_type", "street_name", "street_number", "city", "state_code", "postal_code"),
        *_INDUSTRIES[entities["word"].to_numpy()],
        mood=pl.Series(rng.random(count)),
        has_document=pl.Series(rng.random(count) < 0.93),
        employees=pl.Series(employees),
        size=pl.Series(_SIZES[np.searchsorted([10, 50, 250], employees, side="right")]),
        segment=pl.Series(_SEGMENTS[rng.integers(0, len(_SEGMENTS), count)]),
        revenue=pl.Series(employees * rng.integers(4_000_000, 30_000_000, count)),
    )


def _rows(block: Block, frame: pl.DataFrame) -> pl.DataFrame:
    locale = block.people.locale
    document = documents.written(locale.country, pl.col("document"), pl.col("mood"))
    return frame.select(
        "company_id",
        name=pl.when("is_second").then("trade_name").otherwise("company_name"),
        trade_name="trade_name",
        tax_id=pl.when("has_document").then(document),
        website="www." + pl.col("email_domain"),
        email_domain="email_domain",
        phone=phones.written(locale.country, locale.calling_code, pl.col("landline"), pl.col("mood")),
        industry_code="industry_code",
        industry="industry",
        segment="segment",
        employees="employees",
        size="size",
        revenue=_CSV.amount(pl.col("revenue")),
        street=pl.col("street_type") + " " + pl.col("street_name"),
        number="street_number",
        city="city",
        state="state_code",
        postal_code="postal_code",
        registered_at=iso_instant("registered"),
        updated_at=iso_instant("updated"),
    )
