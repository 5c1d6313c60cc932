"""What a cases file may say, entry by entry. Times become microseconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import voluptuous as vol

from hub.config.durations import duration, parse_duration
from hub.config.schedules import schedule
from hub.config.schema import Wrong, flag, kind_of, mapping, name, one_of, table, text, whole
from hub.core.clock import SECOND
from hub.model.money import Money, MoneyError
from hub.model.states import AllocationOutcome, Door, Method, Size, Status, Thermal
from hub.workflows import vocabulary
from hub.workflows.rehearsal import WORDS, Answer
from hub.workflows.steps import STEPS

_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?\Z")
_CLOCK = re.compile(r"\d\d:\d\d\Z")
#: What a case may ask for: the language's commands, and what the hub does in any state.
COMMANDS = (*vocabulary.COMMANDS, "extend", "reissue")
#: Where the site of a case is, unless it says otherwise.
ZONE = "Europe/Berlin"
STARTS = ("api", "code", "tag", "selection", "schedule", "desk")
DEVICES = ("locks", "terminal", "motors", "thermometer", "letters")
MONEY = ("none", "held", "taken", "given back", "unknown", "owed")
_PARTY_WORDS = ("recipient", "depositor", "staff", "hub", "unknown", "nobody")
_THERMAL = ("fine", "warm", "silent", "warning", "breach")


@dataclass(frozen=True, slots=True)
class When:
    """A moment of a case: microseconds after the one before or since the start, or a local time."""

    micros: int = 0
    local: str = ""

    def of(self, start: int, now: int, zone: str) -> int:
        """UTC microseconds; a time of day is the next one after `now`."""
        if not self.local:
            return start + self.micros
        there = ZoneInfo(zone)
        if _CLOCK.match(self.local):
            today = datetime.fromtimestamp(now // SECOND, there)
            hour, minute = self.local.split(":")
            moment = today.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
            if _micros(moment) < now:
                moment = (moment.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=there)
            return _micros(moment)
        return _micros(datetime.fromisoformat(self.local).replace(tzinfo=there))


def _micros(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp()) * SECOND


def at(value: Any) -> When:
    """A time since the start, or a local time of the site: "2026-03-29 02:30", "18:00"."""
    if isinstance(value, str) and (_LOCAL.match(value) or _CLOCK.match(value)):
        try:
            return When(local=_checked(value))
        except ValueError as error:
            raise Wrong(f"{value!r} is no time: {error}", 'for example: "2026-03-29 02:30"') from None
    return When(parse_duration(value))


def _checked(value: str) -> str:
    datetime.fromisoformat(value if len(value) > len("00:00") else f"2000-01-01 {value}")
    return value


def moment(value: Any) -> int | str:
    """The start of a case: a time with its offset in microseconds, or the text of a local one."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        mend = 'for example: "2026-03-28T23:30:00+01:00"'
        raise Wrong(f"expected a time, found {kind_of(value)}", mend) from None
    return str(value) if found.tzinfo is None else round(found.timestamp()) * SECOND


def price(value: Any) -> int:
    """An amount in minor units."""
    try:
        return Money.parse(value, "EUR").minor
    except MoneyError as error:
        raise Wrong(str(error), 'write it as text in quotes: "2.50"') from None


def zone(value: Any) -> str:
    """An IANA time zone."""
    try:
        ZoneInfo(text(value))
    except (KeyError, ValueError, OSError):
        raise Wrong(f"'{value}' is no time zone", "for example: Europe/Berlin") from None
    return str(value)


def _answer(options: tuple[str, ...]) -> Callable[[Any], tuple[Answer, ...]]:
    timed = mapping({
        vol.Required("answer", description=f"add: answer: {options[0]}"): one_of(options, "answer"),
        vol.Required("takes", description="add: takes: {seconds: 3}"): duration(),
    })

    def validate(value: Any) -> tuple[Answer, ...]:
        out: list[Answer] = []
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                checked = timed(one)
                out.append(Answer(checked["answer"], checked["takes"]))
            else:
                out.append(Answer(one_of(options, "answer")(one)))
        return tuple(out)

    return validate


