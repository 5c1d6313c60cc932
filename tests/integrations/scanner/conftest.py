from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import voluptuous as vol

from hub.testing import Kit, load_profile


@pytest.fixture
def scanner_config() -> Callable[..., dict[str, Any]]:
    """The device's keys with defaults filled in, as the site hands them to the driver."""
    import integrations.scanner as scanner

    def fill(**own: Any) -> dict[str, Any]:
        common = {key: own.pop(key) for key in ("line", "endpoint") if key in own}
        return {**common, **vol.Schema(scanner.device_schema())(own)}

    return fill


class RawWire:
    """Puts bytes of the test's own on the line."""

    def connect(self, send: Callable[[bytes], None], baud: int) -> None:
        self.send = send

    def receive(self, data: bytes) -> None: ...


@pytest.fixture
def raw_wire() -> Callable[[Any], Callable[[bytes], None]]:
    """`raw_wire(context)` gives a function that puts bytes on the context's line."""

    def attach(context: Any) -> Callable[[bytes], None]:
        wire = RawWire()
        context.bus.peer.attach(wire)
        return wire.send

    return attach


@pytest.fixture
def terminal(scanner_config: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    """`await terminal(kit, profile=..., **config)` -> (context, simulator, driver), started."""
    import integrations.scanner as scanner

    async def build(kit: Kit, profile: str = "keypad_terminal", **own: Any) -> tuple[Any, Any, Any]:
        context = kit.context(
            name="scanner", config=scanner_config(line="scan1", **own), profile=load_profile(scanner, profile)
        )
        sim = kit.simulator(scanner, context)
        driver = await kit.start(scanner.create_driver(context))
        return context, sim, driver

    return build


@pytest.fixture
def qr_picture() -> Callable[..., bytes]:
    """PNG bytes of a QR code."""
    segno = pytest.importorskip("segno")

    def draw(text: str, scale: int = 6) -> bytes:
        out = io.BytesIO()
        segno.make_qr(text).save(out, kind="png", scale=scale, border=4)
        return out.getvalue()

    return draw
