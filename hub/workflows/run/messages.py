"""Delivers the outbox: each queued message to the site's notifier, at least once (S34)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from hub import access, desk
from hub.api import BadAuth, ConfigError, Notifier, NotReady
from hub.core.clock import SECOND, Clock
from hub.effects.devices import Devices, notifier
from hub.model.effects import JsonMap
from hub.model.failures import StepFailed
from hub.store import PersonForgotten, Reader, Store, StoreError, Tx

_LOG = logging.getLogger(__name__)
_LIMIT = 15.0
_PAUSE = 20.0
_FIRST_RETRY = 5 * SECOND
_LONGEST_RETRY = 600 * SECOND


@dataclass(frozen=True, slots=True)
class _Letter:
    """What a notifier is handed."""

    message_id: str
    to: JsonMap
    subject: str
    text: str
    code: str | None
    pin: str | None


class MessageDelivery:
    """Looks for due messages when told of new ones, and from time to time for retries."""

    def __init__(self, store: Store, clock: Clock, devices: Devices, notifier: str | None) -> None:
        self._store = store
        self._clock = clock
        self._devices = devices
        self._notifier = notifier
        self._wake = asyncio.Event()
        #: Seconds after which retries are looked for.
        self.pause = _PAUSE

    def nudge(self) -> None:
        """There may be something to deliver."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self._round()
            except StoreError as error:
                _LOG.warning("Messages wait: %s", error)
            except Exception:  # noqa: BLE001  one message must not keep all others
                _LOG.exception("A round of messages failed")
            try:
                async with asyncio.timeout(self.pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _round(self) -> None:
        if self._notifier is None or not self._devices.serving(self._notifier):
            return
        driver = notifier(self._devices.driver(self._notifier))
        if driver is None:
            return
        at = self._clock.now()
        if await self._store.read(lambda r: desk.next_due(r)) is None:
            return
        await self._store.write(lambda tx: desk.expire_messages(tx, at))
        for message in await self._store.read(lambda r: desk.due_messages(r, at)):
            await self._deliver(driver, message)

    async def _deliver(self, driver: Notifier, message: desk.Outgoing) -> None:
        assert self._notifier is not None
        letter = _Letter(
            message.message_id, await self._contact(message), message.subject, message.text, message.code,
            message.pin,
        )
        deadline = self._clock.monotonic() + _LIMIT
        guard = self._devices.guard(self._notifier)
        try:
            await guard.ask("notify", lambda: driver.notify(letter, deadline), deadline)
        except (BadAuth, ConfigError) as error:
            await self._failed(message, str(error), final=True)
        except NotReady as error:
            await self._failed(message, str(error), final=False)
        else:
            at = self._clock.now()
            await self._store.write(lambda tx: desk.mark_delivered(tx, message.message_id, at))

    async def _contact(self, message: desk.Outgoing) -> JsonMap:
        if message.person_ref is None:
            return {"role": message.role}
        person = message.person_ref

        def read(reader: Reader) -> JsonMap:
            try:
                return access.contact(reader, person)
            except (StepFailed, PersonForgotten):
                return {}

        return await self._store.read(read)

    async def _failed(self, message: desk.Outgoing, why: str, *, final: bool) -> None:
        at = self._clock.now()
        wait = min(_FIRST_RETRY * 2**message.attempts, _LONGEST_RETRY)

        def write(tx: Tx) -> None:
            desk.mark_failed(tx, message.message_id, why, None if final else at + wait, at)
            if final:
                desk.open_incident(
                    tx, "message_failed", at, handover_id=message.handover_id, target=message.message_id,
                    detail=why,
                )

        await self._store.write(write)
