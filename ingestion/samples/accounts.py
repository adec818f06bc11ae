"""Accounts of the online shop, some with an older version before the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.random_streams import pick
from ingestion.samples.registers import registered_on
from ingestion.samples.seasons import AS_OF_SECONDS, instants, iso_instant, utc_times

if TYPE_CHECKING:
    from ingestion.samples.block import Block

ACCOUNTS = FeedFiles(
    "ecommerce_accounts",
    "ecommerce_accounts",
    "ecommerce/accounts",
    Form("jsonl"),
    "id",
    (("created_at", "ontem", "type_mismatch"), ("gender", "neither", "not_in_vocabulary")),
    is_torn=True,
)
_ACQUISITION = ("organic_search", "paid_search", "paid_social", "direct", "referral", "store", "email")


def account_ids(block: Block) -> pl.Series:
    """Return the account id of each profile of the shop's register."""
    numbers = block.first_number(4) + np.arange(len(block.registers.shop.owner))
    return "A" + pl.Series(numbers).cast(pl.String)


def write_accounts(block: Block) -> None:
    """Write the accounts, some with an older version before the current one."""
    rng = block.streams.of("accounts")
    register, ids = block.registers.shop, account_ids(block)
    days = registered_on(block.traits, register, rng)
    created = instants(rng, days, "online", block.offset)
    updated = np.minimum(created + (rng.random(len(days)) * 200 * 86400).astype(np.int64), AS_OF_SECONDS - 600)
    deleted = np.where(rng.random(len(days)) < 0.004, np.minimum(updated + 86400, AS_OF_SECONDS - 300), -1)
    profile = register.profiles
    gender = block.people.entities["gender"].gather(register.owner)
    frame = pl.DataFrame(
        {"id": ids, "created": utc_times(created), "updated": utc_times(updated), "deleted": utc_times(deleted)}
    )
    frame = frame.with_columns(
        *profile,
        gender=gender.set(pl.Series(rng.random(len(days)) < 0.5), None),
        source=pl.Series(np.array(_ACQUISITION)[pick(rng, (30, 18, 16, 14, 8, 8, 6), len(days))]),
    )
    older_rows = np.flatnonzero(rng.random(len(days)) < 0.03)
    older_rows = older_rows[(created < updated)[older_rows]]
    older = frame[older_rows].with_columns(updated=pl.col("created"), phone=pl.lit(None, dtype=pl.String))
    deliver(
        block.landing,
        ACCOUNTS,
        _account_objects(frame),
        days,
        block.streams,
        older=_account_objects(older),
        older_rows=older_rows,
    )
    block.truth.records("ecommerce_accounts", "ecommerce", ids, block.people.ids(register.owner))


def _account_objects(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "id",
        profile=pl.struct(
            name="person_name", tax_id="document_number", birth_date=pl.col("birth_date").dt.strftime("%Y-%m-%d")
        ),
        contact=pl.struct("email", phone="phone"),
        address=pl.struct(
            "street",
            number="street_number",
            complement="address_complement",
            district="district",
            city="city",
            state="state_code",
            postal_code="postal_code",
            country="country_code",
        ),
        gender="gender",
        acquisition="source",
        loyalty_card="loyalty_card_id",
        created_at=iso_instant("created"),
        updated_at=iso_instant("updated"),
        deleted_at=iso_instant("deleted"),
    )
