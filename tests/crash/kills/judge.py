"""Holds what the hub recorded against the twin's ledger, which alone knows what happened (rules S10, S11).

Every finding is `kind: detail`; a kind is one broken promise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from kills.custody import accountable
from kills.record import Record, Row
from kills.world import World

#: Reasons that say that nothing was ever sent to the device.
NEVER_SENT = frozenset({"not_sent", "offline", "expired", "rejected", "not_supported"})
_MONEY = ("capture", "void")
_METHODS = ("pin", "tag", "qr")
#: What an effect becomes that nobody can prove (S11), and a refund that nobody can.
DOUBTS = frozenset({"door_in_doubt", "payment_unknown", "capture_unproved", "refund_owed"})


@dataclass(frozen=True, slots=True)
class Vend:
    """One vend at the reader: which acts about it stand in the ledger, when it began and was charged."""

    number: int
    amount: int
    at: int
    acts: Counter[str]
    charged: list[int]


@dataclass(frozen=True, slots=True)
class Truth:
    """The ledger of one case: openings by pulse, closings and pulses of each door, and vends in order."""

    openings: dict[tuple[str, str], list[int]]
    closings: dict[tuple[str, str], list[int]]
    pulses: dict[tuple[str, str], list[int]]
    vends: list[Vend]

    @classmethod
    def of(cls, ledger: list[Row]) -> Truth:
        openings: dict[tuple[str, str], list[int]] = defaultdict(list)
        closings: dict[tuple[str, str], list[int]] = defaultdict(list)
        pulses: dict[tuple[str, str], list[int]] = defaultdict(list)
        vends: dict[int, Vend] = {}
        for entry in ledger:
            facts, act = entry["facts"], entry["act"]
            if act == "pulse":
                pulses[entry["device"], facts["door"]].append(entry["at"])
            elif act == "door_opened" and facts["cause"] == "pulse":
                openings[entry["device"], facts["door"]].append(entry["at"])
            elif act == "door_closed":
                closings[entry["device"], facts["door"]].append(entry["at"])
            elif "vend" in facts:
                vend = vends.setdefault(
                    facts["vend"], Vend(facts["vend"], facts["amount"], entry["at"], Counter(), [])
                )
                vend.acts[act] += 1
                if act == "charged":
                    vend.charged.append(entry["at"])
        return cls(openings, closings, pulses, list(vends.values()))


@dataclass(slots=True)
class Matched:
    """Each physical act with the one effect or leg that it can belong to: the last one before it."""

    openings: Counter[str] = field(default_factory=Counter)
    opened: dict[str, int] = field(default_factory=dict)
    pulses: Counter[str] = field(default_factory=Counter)
    vends: dict[str, list[Vend]] = field(default_factory=lambda: defaultdict(list))
    strays: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Findings:
    """`violations` break a promise; `needless` are doubts that the evidence at hand could have settled."""

    violations: list[str]
    needless: list[str]
    outcome: str


@dataclass(frozen=True, slots=True)
class Given:
    """What people did: presentations by method, and what else may open a door."""

    presented: Counter[str]
    asked: int

    @classmethod
    def of(cls, world: World) -> Given:
        return cls(world.presented, world.asked + world.paid)


def judge(
    record: Record, ledger: list[Row], given: Given, expected: frozenset[str] = frozenset()
) -> Findings:
    """All findings of one case. `expected` are the incidents that belong to the story itself."""
    truth = Truth.of(ledger)
    matched = match(record, truth)
    found = [
        *matched.strays,
        *_effects(record, matched), *_uses(record, matched, given), *_dispenses(record, matched),
        *_money(record, matched), *_leases(record), *_causeless(record, expected),
        *accountable(record, ledger),
    ]
    return Findings(found, list(_needless(record, truth, matched)), outcome(record))


def match(record: Record, truth: Truth) -> Matched:
    """Tie physical acts to records by place and time. A lease lets one effect at a time near a door."""
    matched = Matched()
    opens = [effect for effect in record.effects if effect["kind"] == "open"]
    for name, acts, counter in (
        ("opening", truth.openings, matched.openings), ("pulse", truth.pulses, matched.pulses),
    ):
        for (device, door), times in acts.items():
            for at in times:
                own = [
                    effect for effect in opens
                    if (effect["device"], effect["target"]) == (device, door) and effect["opened"] <= at
                ]
                if own:
                    counter[own[-1]["id"]] += 1
                    if name == "opening":
                        matched.opened.setdefault(own[-1]["id"], at)
                else:
                    matched.strays.append(f"{name} without effect: {device}/{door}")
    for vend in truth.vends:
        legs = [leg for leg in record.legs if leg["opened"] <= vend.at]
        if legs:
            matched.vends[legs[-1]["id"]].append(vend)
        else:
            matched.strays.append(f"vend without leg: {vend.number}")
    return matched


def _effects(record: Record, matched: Matched) -> Iterator[str]:
    """Every intent ends; every verdict agrees with the ledger; nothing is acted twice."""
    owned = {i["effect_id"] for i in record.incidents if i["effect_id"] and i["owner"]}
    for effect in record.effects:
        words = f"{effect['kind']} {effect['device']}/{effect['target']} {effect['state']} {effect['reason']}"
        if effect["state"] == "intent":
            yield f"intent without end: {words}"
        if effect["state"] == "in_doubt" and effect["id"] not in owned:
            yield f"doubt without owner: {words}"
        if effect["kind"] != "open":
            continue
        openings, pulses = matched.openings[effect["id"]], matched.pulses[effect["id"]]
        closed = bool(effect["evidence"].get("closed"))
        if openings > 1 or pulses > 1:
            yield f"acted twice: {words}, {pulses} pulses, {openings} openings"
        if effect["state"] == "confirmed" and openings != 1 and not closed:
            yield f"confirmed without opening: {words}"
        if effect["state"] == "refuted" and openings:
            yield f"opened, but refuted: {words}"
        if effect["state"] == "refuted" and effect["reason"] in NEVER_SENT and pulses:
            yield f"pulsed, but never sent: {words}"


def _uses(record: Record, matched: Matched, given: Given) -> Iterator[str]:
    """Every opening belongs to exactly one accepted use of one grant."""
    uses = {use["id"]: use for use in record.uses}
    grants = {grant["id"]: grant for grant in record.grants}
    opened: Counter[str] = Counter()
    for effect in record.effects:
        if effect["kind"] != "open" or not matched.openings[effect["id"]]:
            continue
        use = uses.get(effect["use_id"])
        if use is None or use["grant_id"] not in grants:
            yield f"opening without a use: {effect['device']}/{effect['target']}"
        elif use["returned"] is not None:
            yield f"the use of an opening was given back: {effect['device']}/{effect['target']}"
        else:
            opened[effect["use_id"]] += 1
            if grants[use["grant_id"]]["handover_id"] != effect["handover_id"]:
                yield f"opened by another handover's grant: {effect['device']}/{effect['target']}"
    yield from (f"one use, {count} openings" for count in opened.values() if count > 1)
    accepted = Counter(
        entry["body"].get("method") or "drawn" for entry in record.journal if entry["type"] == "grant.used"
    )
    accepted["any"] = sum(accepted[method] for method in _METHODS) + sum(
        1 for entry in record.journal if entry["type"] == "grant.reused"
    )
    presented = {**given.presented, "any": sum(given.presented.values())}
    for method in (*_METHODS, "any"):
        if accepted[method] > presented.get(method, 0):
            shown = presented.get(method, 0)
            yield f"more uses than presentations: {accepted[method]} of {shown} by {method}"
    total, doors = presented["any"] + given.asked, sum(matched.openings.values())
    if doors > total:
        yield f"more openings than anybody asked for: {doors} of {total}"


def _dispenses(record: Record, matched: Matched) -> Iterator[str]:
    """At most one dispense for an allocation, beyond what the blueprint allows the same grant."""
    uses = {use["id"]: use["grant_id"] for use in record.uses}
    sold = {handover["id"] for handover in record.handovers if handover["workflow"] == "shop"}
    per_grant: Counter[str] = Counter()
    per_sale: Counter[str] = Counter()
    for effect in record.effects:
        openings = matched.openings[effect["id"]]
        per_grant[uses.get(effect["use_id"], "none")] += openings
        if effect["handover_id"] in sold:
            per_sale[effect["handover_id"]] += openings
    for grant in record.grants:
        limit = grant["max_uses"] + (0 if grant["handover_id"] in sold else grant["reopens"])
        if grant["kind"] == "session":  # as often as wanted: each opening by a use of its own
            limit = grant["uses"]
        if per_grant[grant["id"]] > limit:
            yield f"a grant opened {per_grant[grant['id']]} times, {limit} allowed"
    yield from (f"a sale opened {count} doors" for count in per_sale.values() if count > 1)


def _money(record: Record, matched: Matched) -> Iterator[str]:
    """Charged means released or an owned incident; never charged and given back; nothing left hanging."""
    incidents = {i["handover_id"] for i in record.incidents if i["owner"]}
    kinds: dict[str, set[str]] = defaultdict(set)
    for effect in record.effects:
        if effect["kind"] in _MONEY and effect["leg_id"]:
            kinds[effect["leg_id"]].add(effect["kind"])
    decisions = {decision["leg_id"]: decision["decision"] for decision in record.decisions}
    noted = {e["body"]["leg"]: e["body"]["decision"] for e in record.journal if e["type"] == "leg.decided"}
    for leg in record.legs:
        acts: Counter[str] = Counter()
        for vend in matched.vends[leg["id"]]:
            acts += vend.acts
        owned = leg["handover_id"] in incidents
        words = f"leg {leg['state']} {leg['reason']}, ledger {dict(acts)}"
        if len(kinds[leg["id"]]) > 1:
            yield f"captured and voided: {words}"
        if acts["charged"] > 1:
            yield f"charged twice: {words}"
        if acts["charged"] and acts["refunded"]:
            yield f"charged and refunded: {words}"
        if acts["charged"] and leg["state"] in ("voided", "denied"):
            yield f"charged after the money was given back: {words}"
        taken = [at for vend in matched.vends[leg["id"]] for at in vend.charged]
        opened = _opened_for(record, matched, leg)
        if taken and opened and min(taken) < min(opened) and not owned:
            yield f"charged before anything was released: {words}"
        decided = decisions.get(leg["id"], "")
        if decided == "capture" and acts["refunded"]:
            yield f"decided to take it, but given back: {words}"
        if decided == "void" and acts["charged"] and not owned:
            yield f"decided to give it back, but taken: {words}"
        if decided and noted.get(leg["id"], decided) != decided:
            yield f"the decision was flipped from {noted[leg['id']]} to {decided}: {words}"
        if acts["charged"] and not opened and not owned:
            yield f"charged, nothing released, nobody owns it: {words}"
        if leg["state"] == "captured" and not acts["charged"]:
            yield f"captured, but not charged: {words}"
        if opened and not acts["charged"] and not owned:
            yield f"released, not charged, nobody owns it: {words}"
        if acts["approved"] > acts["charged"] + acts["refunded"] + acts["refund_failed"] and not owned:
            yield f"approved money hangs: {words}"
        if leg["state"] in ("asked", "approved") and not owned:
            yield f"leg without end: {words}"


def _opened_for(record: Record, matched: Matched, leg: Row) -> list[int]:
    """When doors opened that this leg pays for: after it was asked for, before the handover's next one."""
    later = [one["opened"] for one in record.legs
             if one["handover_id"] == leg["handover_id"] and one["opened"] > leg["opened"]]
    return [
        matched.opened[effect["id"]] for effect in record.effects
        if effect["handover_id"] == leg["handover_id"] and effect["id"] in matched.opened
        and leg["opened"] <= effect["opened"] < min(later, default=effect["opened"] + 1)
    ]


