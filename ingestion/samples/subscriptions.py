"""Contracts with a term: club memberships, service plans and extended warranties, some of them about to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.accounts import account_ids
from ingestion.samples.crm import crm_ids
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.lookups import taken
from ingestion.samples.random_streams import pick
from ingestion.samples.seasons import AS_OF_SECONDS, DAY_COUNT, dates, instants, iso_instant, utc_times

if TYPE_CHECKING:
    from ingestion.samples.block import Block

_CSV = Form("csv")
CONTRACTS = FeedFiles(
    "crm_contracts",
    "crm_contracts",
    "crm/contracts",
    _CSV,
    "contract_id",
    (
        ("started_on", "2026-02-31", "type_mismatch"),
        ("status", "asleep", "not_in_vocabulary"),
        ("amount", "R$ 10", "type_mismatch"),
    ),
    is_torn=True,
)
_KINDS = np.array(["subscription", "membership", "warranty", "service"])
_PERIODS = np.array(["month", "year", "year", "month"])
_AMOUNTS = np.array([2990, 9900, 12900, 4990])
_TERMS = np.array([365, 365, 730, 180])
_PRODUCTS = np.array(["S05", "S03", "S02", "S00"])
IDS_PER_PERSON = 4


def write_contracts(block: Block) -> pl.DataFrame:
    """Write contracts of people in the CRM or the shop; return person (entity row), status, ends (day or null)."""
    rng = block.streams.of("contracts")
    known = (block.registers.crm.count > 0) | (block.registers.shop.count > 0)
    person = np.flatnonzero(known & (rng.random(len(known)) < 0.11))
    count = len(person)
    kind = pick(rng, (45, 25, 20, 10), count)
    begin = np.maximum(block.traits.first_day[person], 0)
    start = begin + (rng.random(count) * np.maximum(DAY_COUNT - 1 - begin, 1)).astype(np.int64)
    ends = start + _TERMS[kind]
    renewed = (kind == 0) & (ends < DAY_COUNT) & (rng.random(count) < 0.6)
    ends = np.where(renewed, ends + _TERMS[kind], ends)
    cancelled = rng.random(count) < 0.12
    cancel = np.where(cancelled, start + 20 + rng.integers(0, 300, count), 10**6)
    cancelled = cancelled & (cancel < np.minimum(ends, DAY_COUNT))
    suspended = ~cancelled & (rng.random(count) < 0.02)
    status = np.where(
        cancelled, "cancelled", np.where(ends < DAY_COUNT, "ended", np.where(suspended, "suspended", "active"))
    )
    written = np.minimum(np.where(cancelled, cancel, start + 1), DAY_COUNT - 1)
    frame = pl.DataFrame(
        {
            "contract_id": "N" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(count)).cast(pl.String),
            "kind": _KINDS[kind],
            "product": _PRODUCTS[kind],
            "status": status,
            "started": dates(start),
            "ends": dates(ends),
            "cancelled": dates(np.where(cancelled, cancel, 0)).set(pl.Series(~cancelled), None),
            "amount": _AMOUNTS[kind] + rng.integers(0, 20, count) * 100,
            "period": _PERIODS[kind],
            "updated": utc_times(np.minimum(instants(rng, written, "office", block.offset), AS_OF_SECONDS - 700)),
        }
    ).with_columns(*_references(block, person, rng))
    older_rows = np.flatnonzero(cancelled & (rng.random(count) < 0.5))
    older = frame[older_rows].with_columns(
        status=pl.lit("active"),
        cancelled=pl.lit(None, dtype=pl.Date),
        updated=pl.col("started").cast(pl.Datetime("us")),
    )
    deliver(block.landing, CONTRACTS, _rows(frame), start, block.streams, older=_rows(older), older_rows=older_rows)
    block.truth.records("crm_contracts", "crm", frame["contract_id"], block.people.ids(person))
    return pl.DataFrame({"person": person, "status": status, "ends": ends})


def _references(block: Block, person: np.ndarray, rng: np.random.Generator) -> list[pl.Series]:
    """Return the system and the id of the customer each contract names."""
    crm = block.registers.crm.some_profile(person, rng)
    shop = block.registers.shop.some_profile(person, rng)
    crm_id = taken(crm_ids(block), crm)
    shop_id = taken(account_ids(block), shop)
    return [
        crm_id.fill_null(shop_id).alias("customer_id"),
        pl.Series("system", np.where(crm >= 0, "crm", "ecommerce")),
    ]


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "contract_id",
        "system",
        "customer_id",
        type="kind",
        product="product",
        status="status",
        started_on=pl.col("started").dt.strftime("%Y-%m-%d"),
        ends_on=pl.col("ends").dt.strftime("%Y-%m-%d"),
        cancelled_on=pl.col("cancelled").dt.strftime("%Y-%m-%d"),
        amount=_CSV.amount(pl.col("amount")),
        period="period",
        updated_at=iso_instant("updated"),
    )
