"""Injected chance (rule S2)."""

from __future__ import annotations

import hashlib
import os
from typing import Protocol

from hub.core.clock import Clock
from hub.model.ids import make_id


class Entropy(Protocol):
    """A source of random bytes."""

    def bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes."""
        ...


class SystemEntropy:
    """The operating system's entropy: the only source outside the virtual clock."""

    def bytes(self, count: int) -> bytes:
        """`count` bytes of os.urandom."""
        return os.urandom(count)


class SeededEntropy:
    """A reproducible stream for simulation: SHA-256 in counter mode over the seed."""

    def __init__(self, seed: int | str) -> None:
        self._key = hashlib.sha256(str(seed).encode()).digest()
        self._counter = 0
        self._pool = b""

    def bytes(self, count: int) -> bytes:
        """The next `count` bytes of the stream."""
        while len(self._pool) < count:
            self._pool += hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
        out, self._pool = self._pool[:count], self._pool[count:]
        return out


def below(entropy: Entropy, limit: int) -> int:
    """A uniform number in 0..limit-1, without modulo bias."""
    if limit < 1:
        raise ValueError("limit must be at least 1")
    width = (limit.bit_length() + 7) // 8 or 1
    ceiling = 256**width - 256**width % limit
    while True:
        number = int.from_bytes(entropy.bytes(width), "big")
        if number < ceiling:
            return number % limit


class Ids:
    """Makes time-sortable ids from the injected clock and entropy."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy

    def new(self) -> str:
        """A fresh id."""
        return make_id(self._clock.now(), self._entropy.bytes(10))
