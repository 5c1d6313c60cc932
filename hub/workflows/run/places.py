"""Terminals and thermometers of the site, as the runner needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.custody.thermal import Limits


@dataclass(frozen=True, slots=True)
class TerminalPlace:
    """Where a person stands: the readers there, the payment device, the banks it serves, and the device
    that looks at documents (check_age)."""

    name: str
    readers: tuple[str, ...] = ()
    payment: str = ""
    banks: tuple[str, ...] = ()
    verifier: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Lookups over a site. `thermometers` maps a device to the banks whose temperature it tells, `climate` a
    bank to the limits that its goods are held against."""

    terminals: Mapping[str, TerminalPlace] = field(default_factory=dict)
    thermometers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str = "EUR"
    climate: Mapping[str, Limits] = field(default_factory=dict)

    def terminal_of(self, reader: str) -> TerminalPlace | None:
        """The terminal at which a reader or payment device stands."""
        for terminal in self.terminals.values():
            if reader in terminal.readers or reader == terminal.payment:
                return terminal
        return None

    def terminal_for(self, bank: str) -> TerminalPlace | None:
        """The first terminal that serves a bank."""
        return next((t for t in self.terminals.values() if bank in t.banks), None)

    def banks_measured_by(self, thermometer: str) -> tuple[str, ...]:
        """The banks whose temperature a thermometer tells."""
        return self.thermometers.get(thermometer, ())
