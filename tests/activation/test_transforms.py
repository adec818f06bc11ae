"""The recipes against vectors that their destinations published."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest

from activation.transforms import TRANSFORMS
from workspace.sql import connect


def _apply(name: str, value: str | None) -> str | None:
    with connect() as con:
        query = f"select {TRANSFORMS[name].apply('x')} from (values (cast(? as varchar))) as t(x)"
        return con.execute(query, [value]).fetchall()[0][0]


# Google: googleads/data-manager-python, tests/formatter_test.py (Apache-2.0). TikTok: "Customer file" help page.
@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("sha256_email", "alexz@example.com", "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"),
        ("sha256_email", "  AlexZ@Example.com ", "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"),
        ("sha256_email", "janedoe@gmail.com", "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"),
        ("sha256_phone", "+18005550100", "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"),
        ("sha256_name", "GivenName", "128a07bfe2df877c52076e60d7774cf5baaa046c5a6c48daf30ff43ecca2f814"),
        ("sha256_name", "FamilyName", "77762c287e61ce065bee5c15464012c6fbe088398b8057627d5577249430d574"),
        (
            "sha256_text",
            "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25",
            "83dc3f5f32b9472613b0f038d36f22585a609d018af6f6067f50da318bf354bd",
        ),
    ],
)
def test_hash_is_the_published_one(name: str, value: str, expected: str) -> None:
    assert _apply(name, value) == expected


def test_google_drops_the_dots_of_gmail_and_keeps_the_tag() -> None:
    expected = hashlib.sha256(b"jeffersonloveshiking@gmail.com").hexdigest()
    assert _apply("sha256_email_google", "Jefferson.Loves.hiking@gmail.com") == expected
    assert _apply("sha256_email_google", "a.b+c@googlemail.com") == hashlib.sha256(b"ab+c@googlemail.com").hexdigest()
    assert _apply("sha256_email_google", "a.b@example.com") == hashlib.sha256(b"a.b@example.com").hexdigest()
    assert _apply("sha256_email_google", "a.b@gmail.com") != _apply("sha256_email", "a.b@gmail.com")


def test_one_phone_has_a_hash_with_and_one_without_its_plus() -> None:
    # TikTok's page prints another hash for this number; it is not the SHA-256 of any form of it.
    assert _apply("sha256_phone", "+16577770000") == hashlib.sha256(b"+16577770000").hexdigest()
    assert _apply("sha256_phone_digits", "+16577770000") == hashlib.sha256(b"16577770000").hexdigest()


def test_name_is_hashed_in_composed_form_with_its_accents() -> None:
    expected = hashlib.sha256("joão".encode()).hexdigest()
    for text in ("João", unicodedata.normalize("NFD", "JOÃO"), " joão "):
        assert _apply("sha256_name_meta", text) == _apply("sha256_name", text) == expected
    assert _apply("sha256_name_meta", "D'Ávila") == hashlib.sha256("dávila".encode()).hexdigest()


@pytest.mark.parametrize("name", [name for name, one in TRANSFORMS.items() if one.is_hash])
def test_what_cannot_be_hashed_is_null_and_a_hash_is_never_hashed_again(name: str) -> None:
    assert _apply(name, None) is None and _apply(name, "   ") is None
    assert _apply(name, hashlib.sha256(b"x").hexdigest()) is None
    assert _apply(name, hashlib.sha256(b"x").hexdigest().upper()) is None


@pytest.mark.parametrize("value", ["@gmail.com", "...@gmail.com", "a b@example.com", "nobody", "a@b"])
def test_malformed_address_is_not_hashed(value: str) -> None:
    assert _apply("sha256_email_google", value) is None


@pytest.mark.parametrize("value", ["18005550100", "+0123456789", "+55 81 9999", "(81) 99999-0000"])
def test_phone_outside_e164_is_not_hashed(value: str) -> None:
    assert _apply("sha256_phone", value) is None and _apply("sha256_phone_digits", value) is None


def test_plain_transforms() -> None:
    assert _apply("lower", " BR ") == "br" and _apply("upper", " br ") == "BR"
    assert _apply("digits", "50.030-230") == "50030230" and _apply("digits", "x") is None
    assert _apply("year", "1980-05-04") == "1980"
