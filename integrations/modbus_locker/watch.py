"""What is known of the doors: samples, unbroken runs of them, and the verdict they allow (S11). Pure.

A run is a chain of samples each so close to the one before that no door can have opened and closed in
between. Anything that breaks the chain (a missed poll, a reconnect, a restart) begins a new run.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.model.effects import Json, JsonMap, Resolution
from hub.model.states import Door


@dataclass(frozen=True, slots=True)
class Change:
    """A door whose reading differs from the one before. `flicker` if it came back impossibly fast."""

    index: int
    closed: bool
    flicker: bool


@dataclass(slots=True)
class _Seen:
    closed: bool
    since: float
    openings: int = 0


@dataclass(slots=True)
class Act:
    """What became of our one command to a door. Times on the monotonic scale."""

    state: str = "sent"
    index: int | None = None
    ends_at: float = 0.0
    reason: str = ""


@dataclass(slots=True)
class DoorWatch:
    """The samples of one board since its driver began. `boot` tells this life from earlier ones."""

    boot: str
    shortest_cycle: float
    run: int = 0
    sequence: int = 0
    asked: float = float("-inf")
    heard: float = float("-inf")
    fresh: bool = False
    _doors: list[_Seen] = field(default_factory=list)

    def sample(self, asked: float, heard: float, closed: tuple[bool, ...]) -> list[Change]:
        """Take a reading that was requested at `asked` and had arrived by `heard`.

        The inputs were read somewhere between the two, so the gap is counted from the earlier request to
        the later answer.
        """
        if not self.fresh or heard - self.asked >= self.shortest_cycle:
            self.run += 1
        self.sequence += 1
        self.asked, self.heard, self.fresh = asked, heard, True
        if not self._doors:
            self._doors = [_Seen(is_closed, float("-inf")) for is_closed in closed]
            return [Change(index, is_closed, False) for index, is_closed in enumerate(closed)]
        return [
            self._changed(index, is_closed)
            for index, is_closed in enumerate(closed) if is_closed != self._doors[index].closed
        ]

    def break_run(self) -> None:
        """A poll was missed: whatever comes next cannot vouch for the time before it."""
        if self.fresh:
            self.fresh = False
            self.run += 1

    def state(self, index: int) -> Door:
        """The last reading, UNKNOWN when there is none or contact was lost since."""
        if not self.fresh:
            return Door.UNKNOWN
        return Door.CLOSED if self._doors[index].closed else Door.OPEN

    def openings(self, index: int) -> int:
        """How often the door was seen to open."""
        return self._doors[index].openings if self._doors else 0

    def baseline(self, index: int) -> JsonMap:
        """What an intent must remember to be judged later."""
        return {
            "state": str(self.state(index)), "boot": self.boot, "run": self.run, "sample": self.sequence,
            "openings": self.openings(index),
        }

    def judge(
        self, index: int, baseline: JsonMap, act: Act | None, now: float, final: bool
    ) -> Resolution | None:
        """The verdict on one command, or None while waiting may still bring one (until `final`)."""
        if act is not None and act.state == "refuted":
            return Resolution.refuted(act.reason)
        same_life = baseline.get("boot") == self.boot
        seen: dict[str, Json] = {"door": str(self.state(index)), "sample": self.sequence, "run": self.run}
        openings = baseline.get("openings")
        if same_life and isinstance(openings, int) and self.openings(index) > openings:
            return Resolution.confirmed(level="door_sensor", **seen)
        was_closed = baseline.get("state") == Door.CLOSED
        if was_closed and self.state(index) is Door.OPEN:
            return Resolution.confirmed(level="door_sensor", **seen)
        if not same_life and self.fresh:
            return Resolution.unknown("restart", **seen)
        if not final:
            return None
        if not was_closed:
            return Resolution.unknown("not_closed_before", **seen)
        if act is None or act.state != "acknowledged":
            return Resolution.unknown("not_acknowledged", **seen)
        if not self.fresh or baseline.get("run") != self.run or now - self.asked >= self.shortest_cycle:
            return Resolution.unknown("gap", **seen)
        if self.asked < act.ends_at:
            return Resolution.unknown("pulse_not_over", **seen)
        return Resolution.refuted("no_motion", since=baseline.get("sample"), **seen)

    def _changed(self, index: int, is_closed: bool) -> Change:
        door = self._doors[index]
        flicker = self.heard - door.since < self.shortest_cycle
        door.closed, door.since = is_closed, self.heard
        if not is_closed:
            door.openings += 1
        return Change(index, is_closed, flicker)
