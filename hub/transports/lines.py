"""All lines of a site, by id: who owns which port, and who holds which endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.api.errors import ConfigError, LineBusy
from hub.api.lines import ByteLine, Framer, Tap
from hub.core.clock import Clock
from hub.transports.modbus import ModbusMaster, Unit, framing_of
from hub.transports.owner import LineOwner, LineView, Timing
from hub.transports.ports import open_port
from hub.transports.urls import PortUrl, parse_url


@dataclass(slots=True)
class _Owned:
    owner: LineOwner
    framer: Any
    holders: set[LineView] = field(default_factory=set)


class Lines:
    """Opens each line when it is first asked for and keeps it until `close`.

    `specs` maps line ids to URLs, as in `site.yaml`; `replace` (from `--line ID=URL`) maps a line id, or
    a device name for its endpoint, to another URL. Raises ConfigError for a URL that cannot be.
    """

    def __init__(
        self, specs: Mapping[str, str], clock: Clock, tap: Tap | None = None, *,
        replace: Mapping[str, str] | None = None,
        opener: Callable[[PortUrl], Awaitable[ByteLine]] = open_port,
    ) -> None:
        self._replace = dict(replace or {})
        self._urls = {line: parse_url(self._replace.get(line, url)) for line, url in specs.items()}
        self._clock = clock
        self._tap = tap
        self._opener = opener
        self._owned: dict[str, _Owned] = {}
        self._masters: dict[str, ModbusMaster] = {}
        self._leases: dict[str, EndpointLease] = {}
        self._held: dict[tuple[str, str], LineView] = {}

    def url(self, line_id: str) -> PortUrl:
        """Where a line is, after any replacement. Raises ConfigError for an unknown id."""
        if line_id not in self._urls:
            raise ConfigError(f"there is no line {line_id!r}; there are {', '.join(sorted(self._urls))}")
        return self._urls[line_id]

    def framed(
        self, line_id: str, framer: Callable[[], Framer], timing: Timing | None = None, *, holder: str = ""
    ) -> LineView:
        """A view of the line, cut by `framer` (a class or factory), for the device `holder`.

        A device that asks again, because its driver starts afresh, loses its earlier view. Several devices
        may hold one line, if they cut it alike. Raises ConfigError otherwise.
        """
        url = self.url(line_id)
        earlier = self._held.pop((line_id, holder), None)
        if earlier is not None:
            earlier.release()
        owned = self._owned.get(line_id)
        if owned is None:
            owner = LineOwner(
                line_id, lambda: self._opener(url), framer, self._clock, timing=timing, tap=self._tap
            )
            owned = self._owned[line_id] = _Owned(owner, framer)
            owner.start()
        elif owned.framer != framer:
            if owned.holders:
                raise ConfigError(f"line {line_id!r} is used by a device of another protocol")
            owned.framer = framer
            owned.owner.reframe(framer)
        view = LineView(owned.owner, owned.holders.discard)
        owned.holders.add(view)
        if holder:
            self._held[line_id, holder] = view
        return view

    def modbus(self, line_id: str) -> ModbusMaster:
        """The one Modbus master of the line. Raises ConfigError when the line speaks something else."""
        master = self._masters.get(line_id)
        if master is None:
            framing = framing_of(self.url(line_id))
            view = self.framed(line_id, framing.framer, framing.timing)
            master = self._masters[line_id] = ModbusMaster(view, framing)
        return master

    def unit(self, line_id: str, address: int, *, holder: str = "") -> Unit:
        """The Modbus unit at `address` for the device `holder`, whose earlier unit ends."""
        master = self.modbus(line_id)
        framing = framing_of(self.url(line_id))
        return master.unit(address, self.framed(line_id, framing.framer, holder=holder))

    def endpoint(self, device: str, url: str) -> EndpointLease:
        """Lease the endpoint of `device`. Raises LineBusy while another device holds it.

        A device that asks again, because its driver starts afresh, gets a new lease for its old one.
        """
        where = self._replace.get(device, url)
        held = self._leases.get(where)
        if held is not None:
            if held.device != device:
                raise LineBusy(f"{where} is held by {held.device}")
            held.release()
        lease = EndpointLease(device, where, self._clock, self._tap, lambda: self._leases.pop(where, None))
        self._leases[where] = lease
        return lease

    async def close(self) -> None:
        """Let every port go."""
        await asyncio.gather(*(owned.owner.close() for owned in self._owned.values()))
        self._owned.clear()
        self._masters.clear()
        self._leases.clear()
        self._held.clear()


class EndpointLease:
    """An Endpoint: exclusive until `release`."""

    def __init__(
        self, device: str, url: str, clock: Clock, tap: Tap | None, on_release: Callable[[], object]
    ) -> None:
        self.device = device
        self._url = url
        self._clock = clock
        self._tap = tap
        self._on_release: Callable[[], object] | None = on_release
        self._loop = asyncio.get_running_loop()

    @property
    def url(self) -> str:
        """Where it is, after any replacement."""
        return self._url

    def report(self, direction: str, data: bytes) -> None:
        """Tell the tap what crossed (thread-safe)."""
        if self._tap is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(
                self._tap, self.device, direction, self._clock.monotonic(), bytes(data)
            )

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        on_release, self._on_release = self._on_release, None
        if on_release is not None:
            on_release()
