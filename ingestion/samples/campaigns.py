"""Campaigns of every medium, whom they reach, who is held back as control, and what they truly cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.crm import crm_ids
from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.lookups import taken, taken_rows
from ingestion.samples.purchases import Purchases, joined, timed
from ingestion.samples.seasons import AS_OF_SECONDS, DAY_COUNT, dates, instants, iso_instant, utc_times
from ingestion.samples.traits import LISTENING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block

_CSV = Form("csv")
CONTACTS = FeedFiles(
    "campaign_contacts",
    "campaign_contacts",
    "campaigns/contacts",
    _CSV,
    "contact_id",
    (
        ("sent_at", "yesterday", "type_mismatch"),
        ("channel", "pigeon", "not_in_vocabulary"),
        ("campaign_id", "", "required_missing"),
    ),
    is_torn=True,
)
CAMPAIGNS = FeedFiles("campaigns", "campaigns", "campaigns/campaigns", _CSV, "campaign_id")
CAMPAIGN_COUNT = 42
WINDOW_DAYS = 10
CONTROL_SHARE = 0.12
EFFECTS = {
    "email": 0.018,
    "whatsapp": 0.042,
    "sms": 0.014,
    "push": 0.010,
    "telemarketing": 0.060,
    "direct_mail": 0.026,
    "catalog": 0.034,
}
"""Chance that a contact makes a mean person buy who would not have: 1.8 times as much on the favourite channel."""
COST_CENTS = {"email": 1, "whatsapp": 35, "sms": 9, "push": 0, "telemarketing": 480, "direct_mail": 310, "catalog": 690}
_FAVOURITE_FACTOR, _OTHER_FACTOR = 1.8, 0.7
_TURN = ("email", "whatsapp", "email", "sms", "push", "email", "direct_mail", "whatsapp", "telemarketing", "catalog")
_THEMES = (
    "Volta às aulas",
    "Dia das mães",
    "Inverno",
    "Aniversário",
    "Black Friday",
    "Natal",
    "Liquidação",
    "Novidades",
    "Clube",
    "Reposição",
)
_HOURS = {"telemarketing": "office", "direct_mail": "office", "catalog": "office"}
IDS_PER_PERSON = 60


@dataclass(frozen=True)
class Calendar:
    """All campaigns, the same for every block: one value per campaign."""

    channel: NDArray[Any]
    day: NDArray[np.int64]
    share: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.day)


def make_calendar() -> Calendar:
    """Return the campaigns of two years, about one every 17 days, the last one shortly before the end."""
    number = np.arange(CAMPAIGN_COUNT)
    channel = np.array(_TURN)[number % len(_TURN)]
    share = np.array([{"telemarketing": 0.06, "catalog": 0.12, "direct_mail": 0.14}.get(one, 0.26) for one in channel])
    return Calendar(channel, 18 + number * 17, share)


@dataclass(frozen=True)
class Contacts:
    """One value per contact of a block."""

    person: NDArray[np.int64]
    campaign: NDArray[np.int64]
    channel: NDArray[Any]
    at: NDArray[np.int64]
    is_control: NDArray[np.bool_]
    status: NDArray[Any]
    effect: NDArray[np.float64]
    """True chance that this contact, when sent, adds a purchase."""
    ids: pl.Series
    profile: NDArray[np.int64]
    """Row of the mailing register that the row is written from, -1 when it points at the CRM or the shop."""
    crm: NDArray[np.int64]
    """Row of the CRM register that the row points at, -1 for none."""

    def __len__(self) -> int:
        return len(self.person)

    @property
    def is_sent(self) -> NDArray[np.bool_]:
        """Tell which contacts really went out."""
        return ~self.is_control & (self.status == "sent")


def plan_contacts(block: Block, calendar: Calendar) -> Contacts:
    """Draw who is targeted by each campaign: people in the CRM or on the mailing list who were customers by then."""
    rng = block.streams.of("campaign contacts")
    registers, traits = block.registers, block.traits
    known = (registers.crm.count > 0) | (registers.mailing.count > 0)
    chosen = []
    for number in range(len(calendar)):
        draw = rng.random(len(known)) < calendar.share[number]
        chosen.append(np.flatnonzero(draw & known & (traits.first_day <= calendar.day[number])))
    person = np.concatenate(chosen)
    campaign = np.repeat(np.arange(len(calendar)), [len(one) for one in chosen])
    channel, day = calendar.channel[campaign], calendar.day[campaign]
    online, office = instants(rng, day, "online", block.offset), instants(rng, day, "office", block.offset)
    at = np.where(np.isin(channel, list(_HOURS)), office, online)
    favourite = np.array(LISTENING)[traits.favourite[person]] == np.where(channel == "catalog", "direct_mail", channel)
    base = np.array([EFFECTS[one] for one in calendar.channel])[campaign]
    count = len(person)
    crm = registers.crm.some_profile(person, rng)
    mailing = registers.mailing.some_profile(person, rng)
    use_crm = (crm >= 0) & ((mailing < 0) | (rng.random(count) < 0.6))
    return Contacts(
        person=person,
        campaign=campaign,
        channel=channel,
        at=np.minimum(at, AS_OF_SECONDS - 900),
        is_control=rng.random(count) < CONTROL_SHARE,
        status=np.array(["sent", "failed", "suppressed"])[np.searchsorted([0.965, 0.985], rng.random(count))],
        effect=base * np.where(favourite, _FAVOURITE_FACTOR, _OTHER_FACTOR),
        ids="K" + pl.Series(block.first_number(IDS_PER_PERSON) + np.arange(count)).cast(pl.String),
        profile=np.where(use_crm, -1, mailing),
        crm=np.where(use_crm, crm, -1),
    )


def with_caused_purchases(block: Block, contacts: Contacts, base: Purchases) -> Purchases:
    """Return all purchases: the base and those that contacts caused, which use the campaign's coupon."""
    rng = block.streams.of("caused purchases")
    caused = np.flatnonzero(contacts.is_sent & (rng.random(len(contacts)) < contacts.effect))
    sent_day = make_calendar().day[contacts.campaign[caused]]
    day = sent_day + 1 + rng.integers(0, WINDOW_DAYS - 1, len(caused))
    inside = day < DAY_COUNT
    caused, day = caused[inside], day[inside]
    more = timed(
        block.people,
        block.traits,
        rng,
        contacts.person[caused],
        day,
        contact=caused,
        campaign=contacts.campaign[caused],
    )
    return joined(base, more)


