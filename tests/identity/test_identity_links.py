"""Spanning links and bridges, against a slow and obvious reading of the same words."""

from __future__ import annotations

import numpy as np
import pytest

from identity.clustering import connected_components
from identity.review.links import spanning_links


def random_graph(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 30))
    pairs = np.array([(a, b) for a in range(count) for b in range(a + 1, count) if random.random() < 2 / count])
    pairs = pairs.reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], random.choice([10.0, 20.0, 30.0], len(pairs)), random.integers(1, 5, count)


@pytest.mark.parametrize("seed", range(40))
def test_links_span_and_bridges_are_what_parts_a_cluster(seed):
    left, right, weight, size = random_graph(seed)
    links = spanning_links(left, right, weight, size)
    component = connected_components(len(size), left, right)
    assert len(links.edge) == len(size) - len(np.unique(component))
    assert (connected_components(len(size), left[links.edge], right[links.edge]) == component).all()
    for position, edge in enumerate(links.edge.tolist()):
        others = np.arange(len(left)) != edge
        parted = connected_components(len(size), left[others], right[others])
        assert links.is_bridge[position] == (parted[left[edge]] != parted[right[edge]])
        stronger = weight > weight[edge]
        reached = connected_components(len(size), left[stronger], right[stronger])
        assert reached[left[edge]] != reached[right[edge]], "a stronger chain would have been taken"
        kept = links.edge[links.edge != edge]
        sides = connected_components(len(size), left[kept], right[kept])
        weights = [size[sides == sides[end]].sum() for end in (left[edge], right[edge])]
        assert links.smaller_side[position] == min(weights)


def test_order_of_edges_does_not_matter():
    left, right, weight, size = random_graph(5)
    shuffled = np.random.default_rng(1).permutation(len(left))
    first = spanning_links(left, right, weight, size)
    second = spanning_links(right[shuffled], left[shuffled], weight[shuffled], size)
    assert sorted(first.edge.tolist()) == sorted(shuffled[second.edge].tolist())


def test_nothing_is_held_together_by_nothing():
    nothing = np.zeros(0, np.int64)
    assert len(spanning_links(nothing, nothing, nothing.astype(float), np.ones(3, np.int64)).edge) == 0
    assert len(spanning_links(nothing, nothing, nothing.astype(float), nothing).edge) == 0
