"""The driver: a reading every few seconds, faults by the limits, silence told instead of old numbers."""

from __future__ import annotations

import asyncio

from hub.api import (
    ConfigError,
    DeviceContext,
    Driver,
    LineError,
    ModbusRefusal,
    NotReady,
)
from hub.model.observations import DeviceOnline, TemperatureRead
from hub.model.states import FaultKind
from integrations.temperature import codec
from integrations.temperature.config import sensor, settings
from integrations.temperature.limits import LimitWatch

#: Longest wait for the first reading, in seconds.
FIRST_WAIT = 1.0
#: Later ones get four times the fastest exchange so far, at least this long. Short, since the silence of
#: a dead thermometer must not break the watch over the doors on the same bus.
READ_WAIT = 0.1
_REFUSED = frozenset({1, 2, 3})


class ModbusThermometer(Driver):
    """Implements `Thermometer`."""

    def __init__(self, ctx: DeviceContext) -> None:
        super().__init__(ctx)
        self._sensor = sensor(ctx.setup.profile)
        self._settings = settings(ctx.setup.config)
        self._unit = ctx.modbus_unit()
        self._watch = LimitWatch(self._settings.limits) if self._settings.limits is not None else None
        self._reading: codec.Reading | None = None
        self._read_at = float("-inf")
        self._offline = False
        self._fastest = FIRST_WAIT / 4

    @property
    def millicelsius(self) -> int | None:
        """The last reading, None before the first or when it is stale."""
        if self._reading is None or self._age() > self._settings.stale_after:
            return None
        return self._reading.millicelsius

    async def start(self) -> None:
        """Take the first reading.

        Raises NotReady while the thermometer is silent, ConfigError when it refuses the registers.
        """
        try:
            self._take(await self._read())
        except ModbusRefusal as error:
            if error.code in _REFUSED:
                raise ConfigError(f"the device is no {self._sensor.title}: {error}") from error
            raise NotReady(str(error)) from error
        except (LineError, codec.NoReading) as error:
            raise NotReady(str(error)) from error
        self.ctx.spawn(f"{self.ctx.setup.name} readings", self._observe())

    async def stop(self) -> None:
        """Nothing is held."""
        self._reading = None

    async def _read(self) -> codec.Reading:
        count = 2 if self._sensor.humidity else 1
        asked = self.ctx.clock.monotonic()
        deadline = asked + max(4 * self._fastest, READ_WAIT)
        read = self._unit.read_input_registers if self._sensor.function == 4 else self._unit.read_holding
        words = await read(self._sensor.first, count, deadline=deadline)
        self._fastest = min(self._fastest, self.ctx.clock.monotonic() - asked)
        return codec.decode(self._sensor, words)

    async def _observe(self) -> None:
        while True:
            await asyncio.sleep(self._settings.every)
            try:
                self._take(await self._read())
            except codec.NoReading as error:
                self._missed(error)
                self.ctx.fault(FaultKind.SENSOR_DISAGREE, detail=str(error))
            except (LineError, ModbusRefusal) as error:
                self._missed(error)

    def _take(self, reading: codec.Reading) -> None:
        self._reading, self._read_at = reading, self.ctx.clock.monotonic()
        self.ctx.clear(FaultKind.SENSOR_DISAGREE)
        if self._offline:
            self._offline = False
            self.ctx.log.info("%s is back", self.ctx.setup.name)
            self.ctx.clear(FaultKind.OFFLINE)
            self.ctx.emit(DeviceOnline(self.ctx.setup.name))
        self.ctx.emit(TemperatureRead(self.ctx.setup.name, reading.millicelsius, reading.permille))
        if self._watch is not None:
            self._watch.feed(reading.millicelsius, self._read_at)
            self._tell(self._watch)

    def _tell(self, watch: LimitWatch) -> None:
        for kind, raised in (
            (FaultKind.THERMAL_WARNING, bool(watch.outside)), (FaultKind.THERMAL_BREACH, watch.breached),
        ):
            if raised:
                self.ctx.fault(kind, detail=watch.detail)
            else:
                self.ctx.clear(kind)

    def _missed(self, error: Exception) -> None:
        """Thermal faults stay: a silent thermometer proves nothing about the cold."""
        if not self._offline and self._age() > self._settings.stale_after:
            self._offline = True
            self.ctx.log.warning("%s is offline: %s", self.ctx.setup.name, error)
            silence = f"no reading for {self._settings.stale_after} s"
            self.ctx.fault(FaultKind.OFFLINE, detail=f"{silence}: {error}")

    def _age(self) -> float:
        return self.ctx.clock.monotonic() - self._read_at
