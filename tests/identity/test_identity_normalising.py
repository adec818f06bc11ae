"""Normalisers against published vectors, and against python-stdnum and phonenumbers as oracles."""

from __future__ import annotations

import string
from datetime import date

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.normalising.addresses import BIRTH_DATES, COMPLEMENTS, POSTAL_CODES, STREET_NUMBERS
from identity.normalising.countries import COUNTRIES
from identity.normalising.documents import DOCUMENTS
from identity.normalising.emails import DOMAIN_TYPOS, EMAILS, FREE_MAIL_DOMAINS
from identity.normalising.identifiers import IDENTIFIERS
from identity.normalising.names import NAMES
from identity.normalising.phones import PHONES
from identity.normalising.stages import Normaliser, apply_to_value, staged_select
from identity.normalising.values import normalise_document, normalise_email, normalise_name, normalise_phone

DIGITS = st.text(string.digits, min_size=1, max_size=14)


def many(normaliser: Normaliser, rows: list[dict[str, str | None]]) -> list[dict]:
    """Normalise a whole column at once, as the pipeline does."""
    con = duckdb.connect(config={"threads": "1"})
    names = normaliser.inputs
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).with_row_index("place")
    con.register("x", frame)
    bound = normaliser.bind("t", **{name: name for name in names})
    found = con.execute(staged_select("x", [bound], {"place": "place", **bound.outputs}) + " order by place").fetchall()
    con.close()
    return [dict(zip(normaliser.outputs, row[1:], strict=True)) for row in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Maria.Silva@Gmail.com ", "mariasilva@gmail.com"),
        ("mariasilva+loja@googlemail.com", "mariasilva@gmail.com"),
        ("m.a.r.i.a@gmial.com", "maria@gmail.com"),
        ("Ana.Lima@Hotmail.com", "ana.lima@hotmail.com"),
        ("ana.lima+news@hotmal.com", "ana.lima@hotmail.com"),
        ("<ana@empresa.com.br>", "ana@empresa.com.br"),
        ("mailto:ana@empresa.com.br", "ana@empresa.com.br"),
        ("ana@empresa.com.br;", "ana@empresa.com.br"),
        ("ana @uol.com.br", "ana@uol.com.br"),
        ("joão@uol.com.br", None),
        ("ana@empresa", None),
        ("ana@@empresa.com", None),
        ("ana..b@empresa.com", None),
        (".ana@empresa.com", None),
        ("ana@-empresa.com", None),
        ("n/a", None),
        ("", None),
        (None, None),
    ],
)
def test_email_comparison_form(text, expected):
    assert normalise_email(text) == expected


def test_email_keeps_dots_and_tag_in_the_address_to_write_to():
    assert apply_to_value(EMAILS, value="Maria.Silva+x@GMIAL.com")["email"] == "maria.silva+x@gmail.com"


def test_domain_typos_lead_to_known_providers_and_never_from_one():
    assert set(DOMAIN_TYPOS.values()) <= FREE_MAIL_DOMAINS
    assert not set(DOMAIN_TYPOS) & FREE_MAIL_DOMAINS


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("(11) 98123-4567", "BR", "+5511981234567"),
        ("11 8123-4567", "BR", "+5511981234567"),  # ninth digit
        ("1132654321", "BR", "+551132654321"),  # a landline gains none
        ("011 98123-4567", "BR", "+5511981234567"),
        ("0 15 11 98123-4567", "BR", "+5511981234567"),  # carrier 15
        ("0211132654321", "BR", "+551132654321"),  # carrier 21
        ("+55 (11) 98123-4567", "BR", "+5511981234567"),
        ("5511981234567", "BR", "+5511981234567"),
        ("551181234567", "BR", "+5511981234567"),
        ("55981234567", "BR", "+5555981234567"),  # area 55, not the country
        ("0055 11 98123 4567", "BR", "+5511981234567"),
        ("11 3265-4321 ramal 12", "BR", "+551132654321"),
        ("98123-4567", "BR", None),  # no area code
        ("(20) 98123-4567", "BR", None),  # no such area
        ("0800 123 4567", "BR", None),  # nobody's own number
        ("912 345 678", "PT", "+351912345678"),
        ("+351 912345678", "BR", "+351912345678"),
        ("00351 212 345 678", "PT", "+351212345678"),
        ("351912345678", "PT", "+351912345678"),
        ("123456789", "PT", None),
        ("612 34 56 78", "ES", "+34612345678"),
        ("+34 912 345 678", "ES", "+34912345678"),
        ("34612345678", "ES", "+34612345678"),
        ("512345678", "ES", None),
        ("+1 (650) 253-0000", "BR", "+16502530000"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("+52 1 55 1234 5678", "MX", "+525512345678"),
        ("+44 20 7946 0958", "PT", "+442079460958"),
        ("0", "BR", None),
        (None, "BR", None),
    ],
)
def test_phone_in_e164(text, country, expected):
    assert normalise_phone(text, country) == expected


