"""An NFC reader through nfcpy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.api import ConfigError, DeviceContext, Driver, Endpoint, LineBusy, NotReady
from hub.model.observations import TagRead
from hub.model.states import FaultKind
from integrations.nfc.codec import check_endpoint
from integrations.nfc.reader import Events, Reader


class NfcReader(Driver):
    """Emits TagRead once per presentation: a tag that stays, stays one. `unreadable` counts bad answers."""

    def __init__(self, ctx: DeviceContext) -> None:
        super().__init__(ctx)
        self._quiet: float = ctx.setup.config["same_tag_ms"] / 1000
        self._endpoint: Endpoint | None = None
        self._reader: Reader | None = None
        self._loop = asyncio.get_running_loop()
        self._first: asyncio.Future[str] = self._loop.create_future()
        self._present: dict[str, float] = {}
        self.unreadable = 0

    @property
    def reads_tags(self) -> bool:
        """True."""
        return True

    async def start(self) -> None:
        """Start the thread and wait until it has the reader. NotReady with what to do otherwise."""
        try:
            self._endpoint = self.ctx.endpoint()
        except LineBusy as error:
            raise NotReady(str(error)) from error
        try:
            path = check_endpoint(self._endpoint.url)
        except ValueError as error:
            self._endpoint.release()
            raise ConfigError(str(error)) from error
        events = Events(
            opened=lambda: self._post(self._opened),
            gone=lambda why: self._post(lambda: self._gone(why)),
            tag=lambda technology, uid: self._post(lambda: self._tag(technology, uid)),
            bad=lambda why: self._post(lambda: self._bad(why)),
        )
        self._reader = Reader(path, self.ctx.setup.config["technologies"], events)
        self._reader.start()
        why = await self._first
        if why:
            await self.stop()
            raise NotReady(f"{path}: {why}")

    async def stop(self) -> None:
        """End the thread; it answers within its sense interval of one second."""
        if self._reader is not None:
            self._reader.stop()
            await self._loop.run_in_executor(None, self._reader.join)
            self._reader = None
        if self._endpoint is not None:
            self._endpoint.release()
            self._endpoint = None

    def _post(self, call: Callable[[], None]) -> None:
        """From the thread to the loop. A loop that closed without `stop` hears nothing more."""
        if self._loop.is_closed():
            if self._reader is not None:
                self._reader.stop()
        else:
            self._loop.call_soon_threadsafe(call)

    def _opened(self) -> None:
        if not self._first.done():
            self._first.set_result("")
        self.ctx.clear(FaultKind.OFFLINE)

    def _gone(self, why: str) -> None:
        if not self._first.done():
            self._first.set_result(why)
        else:
            self.ctx.fault(FaultKind.OFFLINE, detail=why)

    def _bad(self, why: str) -> None:
        self.unreadable += 1
        self.ctx.log.info("A tag could not be read: %s", why)

    def _tag(self, technology: str, uid: str) -> None:
        now = self.ctx.clock.monotonic()
        self._present = {u: at for u, at in self._present.items() if now - at < self._quiet}
        new = uid not in self._present
        self._present[uid] = now
        if new and self._endpoint is not None:
            self._endpoint.report("in", f"{technology} {uid}".encode())
            self.ctx.emit(TagRead(self.ctx.setup.name, uid))
