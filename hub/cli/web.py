"""Hands a running hub to its web server: what the web may not import itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from hub import __version__
from hub.app import Hub
from hub.twin.client import TwinClient
from hub.twin.errors import TwinError
from hub.web.ports import Ports, TwinRefused


@runtime_checkable
class KeepsMessages(Protocol):
    """A notifier that can show what it sent, as the simulated sites' mailbox does."""

    def messages(self) -> list[dict[str, Any]]:
        """Newest first: id, at, to, subject, text, pin, code, picture."""
        ...


class TwinForwarder:
    """Passes actions on to the twin's control socket."""

    def __init__(self, client: TwinClient) -> None:
        self._client = client

    async def act(self, device: str, action: str, *args: str) -> Any:
        """See `web.ports.Twin`."""
        try:
            return await self._client.act(device, action, *args)
        except TwinError as error:
            raise TwinRefused(error.code, str(error), error.valid) from None

    async def actions(self) -> Mapping[str, Sequence[str]]:
        """See `web.ports.Twin`."""
        try:
            return await self._client.actions()
        except TwinError as error:
            raise TwinRefused(error.code, str(error), error.valid) from None


def ports_of(hub: Hub) -> Ports:
    """What the web needs of `hub`; with the customer's side and the messages on a simulated site only."""
    notifier = hub.config.notifier

    def messages() -> Sequence[Mapping[str, Any]]:
        driver: object = hub.devices.driver(notifier) if notifier else None
        return driver.messages() if isinstance(driver, KeepsMessages) else ()

    control = hub.around.twin
    return Ports(
        hub.store, hub.handovers, hub.commands, hub.devices, hub.bus, hub.policy, hub.config,
        hub.around.clock, hub.temperatures, hub.versions, __version__,
        twin=TwinForwarder(TwinClient(control)) if control else None,
        messages=messages if control else None,
    )
