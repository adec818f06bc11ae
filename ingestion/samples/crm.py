"""The CRM and the older register it replaces: customers, with updates, and contacts of companies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.catalogue import DEPARTMENTS
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.profiles import render
from ingestion.samples.random_streams import pick
from ingestion.samples.recipes import CRM
from ingestion.samples.registers import registered_on
from ingestion.samples.seasons import AS_OF_SECONDS, instants, iso_instant, local_text, utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block

_CSV = Form("csv")
_OLD = Form("csv", ";", "cp1252", ",")
CUSTOMERS = FeedFiles(
    "crm_customers",
    "crm_customers",
    "crm/customers",
    _CSV,
    "customer_id",
    (
        ("updated_at", "soon", "type_mismatch"),
        ("birth_date", "1985-13-40", "type_mismatch"),
        ("birth_date", "2099-01-01", "absurd_date"),
        ("gender", "F?", "not_in_vocabulary"),
    ),
    is_torn=True,
)
LEGACY = FeedFiles(
    "crm_customers",
    "crm_legacy_customers",
    "crm_legacy/cadastro",
    _OLD,
    "CODIGO",
    (("DT_CADASTRO", "00/00/0000", "type_mismatch"), ("DT_NASC", "31/02/1980", "type_mismatch")),
)
_ROLES = ("Sócio", "Diretora", "Compras", "Financeiro", "Recepção")
_LEVELS = ("decider", "decider", "buyer", "influencer", "user")
_CHANNELS = ("email", "whatsapp", "sms", "push", "telemarketing", "direct_mail")
_ORIGINS = ("store", "site", "referral", "paid_social", "paid_search", "call_center", "partner_store")
_INCOMES = ("0-2", "2-5", "5-10", "10-20", "20+")


def crm_ids(block: Block) -> pl.Series:
    """Return the customer id of each profile of the CRM."""
    return pl.Series(block.first_number(4) + np.arange(len(block.registers.crm.owner))).cast(pl.String)


def write_customers(block: Block) -> None:
    """Write the CRM's customers: registrations by period, then a file of updates with newer versions."""
    rng = block.streams.of("crm customers")
    register, ids = block.registers.crm, crm_ids(block)
    days = registered_on(block.traits, register, rng)
    registered = instants(rng, days, "office", block.offset)
    updated = np.minimum(registered + (rng.random(len(days)) * 150 * 86400).astype(np.int64), AS_OF_SECONDS - 5 * 86400)
    updated = np.maximum(updated, registered)
    frame = pl.DataFrame({"customer_id": ids, "registered": utc_times(registered), "updated": utc_times(updated)})
    frame = frame.with_columns(*register.profiles, *_facts(block, rng))
    older_rows = np.flatnonzero((rng.random(len(days)) < 0.03) & (updated > registered))
    older = frame[older_rows].with_columns(
        updated=pl.col("registered"), email=pl.lit(None, dtype=pl.String), interests=pl.lit(None, dtype=pl.String)
    )
    deliver(block.landing, CUSTOMERS, _rows(frame), days, block.streams, older=_rows(older), older_rows=older_rows)
    _write_updates(block, frame, updated, rng)
    block.truth.records("crm_customers", "crm", ids, block.people.ids(register.owner))


def _write_updates(block: Block, frame: pl.DataFrame, updated: NDArray[Any], rng: np.random.Generator) -> None:
    """Write newer versions: people who moved, changed phone or corrected their data, and a few deletions."""
    changed = np.flatnonzero((rng.random(len(frame)) < 0.05) & (updated < AS_OF_SECONDS - 10 * 86400))
    again = render(block.people, block.registers.crm.owner[changed], CRM, block.streams.of("crm updates"))
    at = np.minimum(updated[changed] + rng.integers(5 * 86400, 300 * 86400, len(changed)), AS_OF_SECONDS - 3600)
    gone = pl.Series(rng.random(len(changed)) < 0.06)
    newer = (
        frame[changed]
        .with_columns(*again, updated=utc_times(at))
        .with_columns(deleted=pl.when(gone).then("updated"))
        .with_columns(*_careers(rng.random(len(changed))))
    )
    block.landing.write(CUSTOMERS, "crm/customers_updates.csv", _rows(newer), "newer")


def _careers(luck: NDArray[Any]) -> list[pl.Expr]:
    """Return what became of the contacts of companies: half were promoted, a quarter left."""
    left, promoted = pl.Series(luck < 0.25), pl.Series(luck > 0.5) & pl.col("company_id").is_not_null()
    return [
        pl.when(~left).then("company_id").alias("company_id"),
        pl.when(promoted).then(pl.lit("Diretora")).when(~left).then("role").alias("role"),
        pl.when(promoted).then(pl.lit("decider")).when(~left).then("level").alias("level"),
    ]


