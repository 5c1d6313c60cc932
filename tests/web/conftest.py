"""A real hub over a real store behind its web server; its devices are out of reach unless a test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from hub.app import Hub, Surroundings
from hub.cli.web import ports_of
from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.plugins.integrations import Integrations
from hub.site.load import load_site
from hub.web.ports import TwinRefused
from hub.web.server import WebServer

SITE = """\
site: {id: web-1, name: "Web test", time_zone: Europe/Berlin, currency: EUR}
lines:
  net1: {url: "tcp://127.0.0.1:9"}
devices:
  locks: {integration: modbus_locker, line: net1, address: 1, profile: waveshare_relay_8_d, supply: psu}
  mailbox: {integration: mailbox}
supplies:
  psu: {simultaneous: 1, gap: {milliseconds: 300}}
banks:
  main:
    thermal: refrigerated
    compartments:
      B2: {door: locks/2, size: M}
      A1: {door: locks/1, size: S}
      A3: {door: locks/3, size: L}
products:
  parcel: {name: Parcel, size: S, thermal: refrigerated}
people: {anna: {name: Anna, roles: [staff]}}
workflows:
  parcels: {use_blueprint: {path: pickup.yaml, input: {bank: main, access: [pin, qr]}}}
notifier: mailbox
web:
  allowed_hosts: [locker.example.org, "*.lan"]
  tokens:
    desk:   {token: token-of-the-desk-1234, scopes: [admin]}
    reader: {token: token-of-the-reader-12, scopes: [read]}
    shop:   {token: token-of-the-shop-1234, scopes: [read, write]}
    office: {token: token-of-the-office-12, scopes: [read, people]}
    tester: {token: token-of-the-tester-12, scopes: [twin]}
    clerk:  {token: token-of-the-clerk-123, roles: [staff]}
    boss:   {token: token-of-the-boss-1234, roles: [supervisor]}
    both:   {token: token-of-the-both-1234, roles: [staff, technician]}
"""
TOKENS = {
    "desk": "token-of-the-desk-1234", "reader": "token-of-the-reader-12", "shop": "token-of-the-shop-1234",
    "office": "token-of-the-office-12", "tester": "token-of-the-tester-12",
    "clerk": "token-of-the-clerk-123", "boss": "token-of-the-boss-1234", "both": "token-of-the-both-1234",
}
ORDER: dict[str, Any] = {
    "workflow": "parcels", "recipient": {"name": "Ada Lovelace", "email": "ada@example.org"},
    "items": [{"sku": "parcel", "quantity": 1}],
}


class MovableClock(SystemClock):
    """The machine's clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead


@dataclass
class FakeTwin:
    """Notes what it is asked; refuses what it is told to refuse."""

    asked: list[tuple[str, ...]] = field(default_factory=list)
    refuses: TwinRefused | None = None

    async def act(self, device: str, action: str, *args: str) -> Any:
        self.asked.append((device, action, *args))
        if self.refuses is not None:
            raise self.refuses
        return {"door": "1"}

    async def actions(self) -> dict[str, list[str]]:
        return {"locks": ["close NAME"]}


@dataclass(frozen=True)
class Answered:
    """One answer, read to its end."""

    status: int
    headers: Any
    body: Any

    @property
    def kind(self) -> str:
        assert self.headers["Content-Type"].startswith("application/problem+json")
        assert self.body["status"] == self.status
        return self.body["type"].removeprefix("/problems/")


class World:
    """A hub, its server and a client."""

    def __init__(
        self, hub: Hub, server: WebServer, session: aiohttp.ClientSession, clock: MovableClock
    ) -> None:
        self.hub = hub
        self.server = server
        self.session = session
        self.clock = clock
        self.twin = FakeTwin()

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = "desk", data: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answered:
        """`token` is a name of TOKENS, or a token's own text."""
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {TOKENS.get(token, token)}")
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        url = self.server.address + (path if path.startswith("/") else f"/api/v1/{path}")
        async with self.session.request(method, url, json=body, data=data, headers=sent) as answer:
            is_json = "json" in answer.content_type
            read = await (answer.json() if is_json else answer.read())
            return Answered(answer.status, answer.headers, read)

    async def get(self, path: str, **more: Any) -> Answered:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answered:
        return await self.ask("POST", path, body, **more)

    async def order(self, **changes: Any) -> str:
        made = await self.post("handovers", ORDER | changes)
        assert made.status == 201, made.body
        return made.body["id"]

    async def events(self, count: int) -> None:
        """Write some events that concern no handover."""
        at = self.clock.now()

        def write(tx: Any) -> None:
            for number in range(count):
                tx.journal("site", "test.noted", {"number": number}, at)

        await self.hub.store.write(write)

    async def head(self) -> int:
        return await self.hub.store.read(
            lambda r: r.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0]
        )


Build = Callable[..., Awaitable[World]]


@pytest.fixture(scope="session")
def integrations() -> Integrations:
    return Integrations.load()


@pytest_asyncio.fixture
async def build(tmp_path: Path, integrations: Integrations) -> AsyncIterator[Build]:
    """Builds worlds: `await build(simulated=True, queue=8)`."""
    worlds: list[World] = []

    async def make(*, simulated: bool = False, **options: Any) -> World:
        site = tmp_path / f"site{len(worlds)}"
        site.mkdir()
        (site / "site.yaml").write_text(SITE)
        config, problems = load_site(site, integrations)
        assert config is not None, problems.render()
        clock = MovableClock()
        control = str(site / "control.sock") if simulated else ""
        around = Surroundings(clock, SystemEntropy(), site / "var", integrations, {}, twin=control)
        hub = await Hub.start(config, around)
        ports = ports_of(hub)
        twin = FakeTwin()
        if simulated:
            ports = replace(ports, twin=twin)
        server = WebServer(ports, 0, **options)
        await server.start()
        worlds.append(World(hub, server, aiohttp.ClientSession(), clock))
        worlds[-1].twin = twin
        return worlds[-1]

    yield make
    for world in worlds:
        await world.session.close()
        await world.server.stop()
        await world.hub.stop()


@pytest_asyncio.fixture
async def world(build: Build) -> World:
    """A site with real devices (out of reach)."""
    return await build()


@pytest_asyncio.fixture
async def simulated(build: Build) -> World:
    """A site whose devices are simulated."""
    return await build(simulated=True)


@pytest.fixture
def order() -> dict[str, Any]:
    """A right order."""
    return {**ORDER}
