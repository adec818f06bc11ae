"""Normalise telephone numbers to E.164 by country."""

from __future__ import annotations

from identity.normalising.stages import Normaliser
from workspace.sql import quote_literal

# Calling codes of the countries whose national numbers we complete; the length is that of the national number.
CALLING_CODES = {
    "AO": ("244", 9, 9), "AR": ("54", 10, 10), "BO": ("591", 8, 8), "BR": ("55", 10, 11), "CL": ("56", 9, 9),
    "CO": ("57", 10, 10), "CR": ("506", 8, 8), "CV": ("238", 7, 7), "DE": ("49", 7, 11), "DO": ("1", 10, 10),
    "EC": ("593", 8, 9), "ES": ("34", 9, 9), "FR": ("33", 9, 9), "GB": ("44", 9, 10), "GT": ("502", 8, 8),
    "HN": ("504", 8, 8), "IT": ("39", 8, 11), "MX": ("52", 10, 10), "MZ": ("258", 8, 9), "NI": ("505", 8, 8),
    "PA": ("507", 7, 8), "PE": ("51", 8, 9), "PT": ("351", 9, 9), "PY": ("595", 8, 9), "SV": ("503", 8, 8),
    "US": ("1", 10, 10), "UY": ("598", 8, 8), "VE": ("58", 10, 10),
}  # fmt: skip
_NO_TRUNK_ZERO = ("IT",)
_AREA = "([14689][1-9]|2[12478]|3[1-578]|5[1345]|7[134579])"
_BR_MOBILE, _BR_FIXED = f"{_AREA}9[0-9]{{8}}", f"{_AREA}[2-5][0-9]{{7}}"
_PT_MOBILE = "9[1-36][0-9]{7}"
_PT_FIXED = "(2([12][0-9]|3[1-689]|4[1-59]|[57][1-9]|6[1-35689]|8[1-69]|9[1256])[0-9]{6}|30[0-9]{7})"
_ES_MOBILE = "(6[0-9]|7[1-48])[0-9]{7}"
_ES_FIXED = "(8([1356][0-9]|[28][0-8]|[47][1-9])|9([135][0-9]|[268][0-8]|4[1-9]|7[124-9]))[0-9]{6}"
_CODES = "MAP {" + ", ".join(f"{quote_literal(k)}: {quote_literal(v[0])}" for k, v in CALLING_CODES.items()) + "}"
_LENGTHS = " or ".join(
    f"{{code}} = {quote_literal(code)} and length({{significant}}) between {low} and {high}"
    for code, low, high in sorted({value for key, value in CALLING_CODES.items() if key not in ("BR", "PT", "ES")})
)
_KNOWN = sorted({value[0] for value in CALLING_CODES.values()}, key=lambda code: (-len(code), code))

