"""Facts that the disk took no record of: kept in order until it does (S8, S24).

A door that moved meanwhile would otherwise stay recorded as it was, and its next breach pass unseen.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hub.store import Store, StoreBlocked, Tx

_LOG = logging.getLogger(__name__)
#: Doors and faults are few; beyond this the oldest go, and are logged.
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class _Fact:
    subject: tuple[str, str]
    number: int
    write: Callable[[Tx], None]


class Backlog:
    """Writes facts at once while the disk lets us, and afterwards when it did not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Fact] = deque()
        self._count = 0
        #: The newest fact of each subject that is recorded: an older one must not come after it.
        self._recorded: dict[tuple[str, str], int] = {}

    async def keep(self, subject: tuple[str, str], write: Callable[[Tx], None]) -> None:
        """Record a fact about `subject`, now or as soon as the disk takes it. Raises StoreError."""
        self._count += 1
        fact = _Fact(subject, self._count, write)
        if self._waiting:
            self._wait(fact)
            return
        try:
            await self._record(fact)
        except StoreBlocked as error:
            _LOG.error("A fact about %s waits for the disk: %s", "/".join(subject), error)
            self._wait(fact)

    async def catch_up(self) -> None:
        """Record what waits, oldest first, for as long as the disk takes it."""
        while self._waiting:
            fact = self._waiting[0]
            if fact.number > self._recorded.get(fact.subject, 0):
                try:
                    await self._record(fact)
                except StoreBlocked:
                    return
                except Exception:  # noqa: BLE001  one fact must not keep all later ones from the record
                    _LOG.exception("A fact about %s cannot be recorded", "/".join(fact.subject))
            if self._waiting and self._waiting[0] is fact:
                self._waiting.popleft()

    async def _record(self, fact: _Fact) -> None:
        await self._store.write(fact.write)
        self._recorded[fact.subject] = max(fact.number, self._recorded.get(fact.subject, 0))

    def _wait(self, fact: _Fact) -> None:
        if len(self._waiting) == _KEPT:
            lost = self._waiting.popleft()
            _LOG.error("Too much waits for the disk; a fact about %s is lost", "/".join(lost.subject))
        self._waiting.append(fact)
