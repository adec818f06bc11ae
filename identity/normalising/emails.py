"""Normalise e-mail addresses: one form to write to, one form to compare."""

from __future__ import annotations

from collections.abc import Iterable

from identity.normalising.stages import Normaliser
from workspace.sql import quote_literal

# What people type for the large providers; each right-hand side exists and each left-hand side is not a provider.
DOMAIN_TYPOS = {
    "gmial.com": "gmail.com", "gmai.com": "gmail.com", "gmal.com": "gmail.com", "gamil.com": "gmail.com",
    "gnail.com": "gmail.com", "gmaill.com": "gmail.com", "gmail.con": "gmail.com", "gmail.co": "gmail.com",
    "gmail.cm": "gmail.com", "gmail.com.br": "gmail.com", "gmail.com.pt": "gmail.com", "gmail.comm": "gmail.com",
    "gmail.coml": "gmail.com", "gmeil.com": "gmail.com", "gmail": "gmail.com", "gmil.com": "gmail.com",
    "hotmal.com": "hotmail.com", "hotmial.com": "hotmail.com", "hotmai.com": "hotmail.com",
    "hotmail.con": "hotmail.com", "hotmail.co": "hotmail.com", "hotmil.com": "hotmail.com",
    "htmail.com": "hotmail.com", "homail.com": "hotmail.com", "hotamil.com": "hotmail.com", "hotmail": "hotmail.com",
    "hotnail.com": "hotmail.com", "rotmail.com": "hotmail.com", "hotmail.comm": "hotmail.com",
    "outlok.com": "outlook.com", "outloo.com": "outlook.com", "outlook.con": "outlook.com",
    "outllok.com": "outlook.com", "otlook.com": "outlook.com", "outlook.co": "outlook.com",
    "yaho.com": "yahoo.com", "yahoo.con": "yahoo.com", "yahooo.com": "yahoo.com", "yhaoo.com": "yahoo.com",
    "yaho.com.br": "yahoo.com.br", "yahoo.com.b": "yahoo.com.br", "yahoo.combr": "yahoo.com.br",
    "yhoo.com.br": "yahoo.com.br", "yahooo.com.br": "yahoo.com.br", "iclould.com": "icloud.com",
    "icloud.con": "icloud.com", "iclod.com": "icloud.com", "icoud.com": "icloud.com", "uol.com": "uol.com.br",
    "uol.com.b": "uol.com.br", "bol.com": "bol.com.br", "terra.com": "terra.com.br", "sapo.pt.": "sapo.pt",
}  # fmt: skip
FREE_MAIL_DOMAINS = frozenset(
    {
        "gmail.com", "googlemail.com", "hotmail.com", "hotmail.com.br", "hotmail.es", "hotmail.co.uk", "hotmail.fr",
        "outlook.com", "outlook.com.br", "outlook.pt", "outlook.es", "live.com", "live.com.pt", "live.com.br",
        "msn.com", "yahoo.com", "yahoo.com.br", "yahoo.es", "yahoo.com.ar", "yahoo.com.mx", "ymail.com",
        "rocketmail.com", "icloud.com", "me.com", "mac.com", "aol.com", "uol.com.br", "bol.com.br", "terra.com.br",
        "terra.es", "ig.com.br", "globo.com", "globomail.com", "r7.com", "oi.com.br", "zipmail.com.br", "sapo.pt",
        "iol.pt", "clix.pt", "netcabo.pt", "mail.pt", "telefonica.net", "movistar.es", "ono.com", "ya.com",
        "wanadoo.es", "orange.es", "proton.me", "protonmail.com", "pm.me", "gmx.com", "gmx.es", "gmx.net",
        "mail.com", "mail.ru", "yandex.com", "zoho.com", "tutanota.com", "fastmail.com", "hey.com", "qq.com",
        "163.com",
    }
)  # fmt: skip


def _list(values: Iterable[str]) -> str:
    return ", ".join(quote_literal(value) for value in values)


_TYPOS = "MAP {" + ", ".join(f"{quote_literal(k)}: {quote_literal(v)}" for k, v in DOMAIN_TYPOS.items()) + "}"

EMAILS = Normaliser(
    inputs=("value",),
    stages=(
        {
            "lowered": "lower(case when regexp_matches({value}, '^[^a-zA-Z0-9]|[^a-zA-Z0-9]$') "
            "then trim({value}, ' <>\"''(),;') else {value} end)",
        },
        {
            "text": r"case when starts_with({lowered}, 'mailto:') or regexp_matches({lowered}, '\s') "
            r"then regexp_replace({lowered}, '^mailto:|\s', '', 'g') else {lowered} end",
        },
        {"is_shaped": r"regexp_full_match({text}, '[a-z0-9.!#$%&''*+/=?^_`\x{7c}~-]{1,64}@[a-z0-9.-]{3,190}')"},
        {
            "user": "case when {is_shaped} then split_part({text}, '@', 1) end",
            "typed_domain": "case when {is_shaped} then rtrim(split_part({text}, '@', 2), '.') end",
        },
        {
            "domain": f"case when {{typed_domain}} in ({_list(DOMAIN_TYPOS)}) "
            f"then map_extract_value({_TYPOS}, {{typed_domain}}) else {{typed_domain}} end",
        },
        {
            "is_valid": "{user} is not null and not starts_with({user}, '.') and not ends_with({user}, '.') "
            "and not contains({user}, '..') "
            r"and regexp_full_match({domain}, '([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])')",
            "base": "split_part({user}, '+', 1)",
        },
        {
            "email": "case when {is_valid} then {user} || '@' || {domain} end",
            "comparable": "case when not {is_valid} then null when {domain} in ('gmail.com', 'googlemail.com') "
            "then nullif(replace({base}, '.', ''), '') || '@gmail.com' "
            "else coalesce(nullif({base}, ''), {user}) || '@' || {domain} end",
        },
    ),
    outputs=("email", "comparable"),
)
"""`email` is the address to write to: lower case, trimmed, the domain's usual typos mended; null when it cannot be one.

`comparable` is the address to compare: without the `+tag` (RFC 5233 sub-addressing), and for Gmail without dots and
with googlemail.com folded in, as Google documents ("Dots don't matter in Gmail addresses"). The shape is the dot-atom
of RFC 5321/5322 without quoted strings, which no provider gives out.
"""


def is_free_mail(domain: str) -> str:
    """Return SQL that tells whether the SQL expression `domain` is a provider's domain, which says nothing of a
    company."""
    names = ", ".join(quote_literal(name) for name in sorted(FREE_MAIL_DOMAINS))
    return f"{domain} in ({names})"
