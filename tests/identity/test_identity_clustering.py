"""Constraint clustering against an oracle on random graphs, and its independence of order."""

from __future__ import annotations

import random

import numpy as np
import pytest

from identity.clustering import Nodes, cluster_nodes, connected_components, places


def nodes_of(documents, kinds=None, companies=None, names=None) -> Nodes:
    count = len(documents)
    return Nodes(
        np.array(documents, np.int64),
        np.array(kinds or [0] * count, np.int64),
        np.array(companies or [False] * count),
        np.array(names or list(range(count)) if names is None else names, np.int64),
    )


def run(nodes, edges, max_nodes=1000):
    left, right, weight = (np.array(column) for column in zip(*edges, strict=True))
    weights, rule = np.unique(weight.astype(float), return_inverse=True)
    return cluster_nodes(nodes, left, right, rule, weights, max_nodes=max_nodes)


@pytest.mark.parametrize("part", [3, 1 << 22])
def test_components_agree_with_a_search_on_random_graphs(part, monkeypatch):
    monkeypatch.setattr("identity.clustering._PART", part)
    rng = random.Random(3)
    for _ in range(50):
        count = rng.randint(1, 40)
        edges = [(rng.randrange(count), rng.randrange(count)) for _ in range(rng.randint(0, 40))]
        neighbours = {node: set() for node in range(count)}
        for a, b in edges:
            neighbours[a].add(b)
            neighbours[b].add(a)
        expected = [-1] * count
        for start in range(count):
            if expected[start] == -1:
                stack = [start]
                while stack:
                    node = stack.pop()
                    if expected[node] == -1:
                        expected[node] = start
                        stack += neighbours[node]
        left, right = (np.array([e[k] for e in edges], np.int64) for k in (0, 1))
        assert connected_components(count, left, right).tolist() == expected


@pytest.mark.parametrize("part", [3, 1 << 22])
def test_places_are_found_part_by_part(part, monkeypatch):
    monkeypatch.setattr("identity.clustering._PART", part)
    ordered = np.array([-9, -2, 0, 5, 7])
    assert places(ordered, np.array([7, -9, 0, 0, 5, -2, 7, -9])).tolist() == [4, 0, 2, 2, 3, 1, 4, 0]
    assert places(ordered, np.array([], np.int64)).tolist() == []


def test_strongest_edge_wins_when_documents_conflict():
    nodes = nodes_of([1, -1, 2])
    found = run(nodes, [(0, 1, 20), (1, 2, 30)])
    assert found.cluster.tolist() == [0, 1, 1]
    assert found.component.tolist() == [0, 0, 0]
    assert found.cut_by_document == 1


def test_documents_of_different_kinds_are_no_conflict_and_company_against_person_is():
    assert run(nodes_of([1, 2], kinds=[0, 1]), [(0, 1, 5)]).cluster.tolist() == [0, 0]
    assert run(nodes_of([1, 2], kinds=[0, 4], companies=[False, True]), [(0, 1, 5)]).cluster.tolist() == [0, 1]


def test_nameless_node_joins_one_of_two_people():
    found = run(nodes_of([-1, -1, -1], names=[7, -1, 8]), [(0, 1, 30), (1, 2, 28)])
    assert found.cluster.tolist() == [0, 0, 2]
    assert found.cut_by_name == 1


def test_nameless_node_joins_two_records_of_one_name():
    assert run(nodes_of([-1, -1, -1], names=[7, -1, 7]), [(0, 1, 30), (1, 2, 28)]).cluster.tolist() == [0, 0, 0]


def test_size_cap_keeps_the_strongest_edges():
    found = run(nodes_of([-1] * 4), [(0, 1, 30), (1, 2, 10), (2, 3, 20)], max_nodes=2)
    assert found.cluster.tolist() == [0, 0, 2, 2]
    assert found.cut_by_size == 1


def naive(nodes: Nodes, edges, max_nodes):
    """Merge sets edge by edge, checking every constraint by looking at all members."""
    groups = {node: {node} for node in range(len(nodes))}
    for a, b, _ in sorted(edges, key=lambda e: (-e[2], min(e[:2]), max(e[:2]))):
        one, two = groups[a], groups[b]
        if one is two:
            continue
        both = one | two
        documents = {
            (bool(nodes.is_company[n]), int(nodes.document_kind[n]), int(nodes.document[n]))
            for n in both
            if nodes.document[n] >= 0
        }
        names = [{int(nodes.name[n]) for n in side if nodes.name[n] >= 0} for side in (one, two)]
        direct = nodes.name[a] >= 0 and nodes.name[b] >= 0
        if len({d[0] for d in documents}) > 1 or len({d[:2] for d in documents}) < len(documents):
            continue
        if not direct and names[0] and names[1] and not names[0] & names[1]:
            continue
        if len(both) > max_nodes:
            continue
        for node in both:
            groups[node] = both
    return [min(groups[node]) for node in range(len(nodes))]


@pytest.mark.parametrize("seed", range(40))
def test_clusters_agree_with_a_naive_merge_and_do_not_depend_on_order(seed):
    rng = random.Random(seed)
    count = rng.randint(2, 30)
    kinds = [rng.choice([0, 0, 1, 4]) for _ in range(count)]
    nodes = nodes_of(
        [rng.randint(0, 4) if rng.random() < 0.4 else -1 for _ in range(count)],
        kinds,
        [kind == 4 for kind in kinds],
        [rng.randint(0, 3) if rng.random() < 0.6 else -1 for _ in range(count)],
    )
    edges = [(*sorted(rng.sample(range(count), 2)), rng.choice([10, 20, 30])) for _ in range(rng.randint(1, 50))]
    expected = naive(nodes, edges, 8)
    # an edge of two named nodes may only exist between names that a rule found compatible, which the oracle must see too
    for _ in range(3):
        rng.shuffle(edges)
        assert run(nodes, edges, 8).cluster.tolist() == expected
