"""A counter-example in plain words, each stride with the line of the blueprint that led on."""

from __future__ import annotations

from collections.abc import Mapping

from hub.config.marks import YamlPath
from hub.workflows.compile import Compiled
from hub.workflows.machine import Machine
from hub.workflows.verify.explore import Found, Stride
from hub.workflows.vocabulary import COMMANDS

_STARTS: Mapping[str, str] = {
    "api": "an order arrives", "desk": "staff begin it at the desk", "tag": "a person shows a badge",
    "code": "somebody presents a code", "selection": "a customer keys a selection",
    "schedule": "the schedule opens",
}
_DONE: Mapping[str, str] = {
    "open": "the door is seen open", "dispense": "the drop is proved", "authorise": "the money is authorised",
    "capture": "the money is taken", "void": "the money is given back", "refund": "the money is paid back",
    "check_age": "the person is old enough",
}
_DOUBT: Mapping[str, tuple[str, str]] = {
    "open": ("nobody can say whether the door opened", "it did"),
    "dispense": ("nobody can say whether a unit fell", "one did"),
    "authorise": ("nobody can say whether money is held", "it is"),
}
_FACTS: Mapping[str, str] = {
    "door.closed": "the door closes", "door.opened": "the door is reported open",
    "door.breach": "the door opens without a command", "approval.given": "it is approved",
    "approval.denied": "it is not approved", "thermal.breach": "the contents were out of class too long",
    "device.offline": "a device does not answer any more", "session.ended": "the visit ends",
}


def tell(found: Found, compiled: Compiled) -> tuple[str, ...]:
    """The way to a violation, a line for each stride, and what is wrong at its end."""
    assert compiled.machine is not None
    lines = []
    for number, stride in enumerate(found.way, 1):
        place = where(stride, compiled)
        asides = "".join(f"; {_aside(note)}" for note in stride.notes)
        said = f"{number:3}. {happened(stride)}{asides}"
        lines.append(f"{said} -> {stride.after.state}" + (f"   {place}" if place else ""))
    violation = found.violation
    state = compiled.machine.states.get(violation.state)
    label = f" ({state.label})" if state is not None and state.label else ""
    place = str(compiled.marks.key(("states", violation.state)))
    lines.append(f"     {violation.state}{label}: {violation.message}   {place}")
    return tuple(lines)


def happened(stride: Stride) -> str:
    """What a stride is about, in words."""
    what, detail, kind = stride.what, stride.detail, stride.before.effect
    word, _, rest = what.partition(".")
    match word:
        case "start":
            return _STARTS.get(rest, what)
        case "command":
            return f"command '{rest}': {COMMANDS.get(rest, '').partition(':')[0].rstrip('.').lower()}"
        case "effect":
            return _result(stride, kind, rest)
        case "crash":
            return f"the hub is killed during '{kind}' and comes back"
        case "after":
            return f"nothing happens for as long as {stride.before.state} allows"
        case "deadline":
            return f"the deadline '{rest}' passes"
        case "incident":
            kind, verdict, _ = detail.split(":")
            return f"staff end the task '{kind}': {verdict}"
    if what == "credential.accepted":
        return f"the {detail}'s credential is accepted"
    return _FACTS.get(what, what)


def _result(stride: Stride, kind: str, result: str) -> str:
    if result == "confirmed":
        return _DONE.get(kind, f"{kind} is confirmed")
    if result == "refuted":
        return f"{kind} is refuted: {stride.detail.partition(':')[2]}"
    said, truth = _DOUBT.get(kind, (f"nobody can say whether '{kind}' was done", "it was"))
    return f"{said} ({truth if stride.after.truth else 'in truth not'})"


def _aside(note: str) -> str:
    step, _, reason = note.partition(":")
    name, _, how = step.partition(".")
    match how:
        case "failed":
            return f"{name} fails ({reason})"
        case "refused":
            return f"{name} is not tried ({reason})"
    return f"the verdict is {reason}"


def where(stride: Stride, compiled: Compiled) -> str:
    """file:line of the arrows that the event took."""
    assert compiled.machine is not None
    for path in _paths(stride, compiled.machine):
        if path in compiled.marks:
            mark = compiled.marks.key(path)
            return f"{mark.file}:{mark.line}"
    return ""


def _paths(stride: Stride, machine: Machine) -> list[YamlPath]:
    before = stride.before
    if not before.state:
        return [("initial",)]
    asked = before.asked if stride.what == "incident.resolved" else ""
    verdict = stride.detail.split(":")[1] if asked else ""
    event = f"effect.{verdict}" if asked else _event(stride)
    name = asked or before.state
    names = [name, machine.states[name].parent] if name in machine.states else [name]
    if event.startswith("after."):
        return [("states", name, "after", int(event.partition(".")[2])), ("states", name, "after")]
    return [("states", one, "on", event) for one in names if one]


def _event(stride: Stride) -> str:
    if stride.what != "crash":
        return stride.what
    verdict = next((note.partition(":")[2] for note in stride.notes if ".after_restart:" in note), "")
    return f"effect.{verdict}"
