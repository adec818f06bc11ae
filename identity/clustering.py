"""Turn edges into clusters: components first, then constraints inside the components that break one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray


CUTS = ("document", "name", "size", "decision")
"""What may refuse an edge: two documents, two names around a nameless node, the size cap, a person's decision."""
_PART, _FEW = 1 << 22, 1 << 31
"""Values or edges looked at at a time, and how many can be counted in four bytes."""
FORCED = 1000.0
"""Weight from which an edge is a person's word: only another decision refuses it."""


@dataclass(frozen=True)
class Nodes:
    """What the constraints look at, one entry per node; a node's position is its number.

    Args:
        document: Number of the valid document, or -1.
        document_kind: Number of the document's kind, or -1; equal kinds conflict when the documents differ.
        is_company: Whether the document is a company's: a company's and a person's never go together.
        name: Number of the given name, or -1 for a nameless node.
    """

    document: NDArray
    document_kind: NDArray
    is_company: NDArray
    name: NDArray

    def __len__(self) -> int:
        return len(self.document)


@dataclass(frozen=True)
class Clustering:
    """Label of each node (its cluster's smallest node), and what the constraints had to do.

    Args:
        cluster: Smallest node of the node's cluster.
        component: Smallest node of the node's component.
        cuts: For each of `CUTS`, the components in which it refused an edge.
    """

    cluster: NDArray
    component: NDArray
    cuts: tuple[frozenset[int], ...]

    @property
    def cut_by_document(self) -> int:
        """Return in how many components a conflict of documents refused an edge."""
        return len(self.cuts[0])

    @property
    def cut_by_name(self) -> int:
        """Return in how many components a nameless node would have joined two people."""
        return len(self.cuts[1])

    @property
    def cut_by_size(self) -> int:
        """Return in how many components the size cap refused an edge."""
        return len(self.cuts[2])


def places(ordered: NDArray, values: NDArray) -> NDArray:
    """Return where each of `values` stands in `ordered`, which holds them all.

    Looked up in their order, neighbours fall into the same cache lines: for millions a third of the time. Part by part,
    the order and the ordered copy are those of few values.
    """
    import numpy as np

    found = np.empty(len(values), np.int32 if len(ordered) < _FEW else np.int64)
    for start in range(0, len(values), _PART):
        part = values[start : start + _PART]
        order = np.argsort(part)
        found[start + order] = np.searchsorted(ordered, part[order])
    return found


def connected_components(count: int, left: NDArray, right: NDArray) -> NDArray:
    """Return for each of `count` nodes the smallest node of its component.

    Edges are added part by part, between the components that stand by then: most join what is joined already, and the
    copies that a graph makes of its edges are those of one part.
    """
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components as components

    kind = np.int32 if count < _FEW else np.int64
    labels: NDArray = np.arange(count, dtype=kind)
    many = count
    for start in range(0, len(left), _PART):
        first, second = labels[left[start : start + _PART]], labels[right[start : start + _PART]]
        apart = first != second
        ends = first[apart], second[apart]
        graph = coo_matrix((np.ones(len(ends[0]), np.int8), ends), shape=(many, many))
        many, joined = components(graph, directed=False)
        labels = joined.astype(kind, copy=False)[labels]
    smallest = np.full(many, count, kind)
    np.minimum.at(smallest, labels, np.arange(count, dtype=kind))
    return smallest[labels]


def cluster_nodes(
    nodes: Nodes,
    left: NDArray,
    right: NDArray,
    rule: NDArray,
    weights: NDArray,
    *,
    max_nodes: int,
    apart: tuple[NDArray, NDArray] | None = None,
) -> Clustering:
    """Cluster nodes over edges so that no cluster breaks a constraint; an edge weighs what `weights` has for its rule.

    Components that could break one are rebuilt edge by edge: strongest first, ties by the smaller then the larger
    node. An edge is refused when it would put two valid documents of one kind together, a company's and a person's,
    two given names that only a nameless node connects, or more than `max_nodes` nodes; always, when it would put the
    two ends of a pair of `apart` together. Edges of weight `FORCED` heed nothing but the last. The result is a function
    of each component alone, whatever the order of the input.
    """
    import numpy as np

    component = connected_components(len(nodes), left, right)
    suspect = _suspect_components(nodes, component, left, right, max_nodes)
    if apart is not None:
        within = component[apart[0]] == component[apart[1]]
        suspect[component[apart[0][within]]] = True
    cluster = component.copy()
    cuts: list[set[int]] = [set() for _ in CUTS]
    if suspect.any():
        inside = suspect[component[left]]
        first, second, heavy = left[inside], right[inside], weights[rule[inside]]
        order = np.lexsort((np.maximum(first, second), np.minimum(first, second), -heavy))
        members = np.flatnonzero(suspect[component])
        forest = _Forest(nodes, members, max_nodes, apart)
        forced = heavy[order] >= FORCED
        for a, b, must in zip(first[order].tolist(), second[order].tolist(), forced.tolist(), strict=True):
            refused = forest.join(a, b, must=must)
            if refused is not None:
                cuts[refused].add(int(component[a]))
        cluster[members] = [forest.find(node) for node in members.tolist()]
    return Clustering(cluster, component, tuple(frozenset(found) for found in cuts))


