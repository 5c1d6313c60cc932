"""What the journal keeps of each step of a transition: its place, what it was given, whether it succeeded.

A record is `[place]`, `[place, arguments]` or `[place, arguments, failure]`. The place is the index in
`enter`, or text that goes on below a `choose`: `1.choose[0].do[2]`. Of the arguments only those are kept that
the pinned machine does not say already, and never what a step was given in confidence: values of `set` stand
among the row's variables, the text of a code nowhere (S5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.model.failures import StepFailed
from hub.workflows.machine import StepCall

Place = int | str
_NONE: Mapping[str, Any] = {}
#: Step -> arguments that are no part of a trace.
WITHHELD: Mapping[str, frozenset[str]] = {"issue_credential": frozenset(("code",))}
#: Steps whose arguments stand in the row already.
_SAID = frozenset(("set",))


def done(place: Place, call: StepCall, args: Mapping[str, Any]) -> list[Any]:
    """The record of a step that succeeded."""
    told = _told(call, args)
    return [place, told] if told else [place]


def failed(place: Place, call: StepCall, args: Mapping[str, Any] | None, failure: StepFailed) -> list[Any]:
    """The record of a step that could not; `args` None when not even they could be rendered."""
    said: dict[str, Any] = {"reason": failure.reason}
    if failure.detail:
        said["detail"] = failure.detail
    return [place, {} if args is None else _told(call, args), said]


def taken(place: Place, branch: int) -> list[Any]:
    """The record of a `choose`: which branch was taken, -1 for none."""
    return [place, {"branch": branch}]


def _told(call: StepCall, args: Mapping[str, Any]) -> Mapping[str, Any]:
    if args is call.args or call.type in _SAID:
        return _NONE
    written = call.args
    withheld = WITHHELD.get(call.type, ())
    return {key: value for key, value in args.items() if value != written[key] and key not in withheld}