PHONES = Normaliser(
    inputs=("value", "country"),
    stages=(
        {
            # an extension is not part of the number: "ramal 12", "ext. 5", "x12"
            "text": r"case when regexp_matches({value}, '[a-zA-Z#]') then "
            r"regexp_replace(lower(trim({value})), '(ramal|ext\.?|extensao|x|#)\s*:?\s*[0-9]{1,5}$', '') "
            "else {value} end",
        },
        {
            "digits": "regexp_replace({text}, '[^0-9]', '', 'g')",
            "is_plus": r"regexp_matches({text}, '^[^0-9]*\+')",
        },
        {
            "is_international": "{is_plus} or (starts_with({digits}, '00') and length({digits}) between 11 and 17 "
            "and ({country} <> 'BR' or starts_with({digits}, '0055')))",
            "bare": "case when {is_plus} then ltrim({digits}, '0') when starts_with({digits}, '00') "
            "then substr({digits}, 3) else {digits} end",
        },
        {
            "code": f"case when {{is_international}} then regexp_extract({{bare}}, '^({'|'.join(_KNOWN)})', 1) "
            "when {country} = 'BR' or (length({digits}) between 12 and 13 and starts_with({digits}, '55')) then '55' "
            "when length({digits}) = 12 and starts_with({digits}, '351') then '351' "
            "when length({digits}) = 11 and starts_with({digits}, '34') and {country} = 'ES' then '34' "
            f"else coalesce(map_extract_value({_CODES}, {{country}}), '') end",
        },
        {
            "national": "case when {is_international} then substr({bare}, length({code}) + 1) "
            "when {code} = '55' and length({digits}) in (12, 13) and starts_with({digits}, '55') "
            "then substr({digits}, 3) "
            "when {code} = '351' and length({digits}) = 12 then substr({digits}, 4) "
            "when {code} = '34' and length({digits}) = 11 then substr({digits}, 3) else {digits} end",
        },
        {
            # 0 + area + number, or 0 + carrier (two digits) + area + number
            "trunkless": "case when {code} in ('351', '34', '39', '') then {national} "
            "when {code} <> '55' then ltrim({national}, '0') when not starts_with({national}, '0') then {national} "
            "when length(ltrim({national}, '0')) in (12, 13) then substr(ltrim({national}, '0'), 3) "
            "else ltrim({national}, '0') end",
        },
        {
            # the ninth digit: a Brazilian mobile of eight digits, starting with 6 to 9, gained a leading 9
            "significant": "case when {code} = '55' and regexp_full_match({trunkless}, '[1-9][1-9][6-9][0-9]{7}') "
            "then substr({trunkless}, 1, 2) || '9' || substr({trunkless}, 3) "
            "when {code} = '55' and regexp_full_match({trunkless}, '[6-9][0-9]{7}') then '9' || {trunkless} "
            "when {code} = '54' and regexp_full_match({trunkless}, '9[0-9]{10}') then substr({trunkless}, 2) "
            "when {code} = '52' and regexp_full_match({trunkless}, '1[0-9]{10}') then substr({trunkless}, 2) "
            "else {trunkless} end",
        },
        {
            "is_mobile": f"case {{code}} when '55' then regexp_full_match({{significant}}, '{_BR_MOBILE}') "
            f"when '351' then regexp_full_match({{significant}}, '{_PT_MOBILE}') "
            f"when '34' then regexp_full_match({{significant}}, '{_ES_MOBILE}') else cast(null as BOOLEAN) end",
            "is_fixed": f"case {{code}} when '55' then regexp_full_match({{significant}}, '{_BR_FIXED}') "
            f"when '351' then regexp_full_match({{significant}}, '{_PT_FIXED}') "
            f"when '34' then regexp_full_match({{significant}}, '{_ES_FIXED}') else cast(null as BOOLEAN) end",
            "is_placeholder": "right({digits}, 7) = repeat(right({digits}, 1), 7) "
            "or right({digits}, 8) in ('12345678', '23456789', '87654321', '98765432', '01234567')",
        },
        {
            # a case looks at no more than it must; an `or` would compare every number with every plan
            "is_valid": "case when {is_mobile} or {is_fixed} then true when {code} in ('55', '351', '34') then false "
            "when {code} = '' then {is_international} and length({bare}) between 8 and 15 "
            f"else {_LENGTHS} end",
        },
        {
            "phone": "case when {is_valid} then '+' || case when {code} = '' then {bare} "
            "else {code} || {significant} end end",
            "is_mobile_phone": "{is_valid} and coalesce({is_mobile}, false)",
            "is_landline": "{is_valid} and coalesce({is_fixed}, false)",
            # without an area code a Brazilian number is no address, yet it still speaks for its holder
            "local_number": "case when {code} = '55' and length({significant}) between 8 and 11 "
            "and not {is_placeholder} then right({significant}, 8) end",
            "is_placeholder_number": "coalesce({is_placeholder}, false)",
        },
    ),
    outputs=("phone", "is_mobile_phone", "is_landline", "local_number", "is_placeholder_number"),
)
"""`phone` is E.164 (ITU-T), null when the text is not a subscriber's number of its country.

Brazil: area codes in use (Anatel), carrier code after a trunk zero, and the ninth digit of mobiles (Anatel resolution
553/2010, all areas since November 2016). Portugal: nine digits, mobiles 91/92/93/96 (Anacom's plan). Spain: nine
digits, mobiles 6, 71 to 74 and 78 (CNMC's plan). Elsewhere: the calling code and the length of the national number.
`local_number` is a Brazilian number without its area code; `country` is ISO 3166-1 alpha-2.
"""
