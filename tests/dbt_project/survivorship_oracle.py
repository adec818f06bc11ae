"""The rules of survivorship said a second time, in Python, and the models' SQL rendered without dbt to be held to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import jinja2

from dbt_project.building import PROJECT
from dbt_project.survivorship import Survivorship

Row = dict[str, Any]
MODELS = "models/intermediate/customers"
ADDRESS = (
    "street", "street_number", "address_complement", "district", "city", "state_code", "postal_code", "country_code",
)  # fmt: skip
FIELDS = {
    "name": ("full_name", "given_name", "family_name"),
    "document": ("document_number", "document_kind"),
    "birth_date": ("birth_date",),
    "gender": ("gender",),
    "email": ("email", "email_key"),
    "phone": ("phone", "phone_key", "phone_is_mobile"),
    "address": ADDRESS,
    "preferred_channel": ("preferred_channel",),
    "income": ("income_band",),
}
"""The columns that each field brings along, whole, from one record; a field is there when its first column is."""
PARTS = {
    "name": ("given_name", "family_name"),
    "document": ("document_kind",),
    "address": ("street", "street_number", "postal_code", "city"),
}
ALIKE = {
    "name": ("full_name",),
    "document": ("document_number", "document_kind"),
    "email": ("email_key",),
    "phone": ("phone_key",),
}


class _Returned(Exception):
    """What dbt's `return` hands back from a macro that gives no text."""


def render(model: str, policy: Survivorship) -> str:
    """Return the SQL of a model of the golden record under a policy; every `ref` reads the table of its name."""
    variables = {"survivorship": policy.as_variable()}
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    environment.globals |= {"ref": str, "var": variables.__getitem__, "return": _give_back}
    files = ("macros/portable/text.sql", "macros/project/survivorship.sql")
    source = "\n".join((PROJECT / file).read_text(encoding="utf-8") for file in files)
    macros = vars(environment.from_string(source).module)
    environment.globals |= {name: _called(macro) for name, macro in macros.items() if not name.startswith("_")}
    return environment.from_string((PROJECT / MODELS / f"{model}.sql").read_text(encoding="utf-8")).render()


def _give_back(value: Any) -> None:
    raise _Returned(value)


def _called(macro: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        try:
            return macro(*arguments)
        except _Returned as given:
            return given.args[0]

    return call


def golden_record(policy: Survivorship, records: Iterable[Row], confirmed: set[str]) -> Row:
    """Return the golden record of one customer: each field whole from the record that its rule chooses.

    Args:
        policy: Rules and trusted sources.
        records: Usable values of the customer's records: what is refused or unknown is None already.
        confirmed: Ids of the records whose contact proved to work.
    """
    live = [one for one in records if not one["is_deleted"]]
    golden: Row = {}
    for field, columns in FIELDS.items():
        speakers = [one for one in live if _has(field, one)]
        rule = getattr(policy.rules, field)
        best = min(speakers, key=_order(field, rule, policy, speakers, confirmed), default=None)
        golden |= {column: best[column] if best else None for column in columns}
        golden |= {
            f"{field}_record_id": best["record_id"] if best else None,
            f"{field}_source_system": best["source_system"] if best else None,
            f"{field}_rule": rule if best else None,
            f"{field}_spoken_at": spoken_at(best) if best else None,
        }
    return golden


def spoken_at(record: Row) -> datetime | None:
    """Return the instant at which a record spoke: its last change, else when it was last seen."""
    return record["updated_at"] or record["last_seen_at"]


def _has(field: str, record: Row) -> bool:
    if field == "address":
        return any(record[name] is not None for name in ("postal_code", "city", "state_code"))
    return record[FIELDS[field][0]] is not None


def _order(
    field: str, rule: str, policy: Survivorship, speakers: list[Row], confirmed: set[str]
) -> Callable[[Row], tuple[Any, ...]]:
    trusted = policy.trusted_sources

    def trust(one: Row) -> int:
        return trusted.index(one["source_system"]) if one["source_system"] in trusted else len(trusted)

    def newest(one: Row) -> float:
        instant = spoken_at(one)
        return -instant.timestamp() if instant else float("inf")

    def recent(one: Row) -> tuple[Any, ...]:
        return newest(one), not one["is_master"], trust(one), one["source_system"], one["record_id"]

    def agreeing(one: Row) -> list[Row]:
        return [other for other in speakers if _says(field, other) == _says(field, one)]

    def is_proven(one: Row) -> bool:
        if field in ("email", "phone", "address"):
            return one["record_id"] in confirmed
        return one["document_number"] is not None

    return {
        "most_recent": recent,
        "most_trusted": lambda one: (
            trust(one), not one["is_master"], newest(one), one["source_system"], one["record_id"]
        ),
        "most_frequent": lambda one: (-len(agreeing(one)), *recent(one)),
        "most_complete": lambda one: (sum(one[name] is None for name in PARTS.get(field, ())), *recent(one)),
        "verified": lambda one: (not any(is_proven(other) for other in agreeing(one)), *recent(one)),
    }[rule]  # fmt: skip


def _says(field: str, record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what of a field two records must have in common to say the same; of an address without a place, the state."""
    if field == "address":
        said = tuple(record[name] for name in ("street", "street_number", "postal_code", "city"))
        return (*said, record["state_code"] if record["postal_code"] is None and record["city"] is None else None)
    return tuple(record[name] for name in ALIKE.get(field, FIELDS[field]))
