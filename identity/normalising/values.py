"""Normalise single values with the SQL that the pipeline runs, for look-ups and corrections."""

from __future__ import annotations

from typing import Any

from identity.normalising.documents import DOCUMENTS
from identity.normalising.emails import EMAILS
from identity.normalising.names import NAMES
from identity.normalising.phones import PHONES
from identity.normalising.stages import apply_to_value


def normalise_email(value: str | None) -> str | None:
    """Return the comparable form of an e-mail address, or None when it is not one."""
    return apply_to_value(EMAILS, value=value)["comparable"]


def normalise_phone(value: str | None, country: str = "BR") -> str | None:
    """Return a telephone number in E.164, or None when it is not a subscriber's number of the country."""
    return apply_to_value(PHONES, value=value, country=country)["phone"]


def normalise_document(value: str | None, country: str = "BR") -> tuple[str | None, str | None]:
    """Return the bare document number and its kind; the kind is None when the check digits do not fit."""
    found = apply_to_value(DOCUMENTS, value=value, country=country)
    return found["document"], found["document_kind"]


def normalise_name(value: str | None, country: str = "BR") -> dict[str, Any]:
    """Return every part of a name, for reading and for comparing (see `names.NAMES`)."""
    return apply_to_value(NAMES, value=value, country=country)