def test_phone_kind_and_local_number():
    mobile = apply_to_value(PHONES, value="8123-4567", country="BR")
    assert (mobile["phone"], mobile["local_number"]) == (None, "81234567")
    assert apply_to_value(PHONES, value="(11) 98123-4567", country="BR")["is_mobile_phone"]
    assert apply_to_value(PHONES, value="(11) 3265-4321", country="BR")["is_landline"]
    assert apply_to_value(PHONES, value="(11) 99999-9999", country="BR")["is_placeholder_number"]


@pytest.mark.parametrize("country", ["BR", "PT", "ES"])
def test_phones_agree_with_phonenumbers(country):
    """Random national numbers: what we call valid, phonenumbers calls possible and reads as the same number."""
    import random

    import phonenumbers as oracle
    from phonenumbers import PhoneNumberType as Kind

    rng = random.Random(country)
    lengths = {"BR": (10, 11), "PT": (9,), "ES": (9,)}[country]
    rows = ["".join(rng.choice(string.digits) for _ in range(rng.choice(lengths))) for _ in range(2500)]
    personal = {Kind.MOBILE, Kind.FIXED_LINE, Kind.FIXED_LINE_OR_MOBILE, Kind.VOIP}
    differing = []
    for text, ours in zip(rows, many(PHONES, [{"value": text, "country": country} for text in rows]), strict=True):
        bare = text.lstrip("0")
        ninth = country == "BR" and len(bare) == 10 and bare[2] in "6789"
        try:
            parsed = oracle.parse(f"{bare[:2]}9{bare[2:]}" if ninth else text, country)
            valid = oracle.is_valid_number(parsed) and oracle.number_type(parsed) in personal
        except oracle.NumberParseException:
            valid = False
        theirs = oracle.format_number(parsed, oracle.PhoneNumberFormat.E164) if valid else None
        if theirs != ours["phone"]:
            differing.append((text, theirs, ours["phone"]))
    assert len(differing) <= 12, differing[:20]  # blocks that numbering plans have not opened yet


def test_every_area_code_of_brazil_is_known():
    from phonenumbers import is_valid_number, parse

    areas = [f"{area}" for area in range(11, 100) if is_valid_number(parse(f"+55{area}981234567"))]
    found = many(PHONES, [{"value": f"{area}981234567", "country": "BR"} for area in range(11, 100)])
    assert [row["phone"][3:5] for row in found if row["phone"]] == areas
    assert len(areas) == 67


@settings(max_examples=6, deadline=None)
@given(st.lists(st.text(string.digits, min_size=11, max_size=11), min_size=200, max_size=200))
def test_cpf_validity_agrees_with_stdnum(numbers):
    from stdnum.br import cpf

    fixed = [number[:9] + cpf._calc_check_digits(number[:9]) for number in numbers]
    rows = [text for text in numbers + fixed if text not in ("12345678909", "01234567890")]
    for text, ours in zip(rows, many(DOCUMENTS, [{"value": v, "country": "BR"} for v in rows]), strict=True):
        expected = cpf.is_valid(text) and len(set(text)) > 1
        assert (ours["document_kind"] == "cpf") == expected, text