def _reasons(options: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    def validate(value: Any) -> tuple[str, ...]:
        many = value if isinstance(value, list) else [value]
        return tuple(one_of(options, "reason to fail")(one) for one in many)

    return validate


def names(value: Any) -> list[str]:
    """One word or a list of words."""
    return [text(one) for one in (value if isinstance(value, list) else [value])]


def _command(value: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(value, Mapping):
        if len(value) != 1:
            raise Wrong("expected one command", "for example: command: {inspect: {verdict: accept}}")
        ((word, body),) = value.items()
        if not isinstance(body, Mapping):
            mend = f"for example: command: {{{word}: {{why: asked}}}}"
            raise Wrong(f"expected what goes with {word}", mend)
        return one_of(COMMANDS, "command")(word), dict(body)
    return one_of(COMMANDS, "command")(value), {}


def _anything(value: Any) -> Any:
    return value


def _boxed(value: Any) -> Any:
    return BOX(value)


BOX = mapping({
    vol.Optional("size"): one_of(Size, "size"), vol.Optional("thermal"): one_of(Thermal, "thermal class"),
    vol.Optional("product"): text, vol.Optional("count"): whole(0), vol.Optional("barred"): flag,
    vol.Optional("occupied"): flag, vol.Optional("low"): flag, vol.Optional("asset"): text,
})
ITEM = mapping({
    vol.Optional("sku"): text, vol.Optional("quantity"): whole(1), vol.Optional("size"): one_of(Size, "size"),
    vol.Optional("thermal"): one_of(Thermal, "thermal class"), vol.Optional("asset"): text,
    vol.Optional("low"): flag, vol.Optional("apart"): name, vol.Optional("price"): price,
    vol.Optional("deposit"): price, vol.Optional("minimum_age"): whole(0), vol.Optional("lot"): text,
    vol.Optional("use_by"): _anything,
})
PARTY = mapping({
    vol.Optional("name"): text, vol.Optional("phone"): text, vol.Optional("email"): text,
    vol.Optional("ref"): text,
})
ORDER: dict[Any, Any] = {
    vol.Optional("item"): ITEM, vol.Optional("items"): [ITEM], vol.Optional("price"): price,
    vol.Optional("selection"): whole(0), vol.Optional("recipient"): PARTY, vol.Optional("depositor"): PARTY,
    vol.Optional("window"): mapping({vol.Optional("from"): duration(), vol.Optional("until"): duration()}),
    vol.Optional("due"): at, vol.Optional("data"): table(_anything),
    vol.Optional("paid"): mapping({
        vol.Required("reference", description="add: reference: TEXT"): text,
        vol.Required("amount", description='add: amount: "2.50"'): price, vol.Optional("currency"): text,
    }),
}
GIVEN: dict[Any, Any] = {
    **ORDER,
    vol.Optional("start"): moment, vol.Optional("zone"): zone, vol.Optional("inputs"): _anything,
    vol.Optional("banks"): table(table(_boxed)), vol.Optional("schedules"): table(schedule(ZONE)),
    vol.Optional("terminal"): name, vol.Optional("machines"): table(table(_boxed)),
    vol.Optional("products"): table(mapping({
        vol.Optional("name"): text, vol.Optional("price"): price, vol.Optional("selection"): whole(0),
        vol.Optional("size"): one_of(Size, "size"), vol.Optional("thermal"): one_of(Thermal, "thermal class"),
        vol.Optional("minimum_age"): whole(0), vol.Optional("deposit"): price,
    })),
    vol.Optional("people"): table(mapping({
        vol.Optional("name"): text, vol.Optional("roles"): names, vol.Optional("groups"): names,
        vol.Optional("tags"): names, vol.Optional("pin"): text, vol.Optional("email"): text,
        vol.Optional("phone"): text,
    })),
    vol.Optional("assets"): table(mapping({
        vol.Required("kind", description="add: kind: WORD"): name, vol.Optional("name"): text,
        vol.Optional("in"): text, vol.Optional("size"): one_of(Size, "size"), vol.Optional("tag"): text,
        vol.Optional("holder"): text, vol.Optional("condition"): name,
    })),
    vol.Optional("rail"): mapping({
        vol.Optional("hold"): flag, vol.Optional("refund"): flag, vol.Optional("partial_capture"): flag,
        vol.Optional("query"): flag,
    }),
    vol.Optional("answers"): mapping({vol.Optional(act): _answer(words) for act, words in WORDS.items()}),
    # Database steps that fail the first times, for what a small site cannot bring about by itself.
    vol.Optional("fails"): mapping({
        vol.Optional(step.name): _reasons(step.fails) for step in STEPS.values() if step.fails
    }),
}


def _others(value: Any) -> Any:
    return table(THEN)(value)


THEN = mapping({
    vol.Optional("state"): name, vol.Optional("status"): one_of(Status, "status"),
    vol.Optional("phase"): name, vol.Optional("ended"): flag, vol.Optional("messages"): names,
    vol.Optional("incidents"): names, vol.Optional("open_incidents"): names,
    vol.Optional("owners"): table(text),
    vol.Optional("effects"): mapping({vol.Optional(act): whole(0) for act in WORDS if act != "notify"}),
    vol.Optional("custody"): one_of(_PARTY_WORDS, "party"), vol.Optional("chain"): names,
    vol.Optional("compartment"): text, vol.Optional("barred"): names, vol.Optional("occupied"): names,
    vol.Optional("doors"): table(one_of(Door, "state of a door")),
    vol.Optional("stock"): table(whole(0)), vol.Optional("credential"): one_of(("valid", "none"), "answer"),
    vol.Optional("told"): name, vol.Optional("refused"): names, vol.Optional("path"): names,
    vol.Optional("money"): one_of(MONEY, "answer"), vol.Optional("legs"): table(one_of(MONEY, "answer")),
    vol.Optional("outcomes"): table(one_of(AllocationOutcome, "outcome")),
    vol.Optional("order"): one_of(Status, "status"), vol.Optional("holders"): table(text),
    vol.Optional("vars"): table(_anything), vol.Optional("handovers"): _others,
})
HAPPENING = mapping({
    vol.Optional("after"): duration(), vol.Optional("at"): at,
    vol.Optional("command"): _command, vol.Optional("by"): text, vol.Optional("why"): text,
    vol.Optional("credential"): one_of((*Method, "wrong"), "credential"),
    vol.Optional("of"): one_of(("recipient", "depositor", "staff"), "party"),
    vol.Optional("tag"): text, vol.Optional("code"): text, vol.Optional("keys"): text,
    vol.Optional("terminal"): name,
    vol.Optional("door"): one_of(("opens", "closes", "breach"), "thing that a door does by itself"),
    vol.Optional("compartment"): text,
    vol.Optional("desk"): one_of(("confirmed", "refuted", "closed"), "verdict"),
    vol.Optional("incident"): name,
    vol.Optional("extend"): table(duration()),
    vol.Optional("start"): one_of(STARTS, "way to begin a handover"), vol.Optional("order"): mapping(ORDER),
    vol.Optional("approve"): flag, vol.Optional("deny"): flag,
    vol.Optional("restart"): flag, vol.Optional("down_for"): duration(),
    vol.Optional("offline"): text, vol.Optional("online"): text,
    vol.Optional("thermal"): mapping({
        vol.Optional("bank"): name, vol.Optional("state"): one_of(_THERMAL, "state of a thermometer"),
        vol.Optional("celsius"): vol.Any(int, float),
    }),
    vol.Optional("fact"): text, vol.Optional("data"): dict, vol.Optional("handover"): name,
    vol.Optional("then"): THEN,
})
#: What a happening does; the other keys say more about it.
ACTIONS = (
    "command", "credential", "tag", "code", "keys", "door", "desk", "extend", "start", "approve", "deny",
    "restart", "offline", "online", "thermal", "fact",
)
#: Keys that only go with certain actions.
BELONGS: Mapping[str, tuple[str, ...]] = {
    "incident": ("desk",), "of": ("credential",), "compartment": ("door",), "order": ("start",),
    "by": ("command", "desk", "extend", "approve", "deny", "start"), "why": ("command", "desk"),
    "down_for": ("restart",), "data": ("command", "fact", "start"),
}
CASE = mapping({
    vol.Required("name", description="add: name: what the case shows"): text,
    vol.Optional("given"): mapping(GIVEN), vol.Optional("when"): [HAPPENING],
    vol.Required("then", description="add: then: {status: completed}"): THEN,
})
FILE = mapping({
    vol.Optional("blueprint"): text, vol.Optional("given"): mapping(GIVEN),
    vol.Required("cases", description="add: cases: with a list of cases"): [CASE],
})
