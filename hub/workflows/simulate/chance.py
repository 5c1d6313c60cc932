"""Numbers by chance, drawn from injected entropy so that the same seed gives the same days (S2)."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

from hub.core.entropy import Entropy, SeededEntropy

_WIDTH = 7
_RANGE = float(1 << 8 * _WIDTH)
T = TypeVar("T")


class Chance:
    """One stream of chance; streams of different names do not disturb each other."""

    def __init__(self, seed: int | str, name: str) -> None:
        self._entropy: Entropy = SeededEntropy(f"{seed}/{name}")
        self._pool = b""
        self._used = 0

    def share(self) -> float:
        """Uniform in 0 <= x < 1."""
        end = self._used + _WIDTH
        if end > len(self._pool):
            self._pool, self._used, end = self._entropy.bytes(_WIDTH * 512), 0, _WIDTH
        piece = self._pool[self._used : end]
        self._used = end
        return int.from_bytes(piece, "big") / _RANGE

    def hits(self, probability: float) -> bool:
        """True with this probability."""
        return probability > 0 and self.share() < probability

    def between(self, low: float, high: float) -> float:
        """Uniform between two numbers."""
        return low + (high - low) * self.share()

    def about(self, mean: float) -> float:
        """Exponential with this mean: waiting for something that comes when it comes."""
        return -mean * math.log(1.0 - self.share())

    def one_of(self, options: Sequence[T]) -> T:
        """Any of them, all as likely."""
        return options[int(self.share() * len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of them, by weight."""
        sums = list(accumulate(weights))
        return options[min(bisect(sums, self.share() * sums[-1]), len(options) - 1)]
