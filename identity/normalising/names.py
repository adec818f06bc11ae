"""Normalise the names of people and companies of the Portuguese and Spanish speaking world."""

from __future__ import annotations

from identity.normalising.stages import Normaliser
from workspace.sql import quote_literal

PARTICLES = ("da", "das", "de", "del", "der", "di", "do", "dos", "du", "e", "el", "la", "las", "los", "van", "von", "y")
SUFFIXES = {
    "filho": "filho", "filha": "filho", "junior": "junior", "jr": "junior", "jnr": "junior", "neto": "neto", "neta": "neto",
    "sobrinho": "sobrinho", "sobrinha": "sobrinho", "bisneto": "bisneto", "segundo": "segundo", "ii": "segundo", "iii": "terceiro",
}  # fmt: skip
TITLES = ("sr", "sra", "srta", "dr", "dra", "dom", "dona", "prof", "profa", "eng", "enga", "exmo", "exma", "don")
COMPANY_WORDS = (
    "ltda",
    "lda",
    "eireli",
    "mei",
    "epp",
    "sa",
    "slu",
    "sl",
    "sociedade",
    "comercio",
    "condominio",
    "associacao",
)
PLACEHOLDERS = (
    "consumidor", "consumidor final", "consumidor nao identificado", "cliente", "cliente balcao", "cliente padrao",
    "cliente final", "cliente avulso", "cliente diversos", "teste", "test", "teste teste", "n a", "na", "nao informado",
    "nao identificado", "sem nome", "sem cadastro", "sem identificacao", "desconhecido", "anonimo", "x", "xx", "xxx", "xxxx",
    "abc", "asdf", "fulano", "fulano de tal", "fulano tal", "none", "null", "undefined", "unknown", "admin", "venda balcao",
    "a vista", "diversos", "consumidor final pt", "cliente mostrador", "cliente contado", "varios", "sin nombre", "no informado",
)  # fmt: skip
_SPANISH = (
    "ES",
    "AR",
    "BO",
    "CL",
    "CO",
    "CR",
    "CU",
    "DO",
    "EC",
    "GT",
    "HN",
    "MX",
    "NI",
    "PA",
    "PE",
    "PY",
    "SV",
    "UY",
    "VE",
)


def _words(values: tuple[str, ...]) -> str:
    return "(" + "|".join(values) + ")"


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(quote_literal(value) for value in values)


_SUFFIX_MAP = "MAP {" + ", ".join(f"{quote_literal(k)}: {quote_literal(v)}" for k, v in SUFFIXES.items()) + "}"

NAMES = Normaliser(
    inputs=("value", "country"),
    stages=(
        {"tidy": r"trim(regexp_replace({value}, '\s+', ' ', 'g'))"},
        {
            # "Silva, Maria" is how filing systems write it
            "ordered": r"regexp_replace({tidy}, '^([^,]{2,60}), ?([^,]{2,60})$', '\2 \1')",
        },
        {"plain": "regexp_replace(lower(strip_accents({ordered})), '[''´`’]', '', 'g')"},
        {"letters": "regexp_replace({plain}, '[^a-z]+', ' ', 'g')"},
        {"untitled": f"regexp_replace(trim({{letters}}), '^(({_words(TITLES)}) )+', '')"},
        {"words": f"trim(regexp_replace(' ' || replace({{untitled}}, ' ', '  ') || ' ', ' {_words(PARTICLES)} ', ' ', 'g'))"},
        {"tokens": "regexp_replace({words}, ' +', ' ', 'g')"},
        {
            "is_placeholder": f"{{tokens}} = '' or {{tokens}} in ({_list(PLACEHOLDERS)}) "
            f"or trim({{letters}}) in ({_list(PLACEHOLDERS)}) or {{tokens}} = repeat({{tokens}}[1], length({{tokens}}))",
            "ending": f"case when contains({{tokens}}, ' ') then regexp_extract({{tokens}}, ' {_words(tuple(SUFFIXES))}$', 1) end",
        },
        {
            "stem": "case when not {is_placeholder} then case when coalesce({ending}, '') <> '' "
            "then left({tokens}, length({tokens}) - length({ending}) - 1) else {tokens} end end",
            "is_company": rf"regexp_matches({{tokens}}, '\b{_words(COMPANY_WORDS)}\b') or regexp_matches({{plain}}, '\bs[./ ]?a\.?$')",
        },
        {"parts": "string_split({stem}, ' ')"},
        {
            "given_key": "{parts}[1]",
            # in Spanish the first of two surnames is the family's; in Portuguese the last is
            "family_key": f"case when len({{parts}}) < 2 then null when len({{parts}}) > 2 and {{country}} in ({_list(_SPANISH)}) "
            "then {parts}[len({parts}) - 1] else {parts}[len({parts})] end",
            "middle_key": "case when len({parts}) > 2 then array_to_string({parts}[2:len({parts}) - 1], ' ') end",
            "suffix_key": f"map_extract_value({_SUFFIX_MAP}, nullif({{ending}}, ''))",
            "full_name": "case when {is_placeholder} then null when {ordered} = upper({ordered}) or {ordered} = lower({ordered}) "
            f"then array_to_string(list_transform(string_split(lower({{ordered}}), ' '), lambda w: case when w in ({_list(PARTICLES)}) "
            "then w else upper(w[1]) || w[2:] end), ' ') else {ordered} end",
        },
        {
            "name_key": "{stem}",
            "given_name": "split_part({full_name}, ' ', 1)",
            "family_name": "case when contains({full_name}, ' ') then substr({full_name}, length(split_part({full_name}, ' ', 1)) + 2) end",
            "is_company_name": "coalesce({is_company}, false)",
        },
    ),
    outputs=(
        "full_name", "given_name", "family_name", "name_key", "given_key", "family_key", "middle_key", "suffix_key", "is_company_name",
    ),
)  # fmt: skip
"""`full_name`, `given_name`, `family_name` are for people to read; the `_key` columns are for comparing.

Keys are lower case ASCII without titles, particles (da, de, dos, del, y) and generation suffixes (Filho, Júnior, Neto),
which stand in `suffix_key`. `family_key` follows the country's custom of two surnames. All are null for placeholders
such as CONSUMIDOR FINAL.
"""
