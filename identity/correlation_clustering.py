"""Cluster a component by the sum of its weights: pairs that look like two people hold apart what a weak chain joins."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence

Claims = Mapping[Hashable, Hashable]
"""What a node says of itself that a cluster may only say once: for instance one number for each kind of document."""
_SCALE = 1_000_000


def gaec(
    count: int,
    edges: Iterable[tuple[int, int, float]],
    *,
    claims: Sequence[Claims] | None = None,
    forbidden: Iterable[tuple[int, int]] = (),
    required: Iterable[tuple[int, int]] = (),
    sizes: Sequence[int] | None = None,
    max_size: int | None = None,
) -> list[int]:
    """Return for each of `count` nodes the smallest node of its cluster.

    Greedy additive edge contraction (Keuper et al. 2015, "Efficient decomposition of image and mesh graphs by lifted
    multicuts", algorithm 1): the two clusters with the largest sum of weights between them are joined while that sum
    is positive. Ties go to the pair with the smaller node, a cluster counting as its smallest. Sums are kept in
    millionths as integers, so the outcome depends neither on the order of the edges nor on that of the additions.

    Args:
        count: Number of nodes; they are numbered from 0 in an order that lasts, as ids do.
        edges: Pairs with their weight in bits, negative where they are rather two people; parallel ones add up.
        claims: What each node claims; clusters that claim different values under one key are never joined.
        forbidden: Pairs that no cluster may hold; stronger than `required`.
        required: Pairs that belong together whatever claims and weights say.
        sizes: What each node counts for `max_size`; 1 each when left out.
        max_size: Most that a cluster may count, but for what `required` joins.
    """
    clusters = _Clusters(count, claims, forbidden, sizes, max_size)
    for left, right in sorted((min(pair), max(pair)) for pair in required):
        clusters.join_required(left, right)
    for left, right, weight in edges:
        clusters.add_edge(left, right, round(weight * _SCALE))
    clusters.contract()
    return [clusters.find(node) for node in range(count)]


class _Clusters:
    """Clusters named by their smallest node, the weights between them, and what keeps them apart."""

    def __init__(
        self,
        count: int,
        claims: Sequence[Claims] | None,
        forbidden: Iterable[tuple[int, int]],
        sizes: Sequence[int] | None,
        max_size: int | None,
    ) -> None:
        self._parent = list(range(count))
        self._weights: list[dict[int, int]] = [{} for _ in range(count)]
        self._claims = [dict(one) for one in claims] if claims else [{} for _ in range(count)]
        self._size = list(sizes) if sizes else [1] * count
        self._max_size = max_size
        self._apart: list[set[int]] = [set() for _ in range(count)]
        for left, right in forbidden:
            self._apart[left].add(right)
            self._apart[right].add(left)

    def find(self, node: int) -> int:
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def join_required(self, left: int, right: int) -> None:
        a, b = self.find(left), self.find(right)
        if a != b and b not in self._apart[a]:
            self._merge(min(a, b), max(a, b))

    def add_edge(self, left: int, right: int, weight: int) -> None:
        a, b = self.find(left), self.find(right)
        if a != b:
            self._weights[a][b] = self._weights[b][a] = self._weights[a].get(b, 0) + weight

    def contract(self) -> None:
        queue = [(-weight, a, b) for a, near in enumerate(self._weights) for b, weight in near.items() if a < b]
        queue = [entry for entry in queue if entry[0] < 0]
        heapq.heapify(queue)
        while queue:
            negative, a, b = heapq.heappop(queue)
            # an entry is stale when one of its clusters is gone or the sum has changed since
            if self._weights[a].get(b) != -negative or not self._may_join(a, b):
                continue
            for c in self._merge(a, b):
                weight = self._weights[a][c]
                if weight > 0:
                    heapq.heappush(queue, (-weight, min(a, c), max(a, c)))

    def _may_join(self, a: int, b: int) -> bool:
        if b in self._apart[a]:
            return False
        if self._max_size is not None and self._size[a] + self._size[b] > self._max_size:
            return False
        one, other = self._claims[a], self._claims[b]
        return all(other.get(key, value) == value for key, value in one.items())

    def _merge(self, a: int, b: int) -> list[int]:
        """Join cluster `b` into `a`, the smaller, and return the clusters whose weight to `a` has changed."""
        self._parent[b] = a
        self._size[a] += self._size[b]
        # what `required` joined against its claims keeps the claims of the smaller
        self._claims[a] = self._claims[b] | self._claims[a]
        for c in self._apart[b]:
            self._apart[c].discard(b)
            self._apart[c].add(a)
            self._apart[a].add(c)
        mine, theirs = self._weights[a], self._weights[b]
        mine.pop(b, None)
        changed = []
        for c, weight in theirs.items():
            if c == a:
                continue
            near = self._weights[c]
            del near[b]
            mine[c] = near[a] = mine.get(c, 0) + weight
            changed.append(c)
        self._weights[b] = {}
        return changed
