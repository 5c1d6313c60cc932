"""Gives each device of the site its line, its Modbus unit or its endpoint."""

from __future__ import annotations

from typing import Any

from hub.api import ConfigError, Endpoint, FramedLine, ModbusUnit
from hub.site.specs import DeviceSpec
from hub.transports import Lines


class SiteWiring:
    """One device's part of the site's lines."""

    def __init__(self, lines: Lines, spec: DeviceSpec) -> None:
        self._lines = lines
        self._spec = spec

    def framed_line(self, framer: Any) -> FramedLine:
        """The device's line, cut by `framer`. Raises ConfigError when it has none."""
        return self._lines.framed(self._line(), framer, holder=self._spec.name)

    def modbus_unit(self) -> ModbusUnit:
        """The unit at the device's address. Raises ConfigError without line or address."""
        if self._spec.address is None:
            raise ConfigError(f"device {self._spec.name!r} needs an address")
        return self._lines.unit(self._line(), self._spec.address, holder=self._spec.name)

    def endpoint(self) -> Endpoint:
        """The device's own endpoint. Raises ConfigError when it has none, LineBusy while it is held."""
        if self._spec.endpoint is None:
            raise ConfigError(f"device {self._spec.name!r} needs an endpoint")
        return self._lines.endpoint(self._spec.name, self._spec.endpoint)

    def _line(self) -> str:
        if self._spec.line is None:
            raise ConfigError(f"device {self._spec.name!r} needs a line")
        return self._spec.line
