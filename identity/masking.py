"""Show just enough of a value for a person to recognise it."""

from __future__ import annotations


def mask_value(kind: str | None, value: str | None) -> str | None:
    """Return a value with its middle hidden: `m***a@gmail.com`, `+55*******67`, `*********25`, `M*** S***`."""
    if value is None:
        return None
    if kind == "email" and "@" in value:
        user, _, domain = value.partition("@")
        hidden = f"{user[0]}***{user[-1]}" if len(user) > 2 else "***"
        return f"{hidden}@{domain}"
    if kind in ("phone", "local_number"):
        start = value[:3] if value.startswith("+") else ""
        return start + "*" * max(len(value) - len(start) - 2, 3) + value[-2:]
    if kind == "name":
        return " ".join(f"{word[0]}***" for word in value.split())
    if kind == "birth_date":
        return f"{value[:4]}-**-**"
    return "*" * max(len(value) - 2, 3) + value[-2:]
