"""Normalise tax and identity documents and check their digits."""

from __future__ import annotations

from collections.abc import Sequence

from identity.normalising.stages import Normaliser

PERSON_KINDS = ("cpf", "dni", "nie", "nif", "other")
COMPANY_KINDS = ("cnpj", "nipc", "cif")
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_CIF_LETTERS = "JABCDEFGHI"


def _digit(column: str, position: int) -> str:
    return f"(ascii({column}[{position}]) - 48)"


def _weighted(column: str, weights: Sequence[int]) -> str:
    return "(" + " + ".join(f"{_digit(column, place)} * {weight}" for place, weight in enumerate(weights, 1)) + ")"


def _check(column: str, weights: Sequence[int]) -> str:
    """Return SQL for the modulo 11 digit in which remainders 0 and 1 give 0, that CPF, CNPJ and NIF share."""
    return f"({_weighted(column, weights)} * 10 % 11 % 10)"


def _cpf_valid(number: str) -> str:
    """Return SQL that checks eleven digits as one number: half the time of cutting them out of a text."""
    digits = [f"({number} // {10 ** (11 - place)} % 10)" for place in range(1, 12)]

    def check(count: int) -> str:
        weighted = " + ".join(f"{digit} * {count + 1 - place}" for place, digit in enumerate(digits[:count]))
        return f"({weighted}) * 10 % 11 % 10 = {digits[count]}"

    return f"({number} is not null and {check(9)} and {check(10)} and {number} % 11111111111 <> 0)"


def _cnpj_valid(column: str) -> str:
    first, second = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return (
        f"(regexp_full_match({column}, '[0-9A-Z]{{12}}[0-9]{{2}}') and {column} <> repeat({column}[1], 14) "
        f"and {_check(column, first)} = {_digit(column, 13)} and {_check(column, second)} = {_digit(column, 14)})"
    )


def _nif_valid(column: str) -> str:
    return (
        f"(regexp_full_match({column}, '([1235689][0-9]|45|7[0124578])[0-9]{{7}}') "
        f"and {column} <> repeat({column}[1], 9) and {_check(column, range(9, 1, -1))} = {_digit(column, 9)})"
    )


def _dni_letter(number: str) -> str:
    return f"substr('{_DNI_LETTERS}', cast(try_cast({number} as BIGINT) % 23 as BIGINT) + 1, 1)"


def _nie_number(column: str) -> str:
    return f"(cast(strpos('XYZ', {column}[1]) - 1 as VARCHAR) || {column}[2:8])"


def _cif_valid(column: str) -> str:
    even = " + ".join(_digit(column, place) for place in (3, 5, 7))
    odd = " + ".join(
        f"({_digit(column, place)} * 2 // 10 + {_digit(column, place)} * 2 % 10)" for place in (2, 4, 6, 8)
    )
    control = f"((10 - ({even} + {odd}) % 10) % 10)"
    # sources differ on which kinds of organisation have a letter at the end and which a digit: either is good
    return (
        f"(regexp_full_match({column}, '[ABCDEFGHJNPQRSUVW][0-9]{{7}}[0-9A-J]') "
        f"and {column}[9] in (substr('{_CIF_LETTERS}', {control} + 1, 1), cast({control} as VARCHAR)))"
    )


DOCUMENTS = Normaliser(
    inputs=("value", "country"),
    stages=(
        {"text": r"regexp_replace(upper(trim({value})), '[^0-9A-Z]', '', 'g')"},
        {
            "country_text": "case when {country} = 'PT' then regexp_replace({text}, '^PT', '') "
            "when {country} = 'ES' then regexp_replace({text}, '^ES', '') else {text} end",
        },
        {
            # numbers lose leading zeros when a spreadsheet has read them: 9 or 10 digits were a CPF, 12 or 13 a CNPJ
            "padded": "case when {country} = 'BR' and regexp_full_match({country_text}, '[0-9]{9,10}') "
            "then lpad({country_text}, 11, '0') "
            "when {country} = 'BR' and regexp_full_match({country_text}, '[0-9]{12,13}') "
            "then lpad({country_text}, 14, '0') "
            "when {country} = 'ES' and regexp_full_match({country_text}, '[0-9]{5,7}[A-Z]') "
            "then lpad({country_text}, 9, '0') else {country_text} end",
        },
        {"eleven": "case when regexp_full_match({padded}, '[0-9]{11}') then cast({padded} as BIGINT) end"},
        {
            "kind": "case "
            f"when {{country}} = 'PT' and {_nif_valid('{padded}')} then "
            "case when {padded}[1] in ('1', '2', '3') or {padded}[1:2] = '45' then 'nif' else 'nipc' end "
            "when {country} = 'ES' and regexp_full_match({padded}, '[0-9]{8}[A-Z]') "
            f"and {{padded}}[9] = {_dni_letter('{padded}[1:8]')} then 'dni' "
            "when {country} = 'ES' and regexp_full_match({padded}, '[XYZ][0-9]{7}[A-Z]') "
            f"and {{padded}}[9] = {_dni_letter(_nie_number('{padded}'))} then 'nie' "
            f"when {{country}} = 'ES' and {_cif_valid('{padded}')} then 'cif' "
            f"when {_cpf_valid('{eleven}')} then 'cpf' when {_cnpj_valid('{padded}')} then 'cnpj' "
            "when {country} not in ('BR', 'PT', 'ES') and regexp_full_match({padded}, '[0-9A-Z]{5,20}') "
            "and regexp_matches({padded}, '[0-9]{3}') and {padded} <> repeat({padded}[1], length({padded})) "
            "then 'other' end",
        },
        {
            # published in every tutorial and typed at every till
            "is_example": "{padded} in ('12345678909', '01234567890', '123456789', '12345678Z', '00000000T')",
        },
        {
            "document": "case when not {is_example} then nullif({padded}, '') end",
            "document_kind": "case when not {is_example} then {kind} end",
            "is_valid_document": "coalesce({kind} <> 'other', false) and not {is_example}",
            "is_company_document": "{kind} in ('cnpj', 'nipc', 'cif') and not {is_example}",
        },
    ),
    outputs=("document", "document_kind", "is_valid_document", "is_company_document"),
)
"""`document` is the bare number, upper case, with lost leading zeros put back; the kind is null when no check digit
fits.

CPF and CNPJ: modulo 11 (Receita Federal); letters in a CNPJ count as their ASCII code less 48 (IN RFB 2.229/2024, in
use from July 2026). NIF and NIPC: modulo 11 over nine digits, the first of which says who it is (Portuguese tax
authority). DNI: modulo 23 letter; NIE: the same with X, Y, Z read as 0, 1, 2; CIF: the control of Orden EHA/451/2008.
Elsewhere a number of 5 to 20 characters with three digits in a row counts as `other`. It is not valid: no
digit says that it was typed as it was issued, and two that differ may be one person's.
"""
