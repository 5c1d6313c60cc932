"""The site that a case is run in, as plain facts in memory: compartments, credentials, messages, money.

Each step does here what its documentation says, without a database; the pure engine does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.model.failures import StepFailed
from hub.model.states import Size
from hub.workflows.cases.parse import Case

_DEFAULT_THERMAL = "ambient"


@dataclass(slots=True)
class Box:
    """One compartment."""

    size: str = "M"
    thermal: str = _DEFAULT_THERMAL
    product: str = ""
    count: int = 0
    barred: set[str] = field(default_factory=set)
    occupied: bool = False
    taken: bool = False


@dataclass(slots=True)
class Incident:
    """One recovery task; `effect` is the act that it is about, if any."""

    kind: str
    effect: str = ""
    open: bool = True


@dataclass(slots=True)
class World:
    """Everything outside the handover, and what the steps did to it."""

    banks: dict[str, dict[str, Box]]
    window_from: int = 0
    deadlines: Mapping[str, int] = field(default_factory=dict)
    credential_until: str = ""
    methods: tuple[str, ...] = ()
    messages: list[str] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    fails: dict[str, list[str]] = field(default_factory=dict)
    custody: str = "nobody"
    money: str = "none"

    @classmethod
    def of(cls, case: Case, window_from: int) -> World:
        """The site of a case before its handover."""
        banks = {
            bank: {
                key: Box(
                    str(spec.get("size", "M")), str(spec.get("thermal", _DEFAULT_THERMAL)),
                    spec.get("product", ""), spec.get("count", 1 if "product" in spec else 0),
                    {"before"} if spec.get("barred") else set(), spec.get("occupied", "product" in spec),
                )
                for key, spec in boxes.items()
            }
            for bank, boxes in case.banks.items()
        }
        return cls(banks, window_from, fails={step: list(reasons) for step, reasons in case.fails.items()})

    def box(self, values: Mapping[str, Any]) -> Box:
        """The compartment that the handover has. KeyError without one."""
        allocation = values["allocation"]
        return self.banks[allocation["bank"]][allocation["compartment"]]

    def give_back(self, values: Mapping[str, Any]) -> None:
        """The handover no longer has its compartment; what is in it stays as it is."""
        if "allocation" in values:
            self.box(values).taken = False

    def resolve(self, kind: str) -> Incident | None:
        """Close the newest open incident, of that kind if one is named; None when there is none."""
        for incident in reversed(self.incidents):
            if incident.open and kind in ("", incident.kind):
                incident.open = False
                return incident
        return None

    def judge(self, method: str, at: int) -> str:
        """Why a credential is refused now, or empty when it is accepted."""
        if method == "wrong":
            return "unknown"
        if not self.credential_until or method not in self.methods:
            return "unknown"
        if at < self.window_from:
            return "early"
        until = self.deadlines.get(self.credential_until)
        return "late" if until is not None and at >= until else ""

    def run(self, step: str, args: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """Do one database step; returns the variables that it sets. Raises StepFailed."""
        if self.fails.get(step):
            raise StepFailed(self.fails[step].pop(0))
        return _STEPS[step](self, args, values) or {}


def _assign(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    boxes = world.banks.get(args["bank"], {})
    fitting = _fitting(boxes, args)
    free = [key for key in fitting if not boxes[key].barred and not boxes[key].taken]
    if not free:
        busy = [key for key in fitting if not boxes[key].barred]
        if "product" in args:
            raise StepFailed("sold_out")
        raise StepFailed("full" if busy else "barred")
    best = min(free, key=lambda key: (Size(boxes[key].size).rank, list(boxes).index(key)))
    world.give_back(values)
    boxes[best].taken = True
    return {"allocation": {"id": f"allocation-{best}", "bank": args["bank"], "compartment": best}}


def _fitting(boxes: Mapping[str, Box], args: Mapping[str, Any]) -> list[str]:
    if args.get("product") is not None:
        return [key for key, box in boxes.items() if box.product == args["product"] and box.count > 0]
    least = Size(args.get("size") or "S").rank
    plain = [key for key, box in boxes.items() if not box.product]
    large = [key for key in plain if Size(boxes[key].size).rank >= least]
    if plain and not large:
        raise StepFailed("too_big")
    thermal = args.get("thermal")
    right = [key for key in large if thermal in (None, boxes[key].thermal)]
    if large and not right:
        raise StepFailed("wrong_class")
    return [key for key in right if not boxes[key].occupied or boxes[key].barred]


def _release(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    box = world.box(values)
    box.occupied = box.count > 0
    box.taken = False


def _bar(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    world.box(values).barred.add(str(args["reason"]))


def _unbar(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    world.box(values).barred.discard(str(args["reason"]))


def _issue(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    world.credential_until = str(args["until"])
    world.methods = tuple(args["methods"])
    return {"credential": {"id": "credential-1"}}


def _revoke(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    world.credential_until, world.methods = "", ()


def _notify(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    world.messages.append(str(args["template"]))


def _transfer(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    world.custody = str(args["to"])
    if world.custody == "hub":
        world.box(values).occupied = True


def _adjust(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    box, by = world.box(values), int(args["by"])
    if box.count + by < 0:
        raise StepFailed("sold_out")
    box.count += by


def _incident(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    world.incidents.append(Incident(str(args["kind"])))


def _set(world: World, args: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(args)


_STEPS: Mapping[str, Callable[[World, Mapping[str, Any], Mapping[str, Any]], dict[str, Any] | None]] = {
    "assign": _assign, "release": _release, "bar": _bar, "unbar": _unbar, "issue_credential": _issue,
    "revoke_credential": _revoke, "notify": _notify, "transfer_custody": _transfer,
    "adjust_stock": _adjust, "raise_incident": _incident, "set": _set,
}
