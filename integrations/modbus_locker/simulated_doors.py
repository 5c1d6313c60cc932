"""The simulated locker: coils that release locks, doors that spring open, contacts that tell of them.

Written from the behaviour of a cabinet with spring-loaded doors and latching electric locks
(protocol reference 3.1 and 3.6), independent of the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.api.sim import SimSetup
from hub.model.effects import Json, JsonMap

#: A coil must be on for so long before the latch lets go, in seconds.
LATCH_SECONDS = 0.06


@dataclass(slots=True)
class SimDoor:
    """One compartment. `lie` replaces what its contact says: closed, open or inverted."""

    name: str
    place: str
    position: str = "closed"
    stuck: bool = False
    lie: str = ""
    content: list[str] = field(default_factory=list)
    coil_on: bool = False
    cancels: list[Callable[[], None]] = field(default_factory=list)


class LockerModel:
    """The board and its doors. Positions and contents survive a power loss, coils do not."""

    def __init__(self, setup: SimSetup, doors: int, longest_on: float) -> None:
        self._setup = setup
        self._longest_on = longest_on
        self.powered = True
        self.doors = [
            SimDoor(str(number), setup.places.get(str(number), "")) for number in range(1, doors + 1)
        ]
        #: What the wire does to coming replies; see `set`.
        self.latency = 0.0
        self.drop = 0
        self.corrupt = 0
        self.exception = 0

    def actions(self) -> Mapping[str, Callable[..., Any]]:
        """close, ajar, stick, free, pull, load, take, set."""
        return {
            "close": self.close, "ajar": self.ajar, "stick": self.stick, "free": self.free,
            "pull": self.pull, "load": self.load, "take": self.take, "set": self.set,
        }

    def state(self) -> JsonMap:
        """Every door with position, content, coil and faults."""
        doors: dict[str, Json] = {
            door.name: {
                "compartment": door.place, "position": door.position, "stuck": door.stuck, "lie": door.lie,
                "content": list(door.content), "coil": door.coil_on,
            }
            for door in self.doors
        }
        return {"powered": self.powered, "doors": doors}

    def power(self, on: bool) -> None:
        """Without power all coils drop at once."""
        self.powered = on
        if not on:
            for door in self.doors:
                self._switch(door, False)

    def contact_closed(self, index: int) -> bool:
        """What the contact of a door says, truthfully or not."""
        door = self.doors[index]
        closed = door.position == "closed"
        return {"": closed, "closed": True, "open": False, "inverted": not closed}[door.lie]

    def flash(self, index: int, seconds: float) -> None:
        """Coil on for `seconds`, timed by the board."""
        door = self.doors[index]
        self._switch(door, True, seconds)
        self._later(door, seconds, lambda: self._switch(door, False))

    def switch(self, index: int, on: bool) -> None:
        """Coil on until switched off, or off."""
        self._switch(self.doors[index], on)

    def close(self, name: str) -> Json:
        """Push the door shut; it stays open while the lock is released."""
        door = self._door(name)
        if door.coil_on and not door.stuck:
            raise ValueError(f"door {name} cannot latch while its lock is released")
        if door.position != "closed":
            door.position = "closed"
            self._tell("door_closed", door)
        return {"door": name, "position": door.position}

    def ajar(self, name: str) -> Json:
        """Leave an open door not quite shut: the contact says open."""
        door = self._door(name)
        if door.position == "closed":
            raise ValueError(f"door {name} is closed")
        door.position = "ajar"
        return {"door": name, "position": door.position}

    def stick(self, name: str) -> Json:
        """Jam the latch: pulses do nothing."""
        self._door(name).stuck = True
        return {"door": name, "stuck": True}

    def free(self, name: str) -> Json:
        """End a jam."""
        self._door(name).stuck = False
        return {"door": name, "stuck": False}

    def pull(self, name: str) -> Json:
        """Force the door open."""
        self._open(self._door(name), "pull")
        return {"door": name, "position": "open"}

    def load(self, name: str, what: str = "item") -> Json:
        """Put something into an open compartment."""
        door = self._reachable(name)
        door.content.append(what)
        self._tell("load", door, what=what)
        return {"door": name, "content": list(door.content)}

    def take(self, name: str) -> Json:
        """Take everything out of an open compartment."""
        door = self._reachable(name)
        taken, door.content = door.content, []
        self._tell("take", door, what=list(taken))
        return {"door": name, "taken": list(taken)}

    def set(self, key: str, value: str) -> Json:
        """Disturb the board: `latency SECONDS`, `drop N` replies, `corrupt N` checksums,

        `exception CODE` to every write (0 ends it), `lie DOOR:closed|open|inverted|none`.
        """
        if key == "lie":
            name, _, what = value.partition(":")
            if what not in ("closed", "open", "inverted", "none"):
                raise ValueError("write lie DOOR:closed, DOOR:open, DOOR:inverted or DOOR:none")
            self._door(name).lie = "" if what == "none" else what
        elif key == "latency":
            self.latency = float(value)
        elif key in ("drop", "corrupt", "exception"):
            setattr(self, key, int(value))
        else:
            raise ValueError(f"unknown setting {key!r}; there are latency, drop, corrupt, exception, lie")
        return {key: value}

    def _door(self, name: str) -> SimDoor:
        for door in self.doors:
            if name in (door.name, door.place):
                return door
        raise ValueError(f"there is no door {name!r}; there are 1 to {len(self.doors)}")

    def _reachable(self, name: str) -> SimDoor:
        door = self._door(name)
        if door.position != "open":
            raise ValueError(f"door {name} is {door.position}")
        return door

    def _switch(self, door: SimDoor, on: bool, seconds: float | None = None) -> None:
        for cancel in door.cancels:
            cancel()
        door.cancels.clear()
        if not on:
            door.coil_on = False
            return
        if not self.powered:
            return
        door.coil_on = True
        self._tell("pulse", door, seconds=seconds)
        self._later(door, LATCH_SECONDS, lambda: self._release(door))
        self._later(door, self._longest_on, lambda: self._tell("coil_on_too_long", door))

    def _release(self, door: SimDoor) -> None:
        if not door.stuck:
            self._open(door, "pulse")

    def _open(self, door: SimDoor, cause: str) -> None:
        if door.position != "open":
            door.position = "open"
            self._tell("door_opened", door, cause=cause)

    def _later(self, door: SimDoor, seconds: float, fn: Callable[[], None]) -> None:
        door.cancels.append(self._setup.call_later(seconds, fn))

    def _tell(self, act: str, door: SimDoor, **facts: Json) -> None:
        self._setup.ledger(act, door=door.name, compartment=door.place, **facts)
