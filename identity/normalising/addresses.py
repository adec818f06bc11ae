"""Normalise the parts of a postal address that matching and households compare."""

from __future__ import annotations

from identity.normalising.stages import Normaliser

POSTAL_CODES = Normaliser(
    inputs=("value", "country"),
    stages=(
        {
            "digits": "regexp_replace({value}, '[^0-9]', '', 'g')",
            "text": "regexp_replace(upper(trim({value})), '[^0-9A-Z]', '', 'g')",
        },
        {
            "number": "case when {country} = 'BR' and length({digits}) = 7 then '0' || {digits} "
            "when {country} = 'ES' and length({digits}) = 4 then '0' || {digits} else {digits} end",
        },
        {
            "postal_code": "case when {number} <> '' and {number} = repeat({number}[1], length({number})) "
            "and {country} in ('BR', 'PT', 'ES') then null "
            "when {country} = 'BR' then case when regexp_full_match({number}, '[0-9]{8}') and {number} >= '01000000' "
            "then {number} end "
            "when {country} = 'PT' then case when regexp_full_match({number}, '[1-9][0-9]{6}') then {number} "
            "when regexp_full_match({number}, '[1-9][0-9]{3}') then {number} end "
            "when {country} = 'ES' then case when regexp_full_match({number}, '(0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3}') "
            "then {number} end "
            "when regexp_full_match({text}, '[0-9A-Z]{3,10}') and regexp_matches({text}, '[0-9]') then {text} end",
        },
    ),
    outputs=("postal_code",),
)
"""Bare postal code: CEP of eight digits from 01000 (Correios), código postal of 4 or 7 digits from 1000 (CTT), código
postal of five digits with a province from 01 to 52 (Correos); elsewhere 3 to 10 letters and digits."""

STREET_NUMBERS = Normaliser(
    inputs=("value",),
    stages=(
        {"text": r"regexp_replace(upper(strip_accents(trim({value}))), '^(N[O.º°]*|NUM(ERO)?|NRO|#)\.?:?\s*', '')"},
        {"number": "ltrim(regexp_extract({text}, '^[0-9]{1,6}'), '0')"},
        {
            "letter": r"regexp_extract({text}, '^[0-9]{1,6}\s*[-/]?\s*([A-Z])$', 1)",
            "is_none": r"regexp_full_match({text}, 'S[/.\- ]*N\.?|SEM NUMERO|SIN NUMERO|0+')",
        },
        {"street_number": "case when not {is_none} then nullif({number} || {letter}, '') end"},
    ),
    outputs=("street_number",),
)
"""House number without prefix and leading zeros, with its letter (`12 - B` is `12B`); `S/N` is no number."""

_DOOR_WORDS = (
    "APARTAMENTO", "APTO", "APT", "AP", "BLOCO", "BL", "TORRE", "CASA", "CS", "SALA", "SL", "ANDAR", "FUNDOS", "FDS",
    "LOJA", "CONJUNTO", "CJ", "QUADRA", "QD", "LOTE", "LT", "PISO", "PLANTA", "PUERTA", "PTA", "ESCALERA", "ESC",
    "ESQUERDO", "DTO", "DIREITO", "FRENTE", "NUMERO", "N",
)  # fmt: skip
COMPLEMENTS = Normaliser(
    inputs=("value",),
    stages=(
        {"text": r"regexp_replace(upper(strip_accents(trim({value}))), '[^0-9A-Z]+', ' ', 'g')"},
        {
            # "Apto 12 Bloco B", "ap 12 bl B" and "AP.12-B" name the same door
            "door": rf"regexp_replace({{text}}, '\b({'|'.join(_DOOR_WORDS)})\b', '', 'g')",
        },
        {"complement": "nullif(regexp_replace({door}, ' ', '', 'g'), '')"},
    ),
    outputs=("complement",),
)
"""Key of the door within a house: the numbers and letters that are left when the words for flat, block, floor go."""

BIRTH_DATES = Normaliser(
    inputs=("value", "as_of"),
    stages=(
        {"date": "try_cast({value} as DATE)"},
        {
            # 1 January 1900, 1970 and 2000 are what systems write when they know nothing
            "birth_date": "case when {date} between date '1905-01-01' and try_cast({as_of} as DATE) and {date} not in "
            "(date '1970-01-01', date '1911-11-11', date '2000-01-01', date '1980-01-01') then {date} end",
        },
    ),
    outputs=("birth_date",),
)
"""Birth date that a living customer can have, without the dates that stand for `unknown`."""
