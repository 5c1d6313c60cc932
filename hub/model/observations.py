"""What devices tell the hub, unasked: facts in the sense of rule S24."""

from __future__ import annotations

from dataclasses import dataclass

from hub.model.states import Door, FaultKind, Method


@dataclass(frozen=True, slots=True)
class CodeRead:
    """A reader decoded a code. `method` is qr or barcode; `symbology` as the reader names it."""

    device: str
    text: str
    method: Method
    symbology: str = ""


@dataclass(frozen=True, slots=True)
class TagRead:
    """A card or tag was held to a reader. `uid` is lower-case hex. A UID identifies, it proves little."""

    device: str
    uid: str


@dataclass(frozen=True, slots=True)
class KeysEntered:
    """A person keyed something and confirmed it: a PIN, an order code or a selection."""

    device: str
    keys: str


@dataclass(frozen=True, slots=True)
class DoorSeen:
    """A door changed. `commanded` is False when no pulse of ours explains an opening."""

    device: str
    door: str
    state: Door
    commanded: bool = True


@dataclass(frozen=True, slots=True)
class TemperatureRead:
    """A measured temperature in milli-degrees Celsius, and relative humidity in per mille if known."""

    device: str
    millicelsius: int
    permille: int | None = None


@dataclass(frozen=True, slots=True)
class SessionBegun:
    """A payment terminal has a person's medium. Funds in minor units, None when not told."""

    device: str
    funds: int | None = None


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The payment terminal's session is over."""

    device: str


@dataclass(frozen=True, slots=True)
class DeviceOnline:
    """A device answers and its outputs are safe."""

    device: str


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """A fault began. `target` narrows it (a door, a motor); empty for the whole device."""

    device: str
    kind: FaultKind
    target: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """A fault ended."""

    device: str
    kind: FaultKind
    target: str = ""


Observation = (
    CodeRead | TagRead | KeysEntered | DoorSeen | TemperatureRead | SessionBegun | SessionEnded
    | DeviceOnline | FaultRaised | FaultCleared
)
