"""Walk from record to record along pairs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def shortest_chain(pairs: Iterable[tuple[str, str]], start: str, end: str) -> list[tuple[str, str]]:
    """Return the pairs of a shortest chain from `start` to `end`, smaller records first; empty when there is none."""
    neighbours: dict[str, list[tuple[str, tuple[str, str]]]] = {}
    for pair in pairs:
        neighbours.setdefault(pair[0], []).append((pair[1], pair))
        neighbours.setdefault(pair[1], []).append((pair[0], pair))
    came: dict[str, tuple[str, tuple[str, str]] | None] = {start: None}
    queue = deque([start])
    while queue and end not in came:
        record = queue.popleft()
        for other, pair in sorted(neighbours.get(record, ())):
            if other not in came:
                came[other] = (record, pair)
                queue.append(other)
    chain: list[tuple[str, str]] = []
    step = came.get(end)
    while step is not None:
        chain.append(step[1])
        step = came[step[0]]
    return chain[::-1]
