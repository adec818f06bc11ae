"""Service contacts of all five kinds, with protocols and case threads, some still open, some on complaint sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.crm import crm_ids
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.lookups import taken, taken_rows
from ingestion.samples.random_streams import pick, repeated
from ingestion.samples.seasons import AS_OF_SECONDS, DAY_COUNT, busy_days, day_of, instants, iso_instant, utc_times

if TYPE_CHECKING:
    from ingestion.samples.block import Block

_CSV = Form("csv", ";")
SERVICE = FeedFiles(
    "crm_service_contacts",
    "crm_service_contacts",
    "crm/service_contacts",
    _CSV,
    "contact_id",
    (
        ("type", "rant", "not_in_vocabulary"),
        ("opened_at", "n/a", "type_mismatch"),
        ("satisfaction", "9", "out_of_range"),
    ),
    is_torn=True,
)
SITE = FeedFiles(
    "crm_service_contacts",
    "complaint_site_contacts",
    "complaint_site/complaints",
    Form("jsonl"),
    "id",
    (("posted_at", "n/a", "type_mismatch"),),
    is_torn=True,
)
KINDS = ("praise", "information", "complaint", "suggestion", "request")
_KIND_WEIGHTS = (5, 38, 14, 4, 39)
_CHANNELS = ("call_center", "whatsapp", "email", "chat", "chatbot", "store", "instagram", "app")
_CHANNEL_WEIGHTS = (30, 24, 14, 10, 8, 7, 4, 3)
_SUBJECTS = {
    "praise": "Atendimento elogiado",
    "information": "Prazo de entrega",
    "complaint": "Pedido atrasado",
    "suggestion": "Mais formas de pagamento",
    "request": "Segunda via da nota",
}
_CASES_PER_PURCHASE = 0.035
_CASES_PER_PERSON = 0.10
_AFTER_LATE = 0.22
IDS_PER_PERSON = 40


def write_service_contacts(block: Block, orders: pl.DataFrame) -> pl.DataFrame:
    """Write the cases that orders lead to and those about nothing in particular; return their contacts."""
    rng = block.streams.of("service")
    cases = _cases(block, orders, rng)
    contacts = _threads(block, cases, rng)
    on_site = contacts["channel"].to_numpy() == block.people.locale.complaint_site
    _write_desk(block, contacts.filter(pl.Series(~on_site)), rng)
    _write_site(block, contacts.filter(pl.Series(on_site)))
    return contacts


def _cases(block: Block, orders: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return cases: person (entity row), kind, opened_at (seconds), order columns or null, channel."""
    late = orders["is_late"].fill_null(False).to_numpy()
    about = np.flatnonzero(rng.random(len(orders)) < np.where(late, _AFTER_LATE, _CASES_PER_PURCHASE))
    after = orders["at"].to_numpy()[about] + rng.integers(3600, 12 * 86400, len(about))
    kind = np.where(late[about], 2, pick(rng, _KIND_WEIGHTS, len(about)))
    free = np.flatnonzero(rng.random(len(block.people)) < _CASES_PER_PERSON)
    begin = np.maximum(block.traits.first_day[free], 0)
    day = busy_days(rng, begin, np.full(len(free), DAY_COUNT))
    frame = pl.concat(
        [
            pl.DataFrame({"person": orders["buyer"].to_numpy()[about], "kind": kind, "opened": after}).with_columns(
                orders[about].select("source_order_id", "system")
            ),
            pl.DataFrame(
                {
                    "person": free,
                    "kind": pick(rng, _KIND_WEIGHTS, len(free)),
                    "opened": instants(rng, day, "office", block.offset),
                }
            ).with_columns(source_order_id=pl.lit(None, dtype=pl.String), system=pl.lit(None, dtype=pl.String)),
        ]
    ).filter(pl.col("opened") < AS_OF_SECONDS - 3600)
    count = len(frame)
    channel = np.array(_CHANNELS)[pick(rng, _CHANNEL_WEIGHTS, count)]
    public = (frame["kind"].to_numpy() == 2) & (rng.random(count) < 0.16)
    channel = np.where(public, block.people.locale.complaint_site, channel)
    return frame.with_columns(channel=pl.Series(channel), kind=pl.Series(np.array(KINDS)[frame["kind"].to_numpy()]))


