"""Our own commands to one board: their order, their pauses, and what became of each."""

from __future__ import annotations

from collections import OrderedDict

from integrations.modbus_locker.config import Board
from integrations.modbus_locker.watch import Act

_KEPT = 256


class Acts:
    """Remembers the commands of this life, and when the board and each coil may be driven again."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._acts: OrderedDict[str, Act] = OrderedDict()
        self._board_free = float("-inf")
        self._coil_free: dict[int, float] = {}
        self._explains: dict[int, float] = {}

    def ready_at(self, index: int) -> float:
        """When a pulse on this coil respects the gap between pulses and the coil's duty."""
        return max(self._board_free, self._coil_free.get(index, float("-inf")))

    def sending(self, effect_id: str, index: int, now: float, milliseconds: int) -> Act:
        """A pulse is about to leave: from now on it may have happened, and it explains an opening."""
        act = Act(index=index)
        self._acts[effect_id] = act
        while len(self._acts) > _KEPT:
            self._acts.popitem(last=False)
        self._may_begin(act, index, now, milliseconds)
        return act

    def ended(self, act: Act, index: int, now: float, milliseconds: int, acknowledged: bool) -> None:
        """The exchange is over: the pulse began, if it did, at the latest now."""
        if acknowledged:
            act.state = "acknowledged"
        self._may_begin(act, index, now, milliseconds)

    def refuted(self, effect_id: str, reason: str) -> None:
        """It provably did not happen, so it explains nothing either."""
        act = self._acts.setdefault(effect_id, Act())
        act.state, act.reason = "refuted", reason
        if act.index is not None:
            self._explains.pop(act.index, None)

    def of(self, effect_id: str) -> Act | None:
        """What is known of a command, None for one of an earlier life."""
        return self._acts.get(effect_id)

    def explains(self, index: int, now: float) -> bool:
        """Whether a pulse of ours accounts for an opening now."""
        return now <= self._explains.get(index, float("-inf"))

    def _may_begin(self, act: Act, index: int, now: float, milliseconds: int) -> None:
        how, inputs, on = self._board.pulse, self._board.inputs, milliseconds / 1000
        act.ends_at = now + on
        self._board_free = act.ends_at + how.gap_ms / 1000
        self._coil_free[index] = now + on * 100 / how.duty_percent
        self._explains[index] = act.ends_at + (inputs.opens_within_ms / 1000 if inputs is not None else 0.0)
