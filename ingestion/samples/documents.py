"""Personal and company tax numbers with valid check digits, and the ways people write them wrong.

Rules: CPF and CNPJ modulus 11 (Receita Federal), NIF/NIPC modulus 11 (Autoridade Tributária), DNI/NIE modulus 23 and
CIF (Agencia Tributaria).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.random_streams import scattered

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DNI_LETTERS = np.array(list("TRWAGMYFPDXBNJZSQVHLCKE"))
_CPF_SIDE = 31_622
_DNI_SIDE = 5_477
_NIF_SIDE = 3_000
_CNPJ_SIDE = 9_000


def personal_documents(country: str, index: NDArray[Any], seed: int) -> pl.Series:
    """Return one valid personal number for each person index: CPF, NIF or DNI/NIE, digits only."""
    if country == "BR":
        return cpf(scattered(index, _CPF_SIDE, seed + 1) + 1000)
    if country == "PT":
        return nif(scattered(index, 5_000, seed + 1) + 10_000_000)
    return dni_or_nie(scattered(index, _DNI_SIDE, seed + 1) + 1000)


def company_documents(country: str, index: NDArray[Any], seed: int) -> pl.Series:
    """Return one valid company number for each company index: CNPJ, NIPC or CIF, digits only."""
    if country == "BR":
        return cnpj(scattered(index, _CNPJ_SIDE, seed + 2) + 1_000_000)
    if country == "PT":
        return nif(scattered(index, _NIF_SIDE, seed + 2) + 50_000_000)
    return cif(scattered(index, _NIF_SIDE, seed + 2) + 100_000)


def _digits(base: NDArray[Any], count: int) -> NDArray[np.int64]:
    return np.stack([(base // 10 ** (count - 1 - place)) % 10 for place in range(count)], axis=1)


def _modulus_11(digits: NDArray[Any], weights: list[int]) -> NDArray[np.int64]:
    rest = (digits * np.array(weights)).sum(axis=1) % 11
    return np.where(rest < 2, 0, 11 - rest)


def _joined(digits: NDArray[Any]) -> pl.Series:
    """Return rows of digits as text, leading zeros kept."""
    number = (digits * 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)).sum(axis=1)
    return pl.Series(number).cast(pl.String).str.zfill(digits.shape[1])


def cpf(base: NDArray[Any]) -> pl.Series:
    """Return CPF numbers (11 digits) for bases of nine digits."""
    digits = _digits(np.asarray(base), 9)
    for first in (10, 11):
        digits = np.column_stack([digits, _modulus_11(digits, list(range(first, 1, -1)))])
    return _joined(digits)


def cnpj(root: NDArray[Any]) -> pl.Series:
    """Return CNPJ numbers (14 digits) of head offices for roots of eight digits."""
    digits = np.column_stack([_digits(np.asarray(root), 8), np.tile([0, 0, 0, 1], (len(root), 1))])
    for weights in ([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]):
        digits = np.column_stack([digits, _modulus_11(digits, weights)])
    return _joined(digits)


def nif(base: NDArray[Any]) -> pl.Series:
    """Return Portuguese tax numbers (9 digits) for bases of eight digits; 5… are companies."""
    digits = _digits(np.asarray(base), 8)
    return _joined(np.column_stack([digits, _modulus_11(digits, [9, 8, 7, 6, 5, 4, 3, 2])]))


def dni_or_nie(base: NDArray[Any]) -> pl.Series:
    """Return Spanish personal numbers: DNI for most, NIE (X, Y, Z) for one in ten, by the base itself."""
    base = np.asarray(base)
    foreign = base % 10 == 7
    prefix = base // 10_000_000
    number = np.where(foreign, base % 10_000_000, base)
    letter = _DNI_LETTERS[(number + np.where(foreign, prefix * 10_000_000, 0)) % 23]
    frame = pl.DataFrame(
        {"number": number, "letter": letter, "foreign": foreign, "prefix": np.array(list("XYZ"))[prefix]}
    )
    text = pl.col("number").cast(pl.String)
    return frame.select(
        pl.when("foreign").then(pl.col("prefix") + text.str.zfill(7)).otherwise(text.str.zfill(8)) + pl.col("letter")
    ).to_series()


def cif(base: NDArray[Any]) -> pl.Series:
    """Return Spanish limited company numbers: B, seven digits, a control digit."""
    digits = _digits(np.asarray(base), 7)
    doubled = digits[:, ::2] * 2
    total = digits[:, 1::2].sum(axis=1) + (doubled // 10 + doubled % 10).sum(axis=1)
    return "B" + _joined(np.column_stack([digits, (10 - total % 10) % 10]))


def written(country: str, document: pl.Expr, mood: pl.Expr) -> pl.Expr:
    """Return an expression that writes documents as people do; `mood` is uniform in [0, 1).

    BR: dotted, plain, or with lost leading zeros (spreadsheets). PT: plain or spaced. ES: plain, hyphen or lower case.
    """
    if country == "BR":
        person = pl.concat_str(
            [
                document.str.slice(0, 3),
                pl.lit("."),
                document.str.slice(3, 3),
                pl.lit("."),
                document.str.slice(6, 3),
                pl.lit("-"),
                document.str.slice(9, 2),
            ]
        )
        company = pl.concat_str(
            [
                document.str.slice(0, 2),
                pl.lit("."),
                document.str.slice(2, 3),
                pl.lit("."),
                document.str.slice(5, 3),
                pl.lit("/"),
                document.str.slice(8, 4),
                pl.lit("-"),
                document.str.slice(12, 2),
            ]
        )
        dotted = pl.when(document.str.len_chars() == 14).then(company).otherwise(person)
        return (
            pl.when(mood < 0.45)
            .then(dotted)
            .when(mood > 0.9)
            .then(document.str.strip_chars_start("0"))
            .otherwise(document)
        )
    if country == "PT":
        spaced = pl.concat_str(
            [document.str.slice(0, 3), document.str.slice(3, 3), document.str.slice(6, 3)], separator=" "
        )
        return pl.when(mood < 0.25).then(spaced).when(mood > 0.95).then(pl.lit("PT") + document).otherwise(document)
    hyphen = document.str.slice(0, 8) + "-" + document.str.slice(8)
    return pl.when(mood < 0.25).then(hyphen).when(mood > 0.9).then(document.str.to_lowercase()).otherwise(document)