def _threads(block: Block, cases: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return one row per contact: a case has one to four, the later ones about the same protocol."""
    complaint = (cases["kind"] == "complaint").to_numpy()
    counts = 1 + np.minimum(rng.poisson(np.where(complaint, 0.7, 0.15)), 3)
    owner, place = repeated(counts)
    gaps = place * rng.integers(6 * 3600, 5 * 86400, len(owner))
    opened = cases["opened"].to_numpy()[owner] + gaps
    number = block.first_number(IDS_PER_PERSON) + np.arange(len(cases))
    wait = (rng.exponential(np.where(complaint[owner], 40, 14)) * 3600).astype(np.int64) + 120
    solve = (rng.exponential(np.where(complaint[owner], 90, 20)) * 3600).astype(np.int64) + 300
    answered, resolved = opened + wait, opened + wait + solve
    answered = np.where((answered < AS_OF_SECONDS - 600) & (rng.random(len(owner)) < 0.985), answered, -1)
    resolved = np.where(
        (answered > 0) & (resolved < AS_OF_SECONDS - 300) & (rng.random(len(owner)) < 0.97), resolved, -1
    )
    status = np.where(resolved > 0, "resolved", np.where(answered > 0, "answered", "open"))
    mood = np.where(complaint[owner], 2.3, 4.2) + rng.normal(0, 1.0, len(owner))
    scored = (resolved > 0) & (rng.random(len(owner)) < 0.35)
    frame = cases[owner].with_columns(
        place=pl.Series(place),
        opened=pl.Series(opened),
        answered=pl.Series(answered),
        resolved=pl.Series(resolved),
        case_id="S" + pl.Series(number[owner]).cast(pl.String),
        status=pl.Series(status),
        protocol=pl.Series(2_026_000_000_000 + number[owner] * 7 % 1_000_000_000).cast(pl.String),
        score=pl.Series(np.where(scored, np.clip(np.rint(mood), 1, 5), np.nan)).cast(pl.Int64, strict=False),
    )
    return frame.filter(pl.col("opened") < AS_OF_SECONDS - 1200)


def _write_desk(block: Block, contacts: pl.DataFrame, rng: np.random.Generator) -> None:
    count, person = len(contacts), contacts["person"].to_numpy()
    ids = "T" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(count)).cast(pl.String)
    crm = block.registers.crm.some_profile(person, rng)
    till = block.registers.till.some_profile(person, rng)
    reference = taken(crm_ids(block), crm)
    caller = taken_rows(block.registers.till.profiles, np.where(crm >= 0, -1, till)).select(
        name="person_name", tax_id="document_number", email="email", phone="phone"
    )
    frame = contacts.with_columns(
        *caller,
        contact_id=ids,
        customer_id=reference,
        agent=pl.Series(rng.integers(1, 40, count)).cast(pl.String),
        subject=pl.col("kind").replace_strict(_SUBJECTS),
        when=utc_times(contacts["opened"].to_numpy()),
        first=utc_times(contacts["answered"].to_numpy()),
        last=utc_times(contacts["resolved"].to_numpy()),
    )
    written = frame.select(
        "contact_id",
        "customer_id",
        "name",
        "tax_id",
        "email",
        "phone",
        "channel",
        type="kind",
        protocol="protocol",
        case_id="case_id",
        subject="subject",
        status="status",
        opened_at=iso_instant("when"),
        answered_at=iso_instant("first"),
        resolved_at=iso_instant("last"),
        satisfaction="score",
        order_id="source_order_id",
        order_system="system",
        agent="agent",
        queue=pl.when(pl.col("kind") == "complaint").then(pl.lit("ouvidoria")).otherwise(pl.lit("sac")),
        updated_at=pl.coalesce(iso_instant("last"), iso_instant("first"), iso_instant("when")),
    )
    days = day_of(contacts["opened"].to_numpy(), block.offset)
    deliver(block.landing, SERVICE, written, days, block.streams)
    nobody = written.select(
        pl.all_horizontal(pl.col("customer_id", "name", "tax_id", "email", "phone").is_null())
    ).to_series()
    owner = np.where(crm >= 0, block.registers.crm.owner[crm], person)
    block.truth.records("crm_service_contacts", "crm", ids, block.people.ids(owner), is_anonymous=nobody)


def _write_site(block: Block, contacts: pl.DataFrame) -> None:
    if contacts.is_empty():
        return
    person = contacts["person"].to_numpy()
    entities = block.people.entities[person]
    ids = "RA" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(len(contacts))).cast(pl.String)
    frame = contacts.with_columns(
        id=ids,
        email=entities["mail"],
        name=pl.coalesce(entities["given"], entities["company_name"]),
        when=utc_times(contacts["opened"].to_numpy()),
        first=utc_times(contacts["answered"].to_numpy()),
        last=utc_times(contacts["resolved"].to_numpy()),
    ).select(
        "id",
        consumer=pl.struct("name", "email"),
        protocol="protocol",
        case="case_id",
        site="channel",
        title=pl.lit("Pedido atrasado"),
        status="status",
        posted_at=iso_instant("when"),
        answered_at=iso_instant("first"),
        resolved_at=iso_instant("last"),
        order="source_order_id",
        order_system="system",
        score="score",
        updated_at=pl.coalesce(iso_instant("last"), iso_instant("first"), iso_instant("when")),
    )
    deliver(block.landing, SITE, frame, day_of(contacts["opened"].to_numpy(), block.offset), block.streams)
    block.truth.records("crm_service_contacts", block.people.locale.complaint_site, ids, block.people.ids(person))
