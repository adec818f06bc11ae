"""The truth about people, campaign effects and consent, one table each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ingestion.samples.campaigns import EFFECTS, WINDOW_DAYS, campaign_ids
from ingestion.samples.seasons import AS_OF_SECONDS, utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block
    from ingestion.samples.campaigns import Contacts
    from ingestion.samples.purchases import Purchases
    from ingestion.samples.truth import Truth

_SUMS = ("contacts", "control", "sent", "base", "effect", "caused")
_CONSENT_OF = {
    "email": "email",
    "whatsapp": "whatsapp",
    "sms": "sms",
    "push": "push",
    "telemarketing": "phone",
    "direct_mail": "mail",
    "catalog": "mail",
}


def write_people(block: Block) -> None:
    """Write `persons`: who lives where and owns what, with the clean values that every profile was made from."""
    people = block.people
    homes = people.homes[people.home]
    clean = people.entities.with_columns(
        *homes.select("street_type", "street_name", "street_number", "city", "state_code", "postal_code")
    )
    name = pl.concat_str(
        ["given", "middle", "surname_before", "surname_one", "particle", "surname_two", "suffix"],
        separator=" ",
        ignore_nulls=True,
    )
    block.truth.append(
        "persons",
        clean.select(
            "person_id",
            pl.when(pl.Series(people.is_company)).then(pl.lit("company")).otherwise(pl.lit("person")).alias("kind"),
            "household_id",
            owner_id="owner",
            full_name=pl.coalesce("company_name", name),
            document_number="document",
            email="mail",
            family_email="family_mail",
            mobile="mobile",
            recycled_mobile="recycled_mobile",
            landline="landline",
            birth_date="birth_date",
            gender="gender",
            loyalty_card_id="loyalty_card",
            is_staff="is_staff",
            is_twin="is_twin",
            is_namesake="is_namesake",
            street=pl.col("street_type") + " " + pl.col("street_name"),
            street_number="street_number",
            city="city",
            state_code="state_code",
            postal_code="postal_code",
            has_moved=pl.Series(people.home != people.earlier_home),
            yearly_rate=pl.Series(block.traits.rate),
            online_share=pl.Series(block.traits.online_share),
            favourite_channel=pl.Series(block.traits.favourite).replace_strict(
                dict(enumerate(("email", "whatsapp", "sms", "push", "telemarketing", "direct_mail"))),
                return_dtype=pl.String,
            ),
        ),
    )


def write_messes(block: Block) -> None:
    """Write `messes`: how often each register of the block holds a value that belongs to nobody or to somebody else."""
    people, locale = block.people, block.people.locale
    cashiers = people.entities["document"][: people.cashier_count]
    document = pl.col("document_number").str.replace_all(r"[^0-9A-Za-z]", "").str.to_uppercase()
    rows = []
    for name, register in vars(block.registers).items():
        profiles = register.profiles.with_columns(owner=pl.Series(register.owner))
        counts = profiles.select(
            profiles=pl.len(),
            second_profile=pl.len() - pl.col("owner").n_unique(),
            store_email=(pl.col("email") == locale.store_email).sum(),
            placeholder_email=pl.col("email").is_in(list(locale.placeholder_emails)).sum(),
            placeholder_phone=pl.col("phone").is_in([*locale.placeholder_phones, locale.store_phone]).sum(),
            placeholder_document=pl.col("document_number").is_in(list(locale.placeholder_documents)).sum(),
            placeholder_name=pl.col("person_name").is_in(list(locale.placeholder_names)).sum(),
            cashier_document=(document.is_in(cashiers.implode()) & (pl.col("owner") >= people.cashier_count)).sum(),
            no_evidence=pl.all_horizontal(pl.col("document_number", "email", "phone", "person_name").is_null()).sum(),
        )
        rows.append(
            counts.unpivot(variable_name="mess", value_name="count").select(
                pl.lit(block.streams.block).alias("block"),
                pl.lit(name).alias("register"),
                "mess",
                pl.col("count").cast(pl.Int64),
            )
        )
    block.truth.append("messes", pl.concat(rows))


def write_contact_effects(block: Block, contacts: Contacts, purchases: Purchases) -> NDArray[np.float64]:
    """Write `contact_effects`: per contact, what it truly adds, and whether its person bought anyway or because of it.

    Returns the sums of the block by channel (rows as in `EFFECTS`, columns as in `_SUMS`).
    """
    caused = np.zeros(len(contacts), dtype=bool)
    caused[purchases.contact[purchases.contact >= 0]] = True
    base = _buys_within(contacts, purchases)
    block.truth.append(
        "contact_effects",
        pl.DataFrame(
            {
                "source_contact_id": contacts.ids,
                "source_campaign_id": campaign_ids(contacts.campaign),
                "person_id": block.people.ids(contacts.person),
                "channel": contacts.channel,
                "is_control": contacts.is_control,
                "is_sent": contacts.is_sent,
                "effect_probability": contacts.effect,
                "has_base_purchase": base,
                "has_caused_purchase": caused,
            }
        ),
    )
    names = np.array(sorted(EFFECTS))
    place = np.searchsorted(names, contacts.channel)
    sent = contacts.is_sent
    values = (np.ones(len(contacts)), contacts.is_control, sent, base, sent * contacts.effect, caused)
    return np.stack([np.bincount(place, weights=one, minlength=len(names)) for one in values], axis=1)


def _buys_within(contacts: Contacts, purchases: Purchases) -> NDArray[np.bool_]:
    """Tell for each contact whether its person makes a purchase of their own in the response window."""
    base = purchases.where(purchases.contact < 0)
    span = 4_000_000_000
    keys = np.sort(base.buyer * span + base.at)
    start = contacts.person * span + contacts.at
    found = np.searchsorted(keys, start, side="right")
    following = np.append(keys, np.iinfo(np.int64).max)[found]
    return following <= start + WINDOW_DAYS * 86400


def write_channel_effects(truth: Truth, sums: NDArray[np.float64]) -> None:
    """Write `channel_effects` of the whole country from the blocks' sums; paid advertising has no effect at all."""
    counts = pl.DataFrame(sums, schema=list(_SUMS)).with_columns(channel=pl.Series(sorted(EFFECTS)))
    without = pl.col("base") / pl.col("contacts")
    added = pl.col("effect") / pl.col("sent")
    table = counts.select(
        "channel",
        contact_count=pl.col("contacts").cast(pl.Int64),
        control_count=pl.col("control").cast(pl.Int64),
        sent_count=pl.col("sent").cast(pl.Int64),
        caused_purchase_count=pl.col("caused").cast(pl.Int64),
        purchase_probability_without=without,
        purchase_probability_with=without + (1 - without) * added,
        incremental_probability=added,
        window_days=pl.lit(WINDOW_DAYS),
        mean_person_effect=pl.col("channel").replace_strict(EFFECTS, return_dtype=pl.Float64),
    )
    paid = pl.DataFrame({"channel": ["paid_search", "paid_social", "display"]}).with_columns(
        incremental_probability=pl.lit(0.0),
        caused_purchase_count=pl.lit(0, dtype=pl.Int64),
        mean_person_effect=pl.lit(0.0),
    )
    truth.append("channel_effects", pl.concat([table, paid], how="diagonal"))


