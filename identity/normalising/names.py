"""Normalise the names of people and companies of the Portuguese and Spanish speaking world."""

from __future__ import annotations

from identity.normalising.name_words import (
    COMPANY_WORDS,
    PARTICLES,
    PLACEHOLDERS,
    SPANISH_COUNTRIES,
    SUFFIXES,
    TITLES,
)
from identity.normalising.stages import Normaliser
from workspace.sql import quote_literal


def _words(values: tuple[str, ...]) -> str:
    return "(" + "|".join(values) + ")"


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(quote_literal(value) for value in values)


_SUFFIX_MAP = "MAP {" + ", ".join(f"{quote_literal(k)}: {quote_literal(v)}" for k, v in SUFFIXES.items()) + "}"

NAMES = Normaliser(
    inputs=("value", "country"),
    stages=(
        {
            # most names are already tidy: what rewrites them runs on the others only, which halves the cost
            "tidy": r"case when contains({value}, '  ') or regexp_matches({value}, '[\t\r\n]') "
            r"then trim(regexp_replace({value}, '\s+', ' ', 'g')) else trim({value}) end",
        },
        {
            # "Silva, Maria" is how filing systems write it
            "ordered": r"case when contains({tidy}, ',') "
            r"then regexp_replace({tidy}, '^([^,]{2,60}), ?([^,]{2,60})$', '\2 \1') else {tidy} end",
        },
        {"lowered": "lower(strip_accents({ordered}))"},
        {
            "plain": "case when regexp_full_match({lowered}, '[a-z ]*') then {lowered} "
            "else translate({lowered}, '''´`’', '') end",
        },
        {
            "letters": "case when regexp_full_match({plain}, '[a-z ]*') then {plain} "
            "else trim(regexp_replace({plain}, '[^a-z]+', ' ', 'g')) end",
        },
        {
            "untitled": f"case when split_part({{letters}}, ' ', 1) in ({_list(TITLES)}) "
            f"then regexp_replace({{letters}}, '^({_words(TITLES)} )+', '') else {{letters}} end",
        },
        {
            "tokens": f"case when regexp_matches({{untitled}}, '(^| ){_words(PARTICLES)}( |$)') "
            "then trim(regexp_replace(regexp_replace(' ' || replace({untitled}, ' ', '  ') || ' ', "
            f"' {_words(PARTICLES)} ', ' ', 'g'), ' +', ' ', 'g')) else {{untitled}} end",
        },
        {
            "is_placeholder": f"{{tokens}} = '' or {{tokens}} in ({_list(PLACEHOLDERS)}) "
            f"or {{letters}} in ({_list(PLACEHOLDERS)}) or {{tokens}} = repeat({{tokens}}[1], length({{tokens}}))",
            "last": "split_part({tokens}, ' ', -1)",
            "is_company": f"regexp_matches({{letters}}, '(^| ){_words(COMPANY_WORDS)}( |$)') "
            r"or regexp_matches({plain}, ' (s[./ ]?a|m\.?e)\.?$')",
        },
        {
            "ending": f"case when {{last}} in ({_list(tuple(SUFFIXES))}) and contains({{tokens}}, ' ') "
            "then {last} end",
        },
        {
            "stem": "case when {is_placeholder} then null when {ending} is not null "
            "then left({tokens}, length({tokens}) - length({ending}) - 1) else {tokens} end",
        },
        {
            "given_key": "split_part({stem}, ' ', 1)",
            "surname": "case when contains({stem}, ' ') "
            "then case when {ending} is null then {last} else split_part({stem}, ' ', -1) end end",
        },
        {
            "middle_key": "case when length({stem}) > length({given_key}) + length({surname}) + 1 then substr({stem}, "
            "length({given_key}) + 2, length({stem}) - length({given_key}) - length({surname}) - 2) end",
        },
        {
            # in Spanish the first of two surnames is the family's; in Portuguese the last is
            "family_key": f"case when {{middle_key}} is not null and {{country}} in ({_list(SPANISH_COUNTRIES)}) "
            "then split_part({middle_key}, ' ', -1) else {surname} end",
            "suffix_key": f"case when {{ending}} is not null then map_extract_value({_SUFFIX_MAP}, {{ending}}) end",
            "full_name": "case when {is_placeholder} then null "
            # letters in both cases, as most have, are found sooner than the whole is put in either
            "when regexp_matches({ordered}, '[a-z]') and regexp_matches({ordered}, '[A-Z]') then {ordered} "
            "when {ordered} = upper({ordered}) or {ordered} = lower({ordered}) then array_to_string("
            "list_transform(string_split(lower({ordered}), ' '), "
            f"lambda w: case when w in ({_list(PARTICLES)}) then w else upper(w[1]) || w[2:] end), ' ') "
            "else {ordered} end",
        },
        {
            "name_key": "{stem}",
            "given_name": "split_part({full_name}, ' ', 1)",
            "family_name": "case when contains({full_name}, ' ') "
            "then substr({full_name}, length(split_part({full_name}, ' ', 1)) + 2) end",
            "is_company_name": "coalesce({is_company}, false)",
        },
    ),
    outputs=(
        "full_name",
        "given_name",
        "family_name",
        "name_key",
        "given_key",
        "family_key",
        "middle_key",
        "suffix_key",
        "is_company_name",
    ),
)
"""`full_name`, `given_name`, `family_name` are for people to read; the `_key` columns are for comparing.

Keys are lower case ASCII without titles, particles (da, de, dos, del, y) and generation suffixes (Filho, Júnior, Neto),
which stand in `suffix_key`. `family_key` follows the country's custom of two surnames. All are null for placeholders
such as CONSUMIDOR FINAL.
"""
