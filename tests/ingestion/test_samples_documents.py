"""Tax numbers of the samples: valid, all different, and still the same number however they are written."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from stdnum.br import cnpj, cpf
from stdnum.es import cif, dni, nie
from stdnum.pt import nif

from ingestion.samples import documents

INDEX = np.concatenate([np.arange(3000), np.arange(900_000, 903_000)])


def _spanish(text: str) -> bool:
    return nie.is_valid(text) if text[0] in "XYZ" else dni.is_valid(text)


@pytest.mark.parametrize(
    ("country", "is_person", "is_company"),
    [("BR", cpf.is_valid, cnpj.is_valid), ("PT", nif.is_valid, nif.is_valid), ("ES", _spanish, cif.is_valid)],
)
def test_numbers_have_true_check_digits_and_are_unique(country, is_person, is_company):
    people = documents.personal_documents(country, INDEX, 7)
    companies = documents.company_documents(country, INDEX, 7)
    assert [text for text in people if not is_person(text)] == []
    assert [text for text in companies if not is_company(text)] == []
    assert people.n_unique() == companies.n_unique() == len(INDEX)


def test_some_spaniards_are_foreigners():
    people = documents.personal_documents("ES", INDEX, 7)
    foreign = people.str.contains("^[XYZ]").mean()
    assert 0.05 < foreign < 0.2


@pytest.mark.parametrize("country", ["BR", "PT", "ES"])
def test_every_way_of_writing_keeps_the_number(country):
    truth = documents.personal_documents(country, INDEX[:500], 7)
    frame = pl.DataFrame({"truth": truth, "mood": np.linspace(0, 0.999, 500)})
    written = frame.select(documents.written(country, pl.col("truth"), pl.col("mood"))).to_series()
    bare = written.str.replace_all(r"[^0-9A-Za-z]", "").str.to_uppercase().str.replace("^PT", "")
    assert (bare.str.strip_chars_start("0") == truth.str.strip_chars_start("0")).all()
    assert written.str.len_chars().n_unique() > 1


def test_lost_zeros_occur_in_brazil():
    truth = pl.Series(["01234567890"])
    frame = pl.DataFrame({"truth": truth, "mood": [0.95]})
    assert frame.select(documents.written("BR", pl.col("truth"), pl.col("mood"))).item() == "1234567890"
