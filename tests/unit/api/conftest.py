"""A slave with a little memory, on a line that a test holds in its hand."""

from __future__ import annotations

import pytest

from hub.api.modbus_slave import ModbusSlave, pack_bits, pack_registers, two_words, written_bits


class HandClock:
    """Time that a test moves; what was to come later runs in order."""

    def __init__(self) -> None:
        self.at = 0.0
        self.later = []

    def now(self) -> int:
        return round(self.at * 1_000_000)

    def monotonic(self) -> float:
        return self.at

    def call_later(self, seconds, fn):
        self.later.append((self.at + seconds, fn))
        return lambda: self.later.remove((self.at + seconds, fn))

    def move(self, seconds: float) -> None:
        self.at += seconds
        due = sorted((entry for entry in self.later if entry[0] <= self.at), key=lambda entry: entry[0])
        self.later = [entry for entry in self.later if entry[0] > self.at]
        for _, fn in due:
            fn()


class Memory:
    """Coils, inputs and registers behind a slave; `calls` lists what was asked."""

    def __init__(self) -> None:
        self.coils = [False] * 32
        self.inputs = [False] * 32
        self.holding = [0] * 32
        self.measured = [0, 305, 546, *[0] * 29]
        self.calls = []

    def handlers(self):
        return {
            1: lambda d: self.read(1, d, self.coils, pack_bits),
            2: lambda d: self.read(2, d, self.inputs, pack_bits),
            3: lambda d: self.read(3, d, self.holding, pack_registers),
            4: lambda d: self.read(4, d, self.measured, pack_registers),
            5: self.coil, 6: self.register, 15: self.write_coils,
        }

    def read(self, function, data, cells, pack):
        start, count = two_words(data)
        self.calls.append((function, start, count))
        if start + count > len(cells):
            return 2
        return pack(cells[start:start + count])

    def coil(self, data):
        address, value = two_words(data)
        self.calls.append((5, address, value))
        if address >= 0x0200:
            return data if address < 0x0220 else 2
        self.coils[address] = value == 0xFF00
        return data

    def register(self, data):
        address, value = two_words(data)
        self.calls.append((6, address, value))
        if address >= len(self.holding):
            return 2
        self.holding[address] = value
        return data

    def write_coils(self, data):
        start, count = two_words(data)
        self.calls.append((15, start, count))
        self.coils[start:start + count] = written_bits(data)
        return data[:4]


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def slave_of():
    def make(memory, clock, address=1, call_later=None, **options):
        return ModbusSlave(
            address, memory.handlers(), clock=clock, call_later=call_later or clock.call_later, **options
        )

    return make
