"""The conditions that rules may name, as SQL over two profiles `a` and `b`."""

from __future__ import annotations

GIVEN_NAMES = """(
    a.given_key = b.given_key
    or jaro_winkler_similarity(a.given_key, b.given_key) >= 0.8
    or ((length(a.given_key) = 1 or length(b.given_key) = 1) and a.given_key[1] = b.given_key[1])
    or contains(a.nicknames, ' ' || b.given_key || ' ')
)"""
CONDITIONS = {
    "same_given_name": "a.given_key = b.given_key",
    # equal, a slip apart, an initial, or a nickname
    "compatible_given_name": GIVEN_NAMES,
    # people who marry keep the given name, people who go by the second one keep the family's
    "compatible_name": f"({GIVEN_NAMES} or a.family_key = b.family_key)",
    "compatible_family_name": """(
        a.family_key is null or b.family_key is null or a.family_key = b.family_key
        or contains(a.name_key, b.family_key) or contains(b.name_key, a.family_key)
    )""",
    "compatible_company_name": """(
        jaro_winkler_similarity(a.name_key, b.name_key) >= 0.85
        or len(list_intersect(string_split(a.name_key, ' '), string_split(b.name_key, ' '))) > 0
    )""",
    # documents of different kinds may be one person's (a CPF and a NIF); a person's and a company's are not
    "no_document_conflict": """(
        a.document is null or b.document is null or a.document = b.document
        or (a.document_kind <> b.document_kind and a.document_is_company = b.document_is_company)
    )""",
    # a slip in the day or the month, or the two exchanged
    "no_birth_date_conflict": """(
        a.birth_date is null or b.birth_date is null or a.birth_date = b.birth_date
        or (year(a.birth_date) = year(b.birth_date) and (
            month(a.birth_date) = month(b.birth_date) or day(a.birth_date) = day(b.birth_date)
            or (month(a.birth_date) = day(b.birth_date) and day(a.birth_date) = month(b.birth_date))
        ))
    )""",
    # Filho, Júnior, Neto: father and son share name and address
    "no_generation_conflict": "a.suffix_key is not distinct from b.suffix_key",
    # on a mobile or an e-mail, one of two records may have left the suffix out; a landline is the family's
    "no_known_generation_conflict": """(
        a.suffix_key is not distinct from b.suffix_key
        or (not a.is_landline and (a.suffix_key is null or b.suffix_key is null))
    )""",
    # Ana Clara and Ana Beatriz are sisters
    "no_middle_name_conflict": """(
        a.middle_key is null or b.middle_key is null or a.middle_key = b.middle_key
        or contains(' ' || a.middle_key || ' ', ' ' || b.middle_key || ' ')
        or contains(' ' || b.middle_key || ' ', ' ' || a.middle_key || ' ')
        or a.middle_key[1] = b.middle_key or b.middle_key[1] = a.middle_key
        or jaro_winkler_similarity(a.middle_key, b.middle_key) >= 0.8
    )""",
    "companies_only": "a.document_is_company and b.document_is_company",
    "people_only": "not a.document_is_company and not b.document_is_company",
    # so rare in the epoch that two people by chance are not to be expected; see `create_comparable`
    "rare_name": "(a.is_rare_name and b.is_rare_name)",
    # rarer still: a shorter name fits all who bear its words among others
    "rarer_name": "(a.is_rarer_name and b.is_rarer_name)",
    # one leaves out words that the other has between given and family name
    "one_name_shortened": """(
        a.name_key <> b.name_key
        and (
            a.middle_key is null or b.middle_key is null
            or contains(' ' || a.middle_key || ' ', ' ' || b.middle_key || ' ')
            or contains(' ' || b.middle_key || ' ', ' ' || a.middle_key || ' ')
        )
    )""",
    "one_lacks_area_code": "(a.lacks_area_code or b.lacks_area_code)",
    # a field of eight digits cuts a mobile's ninth and leaves what reads as a landline; a till that fills in its own
    # area code makes two whole numbers of one, for which chance asks for the family name as well
    "other_area_code_or_ninth_digit": """(
        a.lacks_area_code or b.lacks_area_code
        or (a.phone_key <> b.phone_key and (left(a.phone_key, 5) = left(b.phone_key, 5) or a.family_key = b.family_key))
    )""",
}
"""Each condition holds or not for a pair of profiles alone, and is symmetric: it can be checked for any part of the
pairs."""
BLOCK_CONDITIONS = {
    # two valid documents or two birth years beside one name and place: who shows neither could be either person
    "keys_of_one_person": """(
        coalesce(min(document) = max(document), true)
        or min(case when document is not null then document_kind end)
            <> max(case when document is not null then document_kind end)
    ) and coalesce(year(min(birth_date)) = year(max(birth_date)), true)""",
}
"""Conditions on all profiles that share the keys of a rule, as SQL aggregates: a function of one block, as a guard is
of one value."""