def write_contacts(block: Block, contacts: Contacts) -> None:
    """Write the contacts: a reference into the CRM, or the few fields a mailing list holds."""
    day = make_calendar().day[contacts.campaign]
    person = taken_rows(block.registers.mailing.profiles, contacts.profile).select(
        name="person_name", email="email", phone="phone"
    )
    reference = taken(crm_ids(block), contacts.crm)
    cost = np.array([COST_CENTS[one] for one in make_calendar().channel])[contacts.campaign] * contacts.is_sent
    frame = (
        pl.DataFrame({"contact_id": contacts.ids, "campaign_id": campaign_ids(contacts.campaign), "crm_id": reference})
        .with_columns(
            *person,
            channel=pl.Series(contacts.channel),
            at=utc_times(contacts.at),
            control=pl.Series(contacts.is_control),
            status=pl.Series(np.where(contacts.is_control, "planned", contacts.status)),
            cost=pl.Series(cost),
            variant=pl.Series(np.where(contacts.person % 2 == 0, "A", "B")),
        )
        .select(
            "contact_id",
            "campaign_id",
            "crm_id",
            "name",
            "email",
            "phone",
            "channel",
            sent_at=iso_instant("at"),
            control="control",
            status="status",
            variant="variant",
            cost=_CSV.amount(pl.col("cost")),
        )
    )
    deliver(block.landing, CONTACTS, frame, day, block.streams)
    anonymous = frame.select(pl.all_horizontal(pl.col("crm_id", "name", "email", "phone").is_null())).to_series()
    owner = np.where(contacts.crm >= 0, block.registers.crm.owner[contacts.crm], contacts.person)
    block.truth.records("campaign_contacts", "campaign", contacts.ids, block.people.ids(owner), is_anonymous=anonymous)


def campaign_ids(numbers: NDArray[Any]) -> pl.Series:
    """Return the campaign identifiers of campaign numbers."""
    return "C" + pl.Series(np.asarray(numbers) + 1).cast(pl.String).str.zfill(3)


def write_campaigns(block: Block) -> None:
    """Write the list of campaigns; the first block does it for all."""
    calendar = make_calendar()
    number = np.arange(len(calendar))
    theme = np.array(_THEMES)[number % len(_THEMES)]
    frame = pl.DataFrame(
        {
            "campaign_id": campaign_ids(number),
            "name": pl.Series(theme) + " " + pl.Series(number + 1).cast(pl.String),
            "channel": calendar.channel,
            "objective": np.where(number % 4 == 3, "reactivation", "sales"),
            "subject": pl.Series(theme) + ": 15% para você",
            "message": pl.Series(theme) + ". Use o cupom.",
            "offer": "CAMP" + pl.Series(number).cast(pl.String),
            "starts": dates(calendar.day),
            "ends": dates(calendar.day + WINDOW_DAYS),
            "window_days": WINDOW_DAYS,
            "planned_cost": _planned(calendar),
            "updated": utc_times(instants(block.streams.of("campaigns"), calendar.day - 3, "office", block.offset)),
        }
    ).with_columns(pl.col("starts", "ends").dt.strftime("%Y-%m-%d"), updated=iso_instant("updated"))
    block.landing.write(CAMPAIGNS, "campaigns/campaigns.csv", frame)


def _planned(calendar: Calendar) -> pl.Series:
    cents = np.array([50_000 + 1000 * COST_CENTS[one] for one in calendar.channel])
    return pl.DataFrame({"cents": cents}).select(_CSV.amount(pl.col("cents"))).to_series()
