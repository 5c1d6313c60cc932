"""Builds a handover's snapshot again from nothing but its journal (S5): the stored one must be the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hub.store import Reader
from hub.store.cursors import read_stream
from hub.workflows.engine import RECOVERY, Snapshot, extend
from hub.workflows.run.advance import ONE_OF
from hub.workflows.run.records import Machines, UnknownHandover

_Body = Mapping[str, Any]
_PAGE = 1000


def replay(reader: Reader, machines: Machines, handover_id: str) -> Snapshot:
    """The snapshot that the events of a handover lead to. Raises UnknownHandover.

    Bodies that were destroyed leave a gap, so it holds for as long as the journal keeps them.
    """
    snapshot: Snapshot | None = None
    after = 0
    while events := read_stream(reader, f"handover/{handover_id}", after, _PAGE):
        after = events[-1].seq
        for event in events:
            body: _Body = event.body or {}
            if event.type == "handover.created":
                snapshot = Snapshot(handover_id, body["workflow"], body["machine"], vars=dict(body["vars"]))
            elif snapshot is not None and event.type in _FOLDS:
                snapshot = _FOLDS[event.type](snapshot, body)
    if snapshot is None:
        raise UnknownHandover(handover_id)
    machine = machines.get(reader, snapshot.machine)
    final = bool(snapshot.state) and machine.states[snapshot.state].final
    return msgspec.structs.replace(snapshot, ended=final)


def _moved(before: Snapshot, body: _Body) -> Snapshot:
    event, effect, to = body["event"], body.get("effect", ""), body["to"]
    if event == "effect.refuted" and effect != before.effect_id:  # refused before an intent was written
        before = msgspec.structs.replace(before, attempts=before.attempts + 1)
    snapshot = _kept(_unpend(before, event), body)
    if "over" in body:
        return msgspec.structs.replace(
            snapshot, state=body["over"], entry=before.entry + 1, attempts=0, turn=-1, effect_id="", asked="",
            doubt="",
        )
    if not to:
        return _answered(snapshot, event)
    recovering = to == RECOVERY
    same = recovering or to in (before.state, before.asked)
    turn, attempts = body.get("turn", (-1, before.attempts if same else 0))
    return msgspec.structs.replace(
        snapshot, state=to, entry=before.entry + 1, attempts=attempts, turn=turn, effect_id="",
        asked=(before.asked or before.state) if recovering else "",
        doubt=(effect or before.doubt) if recovering else "",
    )


def _noted(before: Snapshot, body: _Body) -> Snapshot:
    event = body["event"]
    if event == "effect.refuted" and body.get("effect", "") != before.effect_id:
        before = msgspec.structs.replace(before, attempts=before.attempts + 1)
    snapshot = _answered(_kept(_unpend(before, event), body), event)
    if event.startswith("deadline."):
        snapshot = msgspec.structs.replace(snapshot, pending=(*snapshot.pending, event))
    return snapshot


def _kept(before: Snapshot, body: _Body) -> Snapshot:
    values = {k: v for k, v in (before.vars | body.get("set", {})).items() if v is not None}
    for one, several in ONE_OF.items():
        if isinstance(values.get(one), list):
            values[one] = values[several][values[one][0]]
    return msgspec.structs.replace(
        before, vars=values, deadlines=dict(body.get("deadlines", before.deadlines)),
        status=body["status"], phase=body["phase"],
    )


def _extended(before: Snapshot, body: _Body) -> Snapshot:
    return extend(before, body["deadline"], body["until"])


def _intended(before: Snapshot, body: _Body) -> Snapshot:
    return msgspec.structs.replace(before, effect_id=body["effect"], attempts=before.attempts + 1)


def _answered(snapshot: Snapshot, event: str) -> Snapshot:
    return msgspec.structs.replace(snapshot, effect_id="") if event.startswith("effect.") else snapshot


def _unpend(snapshot: Snapshot, event: str) -> Snapshot:
    if event not in snapshot.pending:
        return snapshot
    return msgspec.structs.replace(snapshot, pending=tuple(x for x in snapshot.pending if x != event))


_FOLDS: Mapping[str, Callable[[Snapshot, _Body], Snapshot]] = {
    "handover.moved": _moved, "handover.noted": _noted, "handover.kept": _kept,
    "handover.extended": _extended, "effect.intended": _intended,
}
