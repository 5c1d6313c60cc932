"""Legs of an earlier process: what a restart makes of the intents that it finds open.

While one of them may stand in a vend the reader is neither reset nor set up; what its set-up was stands
in the intent's baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from hub.api import Clock
from hub.model.effects import Intent, Json, JsonMap, Resolution
from hub.model.money import Money, MoneyError
from hub.model.states import EffectKind
from integrations.mdb.codec import UNKNOWN_ITEM
from integrations.mdb.config import Settings
from integrations.mdb.legs import Leg, Stage
from integrations.mdb.notebook import Mark, Notebook
from integrations.mdb.replies import Option, ReaderConfig

#: Seconds, at most, that the withdrawal of an undecided request begins before its deadline.
MARGIN = 3.0
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Adopted:
    """`current` may stand in a vend at the reader; `others` have their verdict, or none can be had."""

    current: Leg | None
    config: ReaderConfig | None
    options: Option
    others: tuple[Leg, ...]


def describe(config: ReaderConfig | None, options: Option, notebook: Notebook) -> dict[str, Json]:
    """What a restart needs to know, for an intent's baseline."""
    reader: dict[str, Json] | None = dict(asdict(config)) if config is not None else None
    return {"reader": reader, "options": int(options), "notebook": notebook.id}


def reader_of(baseline: JsonMap) -> tuple[ReaderConfig | None, Option]:
    """The reader's set-up from a baseline."""
    reader = baseline.get("reader")
    if not isinstance(reader, Mapping):
        return None, Option(0)
    numbers = {key: int(str(value)) for key, value in reader.items()}
    return ReaderConfig(**numbers), Option(int(str(baseline.get("options", 0))))


def leg_id_of(intent: Intent) -> str:
    """The leg that an intent is about."""
    return intent.leg_id or intent.target


def item_of(intent: Intent) -> int:
    """The item number to report; FFFF when it has none that fits."""
    item = intent.params.get("item")
    return item if isinstance(item, int) and 0 <= item < UNKNOWN_ITEM else UNKNOWN_ITEM


def monotonic(clock: Clock, micros: int) -> float:
    """A stored deadline (UTC microseconds) on the monotonic scale."""
    return clock.monotonic() + (micros - clock.now()) / _MICROS


def new_leg(intent: Intent, units: int, clock: Clock, max_response: float) -> Leg:
    """A leg that has not been asked for."""
    now = clock.monotonic()
    until = monotonic(clock, intent.deadline)
    margin = min(MARGIN, max(until - now, 0.0) / 4)
    amount = int(str(intent.params.get("amount", 0)))
    overdue = max(until, now) + max_response
    return Leg(leg_id_of(intent), amount, units, item_of(intent), until - margin, overdue)


def adopt(
    intents: Sequence[Intent], notebook: Notebook, clock: Clock, settings: Settings, currency: str
) -> Adopted:
    """Sort the open intents of this device into legs. The last one is the one at the reader."""
    groups: dict[str, list[Intent]] = {}
    for intent in sorted(intents, key=lambda intent: intent.deadline):
        groups.setdefault(leg_id_of(intent), []).append(intent)
    current: Leg | None = None
    setup: tuple[ReaderConfig | None, Option] = (None, Option(0))
    others: list[Leg] = []
    for group in groups.values():
        config, options = reader_of(group[-1].baseline)
        leg = _revive(group, notebook, clock, settings, config, currency)
        if leg.open and config is not None:
            if current is not None:
                others.append(_superseded(current))
            current, setup = leg, (config, options)
        else:
            others.append(_superseded(leg))
    return Adopted(current, setup[0], setup[1], tuple(others))


def _revive(
    group: list[Intent], notebook: Notebook, clock: Clock, settings: Settings, config: ReaderConfig | None,
    currency: str,
) -> Leg:
    last = group[-1]
    max_response = settings.max_response or (config.max_response if config else 0) or settings.non_response
    leg = new_leg(last, _units(last, config, currency), clock, max_response)
    leg.heard = False
    decisions = [intent for intent in group if intent.kind in (EffectKind.CAPTURE, EffectKind.VOID)]
    mark = notebook.mark_of(leg.leg_id)
    sure = notebook.proves_absence(last.baseline.get("notebook"))
    leg.failed_before = mark is Mark.FAILING or not sure
    if decisions or last.params.get("approved") is True:
        leg.approved_amount = leg.amount
        leg.verdicts[EffectKind.AUTHORISE] = Resolution.confirmed(amount=leg.amount)
        leg.stage = Stage.APPROVED
        if decisions:
            leg.decide(decisions[-1].kind)
    elif mark is None and sure:
        leg.verdicts[EffectKind.AUTHORISE] = Resolution.refuted("not_sent")
        leg.stage = Stage.ENDED
    else:
        leg.stage, leg.acked, leg.since = Stage.ASKED, True, clock.monotonic()
        if mark is Mark.FAILING:
            leg.stage, leg.acked, leg.withdrawn = Stage.FAILING, False, "interrupted"
    return leg


def _superseded(leg: Leg) -> Leg:
    """A leg that no longer stands at the reader: whatever happened to it, a reset came after."""
    leg.was_reset()
    return leg


def _units(intent: Intent, config: ReaderConfig | None, currency: str) -> int:
    """The amount as it was asked for; only used should the request have to be named again."""
    try:
        amount = Money(int(str(intent.params.get("amount", 0))), currency)
        return amount.to_scaled(config.scale, config.decimals) if config is not None else 0
    except MoneyError:
        return 0