@settings(max_examples=6, deadline=None)
@given(st.lists(st.text(string.digits + string.ascii_uppercase, min_size=12, max_size=12), min_size=100, max_size=100))
def test_alphanumeric_cnpj_validity_agrees_with_stdnum(roots):
    from stdnum.br import cnpj

    rows = [root + cnpj.calc_check_digits(root) for root in roots] + [root + "00" for root in roots]
    for text, ours in zip(rows, many(DOCUMENTS, [{"value": v, "country": "BR"} for v in rows]), strict=True):
        expected = cnpj.is_valid(text) and len(set(text)) > 1
        assert (ours["document_kind"] == "cnpj") == expected, text


@settings(max_examples=6, deadline=None)
@given(st.lists(st.text(string.digits, min_size=9, max_size=9), min_size=200, max_size=200))
def test_nif_validity_agrees_with_stdnum(numbers):
    from stdnum.pt import nif

    rows = numbers + [number[:8] + nif.calc_check_digit(number[:8]) for number in numbers]
    for text, ours in zip(rows, many(DOCUMENTS, [{"value": v, "country": "PT"} for v in rows]), strict=True):
        if ours["is_valid_document"]:
            assert nif.is_valid(text), text
        elif nif.is_valid(text) and text != "123456789" and len(set(text)) > 1:
            assert text[0] in "0478", text  # stdnum does not know which first digits are given out


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.text(string.digits, min_size=8, max_size=8), min_size=30, max_size=30),
    st.sampled_from("ABCDEFGHJNPQRSUVWXYZ"),
)
def test_spanish_documents_agree_with_stdnum(numbers, letter):
    from stdnum.es import cif, dni, nie

    rows = []
    for number in numbers:
        rows += [number + dni.calc_check_digit(number), number + "A"]
        rows += [letter + number[:7] + end for end in "0123456789ABCDEFGHIJKLTRW"]
    for text, ours in zip(rows, many(DOCUMENTS, [{"value": v, "country": "ES"} for v in rows]), strict=True):
        expected = {
            "dni": dni.is_valid(text),
            "nie": nie.is_valid(text),
            "cif": cif.is_valid(text) and text[0] in "ABCDEFGHJNPQRSUVW",
        }
        if text in ("12345678Z", "00000000T"):
            continue
        assert ours["document_kind"] == next((kind for kind, is_valid in expected.items() if is_valid), None), text


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("529.982.247-25", "BR", ("52998224725", "cpf")),
        ("1234567890", "BR", (None, None)),  # a published example, its zero lost
        ("12.ABC.345/01DE-35", "BR", ("12ABC34501DE35", "cnpj")),  # Receita Federal's example
        ("11.222.333/0001-81", "BR", ("11222333000181", "cnpj")),
        ("1222333000181", "BR", ("01222333000181", None)),
        ("PT 501 442 600", "PT", ("501442600", "nipc")),
        ("54362315-K", "ES", ("54362315K", "dni")),
        ("X-2482300W", "ES", ("X2482300W", "nie")),
        ("J99216582", "ES", ("J99216582", "cif")),
        ("111.111.111-11", "BR", ("11111111111", None)),
        ("AB-123456", "AR", ("AB123456", "other")),
        ("", "BR", (None, None)),
        (None, "BR", (None, None)),
    ],
)
def test_document_vectors(text, country, expected):
    assert normalise_document(text, country) == expected


def test_cpf_gets_its_lost_zero_back():
    from stdnum.br import cpf

    number = "098765432" + cpf._calc_check_digits("098765432")
    assert normalise_document(number[1:], "BR") == (number, "cpf")