def _facts(block: Block, rng: np.random.Generator) -> list[pl.Series]:
    owner = block.registers.crm.owner
    count = len(owner)
    entities = block.people.entities[owner]
    company = owner >= block.people.person_count

    def some(values: pl.Series, share: float) -> pl.Series:
        return values.set(pl.Series(rng.random(count) >= share), None)

    first = block.people.person_count
    employer = (owner * 7919) % (len(block.people) - first)
    works = (rng.random(count) < 0.05) & ~company
    role = rng.integers(0, len(_ROLES), count)
    departments = np.array(list(DEPARTMENTS))
    liked = departments[block.traits.interest[owner]]
    other = departments[rng.integers(0, len(departments), count)]
    favourite = np.array(_CHANNELS)[block.traits.favourite[owner]]
    return [
        pl.Series("kind", np.where(company, "company", "person")),
        some(entities["gender"], 0.7).alias("gender"),
        some(
            pl.Series(np.array(["solteiro", "casado", "divorciado", "viúvo"])[pick(rng, (40, 45, 11, 4), count)]), 0.4
        ).alias("marital_status"),
        some(
            pl.Series(np.array(["médio", "superior", "fundamental", "pós"])[pick(rng, (45, 30, 15, 10), count)]), 0.25
        ).alias("education"),
        some(pl.Series(np.array(_INCOMES)[pick(rng, (30, 36, 20, 10, 4), count)]), 0.35).alias("income_band"),
        some(pl.Series(liked) + ", " + pl.Series(other), 0.5).alias("interests"),
        some(pl.Series(favourite), 0.45).alias("preferred_channel"),
        pl.Series("origin", np.array(_ORIGINS)[pick(rng, (45, 18, 10, 9, 8, 6, 4), count)]),
        pl.Series("company_id", company_ids(block).gather(employer)).set(pl.Series(~works), None),
        pl.Series("role", np.array(_ROLES)[role]).set(pl.Series(~works), None),
        pl.Series("level", np.array(_LEVELS)[role]).set(pl.Series(~works), None),
        entities["is_staff"].alias("is_internal"),
        pl.Series("deleted", [None], dtype=pl.Datetime("us")).new_from_index(0, count),
    ]


def company_ids(block: Block) -> pl.Series:
    """Return the CRM's id of each company of the block."""
    index = block.people.first_index + np.arange(len(block.people) - block.people.person_count)
    return "E" + pl.Series(index).cast(pl.String).str.zfill(6)


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "customer_id",
        customer_kind="kind",
        full_name="person_name",
        tax_id="document_number",
        email="email",
        email_2="email_secondary",
        phone="phone",
        phone_2="phone_secondary",
        birth_date=pl.col("birth_date").dt.strftime("%Y-%m-%d"),
        gender="gender",
        marital_status="marital_status",
        education="education",
        income_band="income_band",
        interests="interests",
        preferred_channel="preferred_channel",
        street="street",
        number="street_number",
        complement="address_complement",
        district="district",
        city="city",
        state="state_code",
        postal_code="postal_code",
        country="country_code",
        loyalty_card="loyalty_card_id",
        company_id="company_id",
        role="role",
        decision_level="level",
        is_internal="is_internal",
        acquisition_channel="origin",
        registered_at=iso_instant("registered"),
        deleted_at=iso_instant("deleted"),
        updated_at=iso_instant("updated"),
    )


def write_legacy(block: Block) -> None:
    """Write the old register: capitals, semicolons, local dates, Windows characters."""
    rng = block.streams.of("legacy customers")
    register = block.registers.legacy
    days = np.minimum(registered_on(block.traits, register, rng), 200)
    numbers = block.first_number(4) + np.arange(len(days))
    frame = pl.DataFrame({"CODIGO": numbers, "at": utc_times(instants(rng, days, "office", block.offset))})
    profile = register.profiles
    frame = frame.with_columns(*profile).select(
        "CODIGO",
        NOME="person_name",
        DOCUMENTO="document_number",
        E_MAIL="email",
        FONE="phone",
        FONE2="phone_secondary",
        DT_NASC=pl.col("birth_date").dt.strftime("%d/%m/%Y"),
        ENDERECO="street",
        NUM="street_number",
        COMPL="address_complement",
        BAIRRO="district",
        CIDADE="city",
        UF="state_code",
        CEP="postal_code",
        DT_CADASTRO=local_text("at", block.zone, "%d/%m/%Y %H:%M:%S"),
        OBS=pl.when(pl.Series(rng.random(len(days)) < 0.03)).then(pl.lit("limite € 500 – revisar")),
    )
    deliver(block.landing, LEGACY, frame, days, block.streams)
    block.truth.records("crm_customers", "crm_legacy", frame["CODIGO"], block.people.ids(register.owner))