def write_consent(
    block: Block, decisions: pl.DataFrame, contacts: Contacts, responses: pl.DataFrame, receipts: pl.DataFrame
) -> None:
    """Write `consents`: per person and channel the last decision about marketing, opt-outs and complaints included."""
    owner = block.registers.crm.owner
    said = decisions.filter(pl.col("purpose") == "marketing")
    said = said.select("consent_channel", "status", "at", person=pl.Series(owner[said["crm"].to_numpy()]))
    left = responses.filter(pl.col("type").is_in(["unsubscribe", "complaint"]))
    rows = left["contact"].to_numpy()
    channels = pl.Series(contacts.channel[rows]).replace_strict(_CONSENT_OF, return_dtype=pl.String)
    opted = pl.DataFrame({"person": contacts.person[rows], "consent_channel": channels, "at": left["at"]})
    told = receipts.filter(pl.col("response_type").is_in(["unsubscribe", "complaint"])).select(
        "person", consent_channel="channel", at="at"
    )
    revoked = pl.concat([opted, told]).with_columns(status=pl.lit("revoked"))
    last = (
        pl.concat([said, revoked.select(said.columns)])
        .sort("person", "consent_channel", "at", "status", maintain_order=True)
        .unique(["person", "consent_channel"], keep="last", maintain_order=True)
    )
    block.truth.append(
        "consents",
        last.select(
            person_id=pl.Series(block.people.ids(last["person"].to_numpy())),
            consent_channel="consent_channel",
            status="status",
            decided_at=utc_times(last["at"].to_numpy()),
        ),
    )


def write_service(block: Block, contacts: pl.DataFrame, contracts: pl.DataFrame) -> None:
    """Write `open_complaints` and `contracts_ending`: whom a campaign must leave alone, and whom it should remind."""
    waiting = contacts.filter(
        (pl.col("kind") == "complaint") & (pl.col("resolved") < 0) & (pl.col("opened") < AS_OF_SECONDS)
    )
    block.truth.append(
        "open_complaints",
        waiting.select(
            person_id=pl.Series(block.people.ids(waiting["person"].to_numpy())),
            protocol_number="protocol",
            channel="channel",
        ),
    )
    block.truth.append(
        "contracts",
        contracts.select(
            person_id=pl.Series(block.people.ids(contracts["person"].to_numpy())), status="status", end_day="ends"
        ),
    )