@pytest.mark.parametrize(
    ("text", "country", "given_key", "family_key", "suffix_key", "full_name"),
    [
        ("MARIA DA SILVA", "BR", "maria", "silva", None, "Maria da Silva"),
        ("José Carlos de Souza Júnior", "BR", "jose", "souza", "junior", "José Carlos de Souza Júnior"),
        ("joão dos santos filho", "BR", "joao", "santos", "filho", "João dos Santos Filho"),
        ("Souza, Ana Maria", "BR", "ana", "souza", None, "Ana Maria Souza"),
        ("Dra. Ana Souza", "BR", "ana", "souza", None, "Dra. Ana Souza"),
        ("Ana  D'Ávila", "BR", "ana", "davila", None, "Ana D'Ávila"),
        ("María del Carmen García López", "ES", "maria", "garcia", None, "María del Carmen García López"),
        ("Juan García", "ES", "juan", "garcia", None, "Juan García"),
        ("ana", "BR", "ana", None, None, "Ana"),
        ("CONSUMIDOR FINAL", "BR", None, None, None, None),
        ("xxx", "BR", None, None, None, None),
        ("...", "BR", None, None, None, None),
        (None, "BR", None, None, None, None),
    ],
)
def test_names(text, country, given_key, family_key, suffix_key, full_name):
    name = normalise_name(text, country)
    found = tuple(name[key] for key in ("given_key", "family_key", "suffix_key", "full_name"))
    assert found == (given_key, family_key, suffix_key, full_name)


def test_company_names_are_told_from_people():
    assert normalise_name("Comércio de Flores Ltda")["is_company_name"]
    assert normalise_name("Transportes Brasil S/A")["is_company_name"]
    assert normalise_name("ALMEIDA CONSTRUCOES ME")["is_company_name"]
    assert normalise_name("Almeida Construções M.E.")["is_company_name"]
    assert not normalise_name("Ana Saldanha")["is_company_name"]
    assert not normalise_name("Ana Mel Jerome")["is_company_name"]


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("01310-100", "BR", "01310100"), ("1310100", "BR", "01310100"), ("00000-000", "BR", None), ("99999-999", "BR", None),
        ("1310", "BR", None), ("1000-205", "PT", "1000205"), ("0123-456", "PT", None), ("28013", "ES", "28013"),
        ("8013", "ES", "08013"), ("60000", "ES", None), ("SW1A 1AA", "GB", "SW1A1AA"), (None, "BR", None),
    ],
)  # fmt: skip
def test_postal_codes(text, country, expected):
    assert apply_to_value(POSTAL_CODES, value=text, country=country)["postal_code"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0123", "123"),
        ("nº 45", "45"),
        ("12 - b", "12B"),
        ("S/N", None),
        ("sem numero", None),
        ("12/34", "12"),
        (None, None),
    ],
)
def test_street_numbers(text, expected):
    assert apply_to_value(STREET_NUMBERS, value=text)["street_number"] == expected


def test_complements_name_the_same_door():
    forms = ["Apto 12 Bloco B", "ap. 12 bl B", "AP 12-B", "12 b"]
    assert {apply_to_value(COMPLEMENTS, value=form)["complement"] for form in forms} == {"12B"}


def test_birth_dates_that_stand_for_unknown_are_none():
    texts = ["1984-05-17", "1970-01-01", "1900-01-01", "2030-01-01", "abc", None]
    found = [apply_to_value(BIRTH_DATES, value=text, as_of="2026-01-31")["birth_date"] for text in texts]
    assert found == [date(1984, 5, 17), None, None, None, None, None]


def test_countries_and_identifiers():
    assert [apply_to_value(COUNTRIES, value=v, fallback="BR")["country"] for v in ("Portugal", "es", None, "?")] == [
        "PT",
        "ES",
        "BR",
        "BR",
    ]
    assert apply_to_value(IDENTIFIERS, value=" 000-123.4a ")["key"] == "1234A"
    assert apply_to_value(IDENTIFIERS, value="000")["key"] is None


def test_single_values_and_columns_agree():
    texts = ["MARIA DA SILVA", "Silva, Ana", None, "x"]
    assert many(NAMES, [{"value": t, "country": "BR"} for t in texts]) == [normalise_name(t) for t in texts]
