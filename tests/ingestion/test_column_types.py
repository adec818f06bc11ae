"""Source text and source values as contract types."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from shop_feeds import utc

from ingestion.column_types import Dialect, as_text, number, typed
from workspace.sql import connect, quote_literal

PLAIN = Dialect()


@pytest.fixture(scope="module")
def con():
    with connect() as one:
        yield one


def read(con, text: str | None, target: str, dialect: Dialect = PLAIN) -> Any:
    raw = "cast(null as varchar)" if text is None else quote_literal(text)
    return con.execute(f"select {typed('raw', 'VARCHAR', target, dialect)} from (select {raw} as raw)").fetchall()[0][0]


def read_value(con, sql: str, target: str, dialect: Dialect = PLAIN) -> Any:
    kind = con.execute(f"describe select {sql} as raw").fetchall()[0][1]
    return con.execute(f"select {typed('raw', kind, target, dialect)} from (select {sql} as raw)").fetchall()[0][0]


COMMA, DOTTED = Dialect(decimal=","), Dialect(decimal=",", thousands=".")


@pytest.mark.parametrize(
    ("text", "dialect", "value"),
    [
        ("12.50", Dialect(), "12.50"),
        ("-0.01", Dialect(), "-0.01"),
        ("+7", Dialect(), "7.00"),
        ("1e3", Dialect(), "1000.00"),
        ("12,50", Dialect(), None),
        ("1_000", Dialect(), None),
        ("1,234.50", Dialect(thousands=","), "1234.50"),
        ("1,23.50", Dialect(thousands=","), None),
        ("1 234 567,8", Dialect(decimal=",", thousands=" "), "1234567.80"),
        ("12,50", COMMA, "12.50"),
        ("12.50", COMMA, None),
        ("1.234,50", COMMA, None),
        ("1.234,50", DOTTED, "1234.50"),
        ("1.234", DOTTED, "1234.00"),
        ("1234", DOTTED, "1234.00"),
        ("12.34", DOTTED, None),
        ("", Dialect(), None),
        ("R$ 5", Dialect(), None),
        ("nan", Dialect(), None),
        ("inf", Dialect(), None),
        ("99999999999999999999", Dialect(), None),
        ("0.005", Dialect(), "0.01"),
        (None, Dialect(), None),
    ],
)
def test_decimals(con, text, dialect, value):
    assert read(con, text, "DECIMAL(18,2)", dialect) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("text", "value"), [("7", 7), ("7.0", 7), ("7.5", None), ("1e2", 100), ("x", None), (str(2**63), None), ("-3", -3)]
)
def test_integers(con, text, value):
    assert read(con, text, "BIGINT") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("SIM", True), ("Não", False), ("0", False), ("S", True), ("no", False), ("2", None), ("", None)],
)
def test_booleans(con, text, value):
    assert read(con, text, "BOOLEAN") is value


@pytest.mark.parametrize(
    ("text", "formats", "value"),
    [
        ("2020-02-29", (), date(2020, 2, 29)),
        ("2019-02-29", (), None),
        ("2020-02-29T10:00", (), date(2020, 2, 29)),
        ("29/02/2020", (), None),
        ("29/02/2020", ("%d/%m/%Y",), date(2020, 2, 29)),
        ("2020-02-29", ("%d/%m/%Y",), None),
        ("29.02.20", ("%d/%m/%Y", "%d.%m.%y"), date(2020, 2, 29)),
        ("1577836800", ("epoch_seconds",), date(2020, 1, 1)),
        ("1577836800000", ("epoch_milliseconds",), date(2020, 1, 1)),
    ],
)
def test_dates(con, text, formats, value):
    assert read(con, text, "DATE", Dialect(formats=formats)) == value


@pytest.mark.parametrize(
    ("text", "dialect", "value"),
    [
        ("2026-01-02 10:00", Dialect(), "2026-01-02 10:00"),
        ("2026-01-02 10:00", Dialect(timezone="America/Sao_Paulo"), "2026-01-02 13:00"),
        ("2026-07-02 10:00", Dialect(timezone="Europe/Lisbon"), "2026-07-02 09:00"),
        ("2026-01-02T10:00:00Z", Dialect(timezone="America/Sao_Paulo"), "2026-01-02 10:00"),
        ("2026-01-02T10:00:00-05:00", Dialect(timezone="America/Sao_Paulo"), "2026-01-02 15:00"),
        ("2026-01-02 10:00:00+0530", Dialect(), "2026-01-02 04:30"),
        ("2026-01-02 10:00:00+05:30", Dialect(), "2026-01-02 04:30"),
        ("2026-01-02", Dialect(timezone="America/Sao_Paulo"), "2026-01-02 03:00"),
        ("02/01/2026 10:00", Dialect(formats=("%d/%m/%Y %H:%M",), timezone="America/Sao_Paulo"), "2026-01-02 13:00"),
        ("02/01/2026 10:00 +0100", Dialect(formats=("%d/%m/%Y %H:%M %z",)), "2026-01-02 09:00"),
        ("1767348000", Dialect(formats=("epoch_seconds",), timezone="America/Sao_Paulo"), "2026-01-02 10:00"),
        ("1e300", Dialect(formats=("epoch_seconds",)), None),
        ("294246-12-31 23:59:59", Dialect(timezone="Asia/Tokyo"), "never raises"),
        ("today", Dialect(), None),
        ("", Dialect(), None),
    ],
)
def test_instants(con, text, dialect, value):
    found = con.execute(
        f"select cast({typed('raw', 'VARCHAR', 'TIMESTAMP', dialect)} as varchar) from (select {quote_literal(text)} as raw)"
    ).fetchall()[0][0]
    if value != "never raises":
        assert found == (None if value is None else str(utc(value)))


def test_clock_change_reads_the_hour_that_happens_twice_and_the_one_that_never_does(con):
    lisbon = Dialect(timezone="Europe/Lisbon")
    assert read(con, "2026-10-25 01:30", "TIMESTAMP", lisbon) in (utc("2026-10-25 00:30"), utc("2026-10-25 01:30"))
    assert read(con, "2026-03-29 01:30", "TIMESTAMP", lisbon) is not None


@pytest.mark.parametrize(
    ("sql", "target", "value"),
    [
        ("2.675::double", "DECIMAL(18,2)", Decimal("2.68")),
        ("0.1::float", "DECIMAL(18,2)", Decimal("0.10")),
        ("1e17::double", "DECIMAL(18,2)", None),
        ("123456789012.34::double", "DECIMAL(18,2)", Decimal("123456789012.34")),
        ("'nan'::double", "DECIMAL(18,2)", None),
        ("'inf'::double", "DECIMAL(18,2)", None),
        ("1.005::decimal(10,3)", "DECIMAL(18,2)", Decimal("1.01")),
        ("12345.0::double", "VARCHAR", "12345"),
        ("1.5::double", "VARCHAR", "1.5"),
        ("12345::bigint", "VARCHAR", "12345"),
        ("true", "VARCHAR", "true"),
        ("1::integer", "BOOLEAN", True),
        ("5::integer", "BOOLEAN", None),
        ("7.0::double", "BIGINT", 7),
        ("7.5::double", "BIGINT", None),
        ("timestamp '2026-01-02 10:00'", "DATE", date(2026, 1, 2)),
        ("date '2026-01-02'", "TIMESTAMP", utc("2026-01-02")),
        ("timestamptz '2026-01-02 10:00-03'", "TIMESTAMP", utc("2026-01-02 13:00")),
        ("timestamp_ns '2026-01-02 10:00'", "TIMESTAMP", utc("2026-01-02 10:00")),
    ],
)
def test_typed_values(con, sql, target, value):
    assert read_value(con, sql, target) == value


def test_numbers_of_floats_are_the_printed_ones(con):
    found = con.execute(f"select sum({number('x', 'DOUBLE', Dialect())}) from (select 0.1::double x from range(1000))")
    assert found.fetchall() == [(Decimal("100.000000"),)]
    assert con.execute(f"select {as_text('x', 'DOUBLE')} from (select 1e20::double x)").fetchall() == [("1e+20",)]
