"""Correlation clustering against brute force and its own rules."""

from __future__ import annotations

import random

import pytest

from identity.correlation_clustering import gaec


def value(labels, edges):
    return sum(weight for a, b, weight in edges if labels[a] == labels[b])


def partitions(count):
    def grow(labels):
        if len(labels) == count:
            yield labels
            return
        for label in range(max(labels, default=-1) + 2):
            yield from grow([*labels, label])

    yield from grow([])


def slow_gaec(count, edges):
    """The definition, without a queue: look at every pair of clusters each time."""
    clusters = [[node] for node in range(count)]
    while True:
        best = None
        for i, one in enumerate(clusters):
            for other in clusters[i + 1 :]:
                weight = sum(
                    round(w * 1e6) for a, b, w in edges if (a in one and b in other) or (a in other and b in one)
                )
                key = (-weight, min(one[0], other[0]), max(one[0], other[0]))
                if weight > 0 and (best is None or key < best[0]):
                    best = (key, one, other)
        if best is None:
            return [next(c[0] for c in clusters if node in c) for node in range(count)]
        _, one, other = best
        clusters = sorted([*(c for c in clusters if c not in (one, other)), sorted(one + other)])


def graph(seed, nodes):
    draw = random.Random(seed)
    return [
        (a, b, draw.choice([-3, -1.5, -0.5, 0.5, 1, 2.25, 4]))
        for a in range(nodes) for b in range(a + 1, nodes) if draw.random() < 0.6
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_gaec_equals_its_definition_in_any_order_of_edges(seed):
    edges = graph(seed, 7)
    expected = slow_gaec(7, edges)
    shuffled = [(b, a, w) if random.Random(seed + a).random() < 0.5 else (a, b, w) for a, b, w in edges]
    random.Random(seed).shuffle(shuffled)
    assert gaec(7, edges) == expected
    assert gaec(7, shuffled) == expected


def test_gaec_comes_near_the_best_partition():
    found = best = 0.0
    for seed in range(40):
        edges = graph(seed, 6)
        found += value(gaec(6, edges), edges)
        best += max(value(labels, edges) for labels in partitions(6))
    assert found >= 0.95 * best


def test_a_weak_bridge_breaks_when_its_ends_repel():
    edges = [(0, 1, 9.0), (2, 3, 9.0), (1, 2, 1.0), (0, 3, -5.0)]
    assert gaec(4, edges) == [0, 0, 2, 2]


def test_claims_that_differ_are_never_joined():
    claims = [{"cpf": 1}, {}, {"cpf": 2}]
    assert gaec(3, [(0, 1, 5.0), (1, 2, 4.0), (0, 2, 50.0)], claims=claims) == [0, 0, 2]


def test_a_forbidden_pair_stays_apart_through_others_and_a_required_one_together():
    edges = [(0, 1, 5.0), (1, 2, 4.0), (3, 4, -90.0)]
    assert gaec(5, edges, forbidden=[(0, 2)], required=[(3, 4)]) == [0, 0, 2, 3, 3]


def test_no_cluster_outgrows_the_size():
    assert gaec(3, [(0, 1, 5.0), (1, 2, 4.0)], max_size=2) == [0, 0, 2]
