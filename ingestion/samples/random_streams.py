"""Random numbers that depend on the seed, the block and the purpose alone, never on the order of work."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Streams:
    """Independent random generators by name, for one block of people."""

    def __init__(self, seed: int, block: int) -> None:
        self.seed, self.block = seed, block

    def of(self, purpose: str) -> np.random.Generator:
        """Return the generator of one purpose; the same purpose twice starts the same numbers again."""
        return np.random.default_rng([self.seed, self.block, zlib.crc32(purpose.encode())])


def pick(rng: np.random.Generator, weights: Sequence[float] | NDArray[Any], size: int) -> NDArray[np.int64]:
    """Draw `size` positions with the given weights."""
    shares = np.cumsum(np.asarray(weights, dtype=float))
    drawn = np.searchsorted(shares / shares[-1], rng.random(size), side="right")
    return np.minimum(drawn, len(shares) - 1)


def pick_frequent(
    rng: np.random.Generator, count: int, size: int, *, exponent: float = 0.9, shift: float = 3.0
) -> NDArray[np.int64]:
    """Draw positions below `count` where early ones are frequent and late ones rare (Zipf-Mandelbrot)."""
    return pick(rng, 1 / (np.arange(count) + shift) ** exponent, size)


def scattered(index: NDArray[Any], side: int, key: int) -> NDArray[np.int64]:
    """Map each number below `side`² to another one, no two alike: unique identifiers without remembering any.

    Three rounds of a Feistel network over pairs below `side`.
    """
    left, right = np.divmod(np.asarray(index, dtype=np.int64) % (side * side), side)
    for turn in range(3):
        factor, offset = 2 * ((key * 7919 + turn * 104729) % 4093) + 1, (key * 31 + turn * 977) % side
        left, right = right, (left + right * right * factor + right * 17 + offset) % side
    return left * side + right


def repeated(counts: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for `counts` items per owner, the owner of each item and its position among the owner's."""
    owners = np.repeat(np.arange(len(counts)), counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return owners, np.arange(len(owners)) - starts