def _suspect_components(nodes: Nodes, component: NDArray, left: NDArray, right: NDArray, max_nodes: int) -> NDArray:
    """Return for each node number whether the component it names may break a constraint."""
    import numpy as np

    count = len(nodes)
    suspect = np.bincount(component, minlength=count) > max_nodes
    suspect |= _hold_several(component, nodes.document, count)
    # two people meet through a nameless node only where there is one
    nameless = np.zeros(count, bool)
    nameless[component[nodes.name < 0]] = True
    inside = nameless[component[left]] & (nodes.name[left] >= 0) & (nodes.name[right] >= 0)
    piece = connected_components(count, left[inside], right[inside])
    suspect |= _hold_several(component, np.where((nodes.name >= 0) & nameless[component], piece, -1), count)
    return suspect


def _hold_several(component: NDArray, value: NDArray, count: int) -> NDArray:
    """Return for each component number whether it holds more than one value; negative values are none."""
    import numpy as np

    has = value >= 0
    lowest, highest = np.full(count, np.iinfo(np.int64).max), np.full(count, -1, np.int64)
    np.minimum.at(lowest, component[has], value[has])
    np.maximum.at(highest, component[has], value[has])
    return highest > lowest


_Documents = dict[tuple[bool, int], frozenset[int]]


class _Forest:
    """Union-find whose trees carry documents, given names and size."""

    def __init__(
        self, nodes: Nodes, members: NDArray, max_nodes: int, apart: tuple[NDArray, NDArray] | None = None
    ) -> None:
        self._max_nodes = max_nodes
        numbers = members.tolist()
        self._parent = {node: node for node in numbers}
        self._size = dict.fromkeys(numbers, 1)
        self._named = dict(zip(numbers, (nodes.name[members] >= 0).tolist(), strict=True))
        self._names = {
            node: frozenset((name,)) if name >= 0 else frozenset()
            for node, name in zip(numbers, nodes.name[members].tolist(), strict=True)
        }
        self._documents = {
            node: {(company, kind): frozenset((number,))} if number >= 0 else {}
            for node, company, kind, number in zip(
                numbers, nodes.is_company[members].tolist(), nodes.document_kind[members].tolist(),
                nodes.document[members].tolist(), strict=True,
            )
        }  # fmt: skip

        self._enemies: dict[int, set[int]] = {}
        for a, b in zip(*(side.tolist() for side in apart), strict=True) if apart is not None else ():
            if a in self._parent and b in self._parent:
                self._enemies.setdefault(a, set()).add(b)
                self._enemies.setdefault(b, set()).add(a)

    def find(self, node: int) -> int:
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(self, left: int, right: int, *, must: bool = False) -> int | None:
        """Join two trees, or return which of `CUTS` refuses; `must` heeds decisions alone."""
        a, b = self.find(left), self.find(right)
        if a == b:
            return None
        if any(self.find(enemy) == b for enemy in self._enemies.get(a, ())):
            return 3
        refused = None if must else self._refusal(a, b, direct=self._named[left] and self._named[right])
        if refused is not None:
            return refused
        if a > b:
            a, b = b, a
        self._parent[b] = a
        self._size[a] += self._size.pop(b)
        self._names[a] = self._names[a] | self._names[b]
        known = self._documents[a]
        self._documents[a] = known | {
            kind: numbers | known.get(kind, frozenset()) for kind, numbers in self._documents[b].items()
        }
        if b in self._enemies:
            self._enemies[a] = self._enemies.get(a, set()) | self._enemies.pop(b)
        return None

    def _refusal(self, a: int, b: int, *, direct: bool) -> int | None:
        if self._conflict(self._documents[a], self._documents[b]):
            return 0
        names_a, names_b = self._names[a], self._names[b]
        if not direct and names_a and names_b and not names_a & names_b:
            return 1
        return 2 if self._size[a] + self._size[b] > self._max_nodes else None

    @staticmethod
    def _conflict(first: _Documents, second: _Documents) -> bool:
        if not first or not second:
            return False
        if {company for company, _ in first} != {company for company, _ in second}:
            return True
        return any(kind in second and second[kind] != number for kind, number in first.items())
