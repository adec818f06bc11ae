"""Recalibration from labels, and the way of an epoch from candidate to publication."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import numpy as np
import pytest

from identity.epochs import candidate_folder
from identity.renewing import adopt_candidate, make_candidate
from identity.scoring.recalibration import fit
from workspace.errors import ConfigError
from workspace.runs import Run

RUN = Run.at(datetime(2026, 1, 31, 5, tzinfo=UTC))


def test_no_more_than_the_labels_say_is_moved():
    bits = np.array([[5.0, 1.0], [-5.0, -1.0]] * 2)
    offset, factors = fit(bits, np.array([1.0, 0.0] * 2), 0.0)
    assert abs(offset) < 0.2
    assert np.allclose(factors, 1, atol=0.2)


def test_labels_take_the_weight_from_a_comparison_that_misleads():
    draw = np.random.default_rng(7)
    truth = draw.integers(0, 2, 400).astype(float)
    honest = np.where(truth == 1, 4.0, -4.0) + draw.normal(0, 2, 400)
    noise = draw.choice([-6.0, 6.0], 400)
    _, factors = fit(np.stack([honest, noise], axis=1), truth, 0.0)
    assert factors[1] < 0.2 < 0.5 < factors[0]
    assert (factors >= 0).all()


def rows(count):
    draw = random.Random(11)
    for person in range(count):
        given = draw.choice(["Ana", "Bruno", "Carla", "Diego", "Elisa", "Fabio", "Gloria", "Hugo"])
        family = draw.choice(["Alves", "Barros", "Costa", "Dias", "Esteves", "Faria", "Gomes"]) + "aeiou"[person % 5]
        born = datetime(1950 + person % 50, 1 + person % 12, 1 + person % 28).date()
        for copy in range(2):
            name = f"{given} {family}" if copy == 0 or person % 3 else f"{given[:-1]} {family}"
            yield {"id": f"{person}-{copy}", "person_name": name, "birth_date": born, "city": f"Vila {person % 9}"}


def test_a_candidate_changes_nothing_before_it_is_adopted(lake):
    pytest.importorskip("splink")
    lake.customers(*({"id": str(n), "person_name": f"Rui Pinto {n}", "phone": f"+55119876{n:05d}"} for n in range(60)))
    lake.resolve()
    ((first, model),) = lake.table("model_epoch", "select epoch_id, splink_model from t")
    assert model is None
    with pytest.raises(ConfigError):
        adopt_candidate(lake.ws)
    lake.publish()
    lake.customers(*rows(150))
    candidate = make_candidate(lake.ws, RUN, train=True)
    assert candidate.splink_model
    lake.resolve()
    assert lake.table("model_epoch", "select epoch_id from t") == [(first,)]
    assert adopt_candidate(lake.ws) == candidate
    assert not candidate_folder(lake.ws).exists()
    lake.resolve()
    assert lake.table("model_epoch", "select epoch_id from t") == [(candidate.epoch_id,)]
    assert lake.customer_of("3-0") == lake.customer_of("3-1")
