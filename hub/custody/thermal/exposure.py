"""What the air of a bank was like: measured good, measured bad, or proved by nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hub.custody.thermal.limits import Limits


class Why(StrEnum):
    """Why a stretch of time counts: out of class, no reading, or the hub itself was down. `good` does not."""

    GOOD = "good"
    WARM = "warm"
    SILENT = "silent"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time of one kind, UTC microseconds."""

    start: int
    end: int
    why: Why


@dataclass(frozen=True, slots=True)
class Known:
    """What outlives the hub. `graces` are [from, to] in which warm air is explained."""

    seen: int
    read_at: int | None = None
    outside: bool = False
    graces: tuple[tuple[int, int], ...] = ()
    defrosted: int | None = None


def counted(segment: Segment, deposited: int, limits: Limits, graces: Iterable[tuple[int, int]]) -> int:
    """How much of a segment counts for goods deposited at `deposited`, in microseconds.

    Graces excuse warm air only: a thermometer is never silent for a good reason.
    """
    start = max(segment.start, deposited)
    if segment.why is Why.GOOD or segment.end <= start:
        return 0
    if segment.why is not Why.WARM:
        return segment.end - start
    excused = 0
    windows = sorted([(deposited, deposited + limits.filling), *graces])
    for since, until in windows:
        since, until = max(since, start), min(until, segment.end)
        if until > since:
            excused += until - since
            start = until
    return segment.end - max(segment.start, deposited) - excused


@dataclass(slots=True)
class Air:
    """Follows one bank. Fed with readings, doors and faults in the order of their time.

    `take` gives the segments since the last `take`. A stretch between two readings is as bad as the worse of
    them; one longer than `silent_after`, or across a fault `offline`, is proved by nothing.
    """

    limits: Limits
    seen: int
    read_at: int | None = None
    outside: bool = False
    graces: tuple[tuple[int, int], ...] = ()
    defrosted: int | None = None
    #: The last reading is from before the hub was last started.
    resumed: bool = False
    #: The thermometer's own limits say so, or it says that it does not answer.
    faulty: bool = False
    lost: bool = False
    #: When the stretch began that is not good, None while the air is.
    since: int | None = None
    _segments: list[Segment] = field(default_factory=list)

    @classmethod
    def resume(cls, limits: Limits, known: Known) -> Air:
        """Go on after a start: what passed since `known.seen` has to be proved."""
        return cls(
            limits, known.seen, known.read_at, known.outside, known.graces, known.defrosted, resumed=True,
            since=known.seen if known.outside else None,
        )

    def read(self, at: int, millicelsius: int) -> None:
        """A measurement."""
        self._reading(at, self.limits.outside(millicelsius) or self.faulty)
        self.lost = self.resumed = False

    def fault(self, at: int, faulty: bool) -> None:
        """The thermometer's own limits were left, or kept again."""
        self.faulty = faulty
        if faulty:
            self._reading(at, True)

    def opened(self, at: int) -> None:
        """A door of the bank was opened. In bad air it explains nothing."""
        if not self.outside and self.read_at is not None:
            self._excuse(at, at + self.limits.door)

    def look(self, at: int) -> None:
        """Nothing was measured up to now: what does that mean?"""
        if self._silent(at):
            self._add(at, Why.OUTAGE if self.resumed else Why.SILENT)
        elif self.outside and not self.resumed:
            self._add(at, Why.WARM)

    def take(self) -> list[Segment]:
        """The segments that were not taken yet; they are the caller's to keep."""
        taken, self._segments = self._segments, []
        return taken

    def put_back(self, segments: Sequence[Segment]) -> None:
        """They could not be kept: they come again with the next `take`."""
        self._segments = [*segments, *self._segments]

    @property
    def pending(self) -> int:
        """How much time `take` would give, in microseconds."""
        return self.seen - self._segments[0].start if self._segments else 0

    @property
    def turned(self) -> bool:
        """Whether what `take` would give is of more than one kind."""
        return len(self._segments) > 1

    @property
    def known(self) -> Known:
        """What has to outlive the hub."""
        return Known(self.seen, self.read_at, self.outside, self.graces, self.defrosted)

    def due(self, at: int, left: int) -> int:
        """The earliest moment at which `left` more microseconds could have been counted, seen from `at`."""
        if self.outside or self._silent(at):
            return at + left
        proved = self.seen if self.read_at is None else self.read_at
        return max(proved + max(left, self.limits.silent_after + 1), at + 1)

    def _reading(self, at: int, outside: bool) -> None:
        silent = self._silent(at)
        began = self.seen
        if outside and not self.outside:
            self._begin_to_be_bad(began)
        why = Why.WARM if outside or self.outside else Why.GOOD
        if silent:
            why = Why.OUTAGE if self.resumed else Why.SILENT
        self._add(at, why)
        self.outside, self.read_at = outside, max(at, self.read_at or at)

    def _silent(self, at: int) -> bool:
        """Whether nothing proves what the air was like between the last reading and `at`."""
        proved = self.seen if self.read_at is None else self.read_at
        return self.lost or at - proved > self.limits.silent_after

    def _begin_to_be_bad(self, began: int) -> None:
        """Bad air that no door explains may be a defrost, if the last one is long enough ago."""
        if not self.limits.defrost or any(since <= began < until for since, until in self.graces):
            return
        if self.defrosted is None or began >= self.defrosted + self.limits.defrost_every:
            self.defrosted = began
            self._excuse(began, began + self.limits.defrost)

    def _excuse(self, since: int, until: int) -> None:
        oldest = self._segments[0].start if self._segments else self.seen
        kept = [window for window in self.graces if window[1] > oldest]
        self.graces = (*kept, (since, until))

    def _add(self, at: int, why: Why) -> None:
        if at <= self.seen:
            return
        start, self.seen = self.seen, at
        if why is Why.GOOD:
            self.since = None
        elif self.since is None:
            self.since = start
        if self._segments and self._segments[-1].why is why:
            start = self._segments.pop().start
        self._segments.append(Segment(start, at, why))
