"""Lay a small graph out on a plane: what is few steps apart lies close, and the same graph always looks the same."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_ROUNDS = 150
_NEAREST = 0.35
"""Distance below which two circles are pushed apart."""
_LONGEST = 9.0
"""Most steps that a drawing is wide; longer chains curl up."""
_GOLDEN_ANGLE = 2.399963229728653


def lay_out(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return a place for each of `count` nodes around the middle, neighbours about 1 apart where there is room.

    Stress majorisation (Gansner, Koren and North 2004) from a spiral in breadth-first order: no chance is in it, and
    places are rounded, so that the last bits of a processor's arithmetic do not show.

    Args:
        count: Number of nodes.
        edges: Pairs of node numbers; parts that no edge joins are laid side by side.
    """
    import numpy as np

    if count == 0:
        return []
    steps, order = _distances(count, edges)
    place = np.empty((count, 2))
    turn = np.arange(count)
    radius = np.sqrt(turn + 0.5)
    place[order] = np.stack([radius * np.cos(turn * _GOLDEN_ANGLE), radius * np.sin(turn * _GOLDEN_ANGLE)], axis=1)
    if count > 1:
        place = _apart(_settled(place, steps))
    place = _turned(place - place.mean(axis=0))
    return [(round(float(x), 3), round(float(y), 3)) for x, y in place]


def _settled(place: NDArray, wished: NDArray) -> NDArray:
    """Return the places moved towards their wished distances, far pairs mattering less."""
    import numpy as np

    weight = 1 / np.maximum(wished, 1e-9) ** 2
    np.fill_diagonal(weight, 0)
    laplacian = np.diag(weight.sum(axis=1)) - weight
    inverse = np.linalg.pinv(laplacian)
    for _ in range(_ROUNDS):
        distance = np.linalg.norm(place[:, None] - place[None, :], axis=2)
        np.fill_diagonal(distance, 1)
        pull = -weight * wished / np.maximum(distance, 1e-9)
        np.fill_diagonal(pull, 0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        place = inverse @ (pull @ place)
    return place


def _apart(place: NDArray) -> NDArray:
    """Return the places with those that would cover each other pushed apart."""
    import numpy as np

    for _ in range(_ROUNDS):
        between = place[:, None] - place[None, :]
        distance = np.linalg.norm(between, axis=2)
        np.fill_diagonal(distance, _NEAREST)
        missing = np.maximum(_NEAREST - distance, 0) / np.maximum(distance, 1e-9) / 2
        place = place + (missing[:, :, None] * between).sum(axis=1)
    return place


def _turned(place: NDArray) -> NDArray:
    """Return the places turned so that the drawing is wider than high, its first node to the left."""
    import numpy as np

    angle = 0.5 * np.arctan2(2 * (place[:, 0] * place[:, 1]).sum(), (place[:, 0] ** 2 - place[:, 1] ** 2).sum())
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = place @ np.array([[cosine, -sine], [sine, cosine]])
    return turned if turned[0, 0] <= 0 else -turned


def _distances(count: int, edges: Sequence[tuple[int, int]]) -> tuple[NDArray, list[int]]:
    """Return the steps between all nodes, and the nodes in breadth-first order from the best connected one."""
    import numpy as np

    neighbours: list[set[int]] = [set() for _ in range(count)]
    for a, b in edges:
        if a != b:
            neighbours[a].add(b)
            neighbours[b].add(a)
    steps = np.full((count, count), np.inf)
    for start in range(count):
        steps[start, start] = 0
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for other in sorted(neighbours[node]):
                if np.isinf(steps[start, other]):
                    steps[start, other] = steps[start, node] + 1
                    queue.append(other)
    first = min(range(count), key=lambda node: (-len(neighbours[node]), node))
    order = sorted(range(count), key=lambda node: (steps[first, node], -len(neighbours[node]), node))
    reached = steps[np.isfinite(steps)].max()
    if reached > _LONGEST:
        steps, reached = steps ** (np.log(_LONGEST) / np.log(reached)), _LONGEST
    # crowded neighbours need more room than one step
    crowd = np.sqrt(np.maximum(1, np.array([len(one) for one in neighbours]) / 6))
    room = np.maximum(crowd[:, None], crowd[None, :])
    return np.where(np.isfinite(steps), steps, reached + 1) * room, order
