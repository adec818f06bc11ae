"""Find what holds a cluster together: its strongest spanning links, and which of them nothing else would replace."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Links:
    """The links of the strongest spanning trees: one fewer than nodes in each cluster.

    Whoever divides a cluster cuts at least one of them, and no chain of evidence between its ends is stronger.

    Args:
        edge: Position of the link among the edges given.
        is_bridge: Whether the cluster falls apart without it.
        smaller_side: Sum of the sizes of the nodes on the lighter side of the tree when the link is cut.
    """

    edge: NDArray
    is_bridge: NDArray
    smaller_side: NDArray


def spanning_links(left: NDArray, right: NDArray, weight: NDArray, size: NDArray) -> Links:
    """Return the spanning links of all clusters at once.

    Each is a function of its cluster alone: ties go to the smaller, then the larger node. A link is a bridge when no
    edge outside the tree spans it: every such edge marks both ends with a random number, and the numbers of a subtree
    cancel out (exclusive or) unless an edge leaves it (Pettie and Ramachandran's cycle space sampling).

    Args:
        left: Node number of one end of each edge; a pair of nodes stands once.
        right: Node number of the other end.
        weight: Strength of each edge.
        size: What each node weighs, by number: its records.
    """
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    count = len(size)
    rank = np.empty(len(left), np.int64)
    rank[np.lexsort((np.maximum(left, right), np.minimum(left, right), -weight))] = np.arange(1, len(left) + 1)
    tree = minimum_spanning_tree(coo_matrix((rank.astype(float), (left, right)), shape=(count, count)).tocsr())
    by_rank = np.empty(len(left) + 1, np.int64)
    by_rank[rank] = np.arange(len(left))
    edge = np.sort(by_rank[tree.data.astype(np.int64)])
    forest = _rooted(count, left[edge], right[edge])
    outside = np.ones(len(left), bool)
    outside[edge] = False
    crossing, weighed = _below(left[outside], right[outside], size, forest)
    whole = _of_root(weighed, forest)
    child = np.where(forest.parent[left[edge]] == right[edge], left[edge], right[edge])
    return Links(edge, crossing[child] == 0, np.minimum(weighed[child], whole[child] - weighed[child]))


@dataclass(frozen=True)
class _Forest:
    """All trees below one root: the parent of each node, the nodes from the top down, and where levels start."""

    parent: NDArray
    order: NDArray
    starts: list[int]


def _rooted(count: int, left: NDArray, right: NDArray) -> _Forest:
    """Hang the trees below one root, node number `count`."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order

    from identity.clustering import connected_components

    top = np.unique(connected_components(count, left, right))
    ends = np.r_[left, np.full(len(top), count)], np.r_[right, top]
    graph = coo_matrix((np.ones(len(ends[0]), np.int8), ends), shape=(count + 1, count + 1)).tocsr()
    order, parent = breadth_first_order(graph, count, directed=False)
    place = np.empty(count + 1, np.int64)
    place[order] = np.arange(count + 1)
    above = place[parent[order[1:]]]
    starts = [0, 1]
    while starts[-1] <= count:
        starts.append(1 + int(np.searchsorted(above, starts[-1])))
    return _Forest(parent, order, starts)


def _below(left: NDArray, right: NDArray, size: NDArray, forest: _Forest) -> tuple[NDArray, NDArray]:
    """Return for each node what leaves its subtree by edges outside the tree, cancelled out, and what it weighs."""
    import numpy as np

    count = len(size)
    mark = _scramble(left.astype(np.uint64) * np.uint64(count) + right.astype(np.uint64))
    crossing = np.zeros(count + 1, np.uint64)
    np.bitwise_xor.at(crossing, left, mark)
    np.bitwise_xor.at(crossing, right, mark)
    weighed = np.r_[size, 0].astype(np.int64)
    for start, stop in reversed(list(pairwise(forest.starts[1:]))):
        nodes = forest.order[start:stop]
        np.bitwise_xor.at(crossing, forest.parent[nodes], crossing[nodes])
        np.add.at(weighed, forest.parent[nodes], weighed[nodes])
    return crossing, weighed


def _of_root(weighed: NDArray, forest: _Forest) -> NDArray:
    """Return for each node what its whole tree weighs."""
    whole = weighed.copy()
    for start, stop in pairwise(forest.starts[2:]):
        nodes = forest.order[start:stop]
        whole[nodes] = whole[forest.parent[nodes]]
    return whole


def _scramble(number: NDArray) -> NDArray:
    """Return splitmix64 of each number (Steele, Lea and Flood 2014): equal in, equal out, otherwise unrelated."""
    import numpy as np

    mixed = number + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