def _leases(record: Record) -> Iterator[str]:
    """By the journal, no act began on a place where another had no verdict."""
    held: dict[tuple[str, str], str] = {}
    for entry in record.journal:
        body = entry["body"]
        if entry["type"] not in ("effect.intended", "effect.settled"):
            continue
        place = (body["device"], body["target"] if body["kind"] == "open" else "")
        if entry["type"] == "effect.intended":
            if place in held:
                yield f"lease held twice: {place[0]}/{place[1]}"
            held[place] = body["effect"]
        elif body["verdict"] != "unknown" and held.get(place) == body["effect"]:
            del held[place]


def _causeless(record: Record, expected: frozenset[str]) -> Iterator[str]:
    """Somebody is called only for what nobody can prove, or what the story itself is about."""
    for incident in record.incidents:
        if incident["kind"] not in DOUBTS | expected:
            yield f"incident without cause: {incident['kind']} {incident['target']} {incident['detail']}"


def _needless(record: Record, truth: Truth, matched: Matched) -> Iterator[str]:
    """Doubts about which somebody is called although S11 gives a verdict."""
    for entry in record.journal:
        body = entry["body"]
        if entry["type"] != "effect.settled" or body["verdict"] != "unknown":
            continue
        effect = next(e for e in record.effects if e["id"] == body["effect"])
        words = f"{effect['kind']} {effect['device']}: {body['reason']}"
        if effect["epoch"] == entry["epoch"]:
            yield f"doubt without a restart: {words}"
        elif effect["kind"] == "authorise" and not matched.vends[effect["leg_id"]]:
            yield f"doubt about a request that was never made: {words}"
        elif effect["kind"] == "open" and _open_at(truth, effect, entry["time"]):
            yield f"doubt about a door that stands open: {words}"


def _open_at(truth: Truth, effect: Row, at: int) -> bool:
    """Whether the door opened for this effect and was still open when the verdict fell."""
    door = (effect["device"], effect["target"])
    opened = [t for t in truth.openings.get(door, ()) if effect["opened"] <= t < at]
    return bool(opened) and not any(opened[-1] < t < at for t in truth.closings.get(door, ()))


def outcome(record: Record) -> str:
    """settled, refunded (money held and given back), or incident (somebody was called)."""
    if any(incident["kind"] in DOUBTS for incident in record.incidents):
        return "incident"
    if any(leg["state"] == "voided" for leg in record.legs):
        return "refunded"
    return "settled"
