"""The twin's ledger against the hub's record: what physically happened, and what the hub says happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Act = Mapping[str, Any]
Handover = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Truth:
    """The physical acts of one walk that matter: openings by the hub, pulses, and money at the reader."""

    openings: tuple[Act, ...]
    pulses: int
    forced: int
    charges: tuple[Act, ...]
    refunds: tuple[Act, ...]
    too_long: int

    @classmethod
    def of(cls, acts: Iterable[Act]) -> Truth:
        """Sort the ledger's lines."""
        found = list(acts)
        opened = [act for act in found if act["act"] == "door_opened"]
        return cls(
            tuple(act for act in opened if act["facts"]["cause"] == "pulse"),
            _count(found, "pulse"),
            sum(act["facts"]["cause"] != "pulse" for act in opened),
            tuple(act for act in found if act["act"] == "charged"),
            tuple(act for act in found if act["act"] in ("refunded", "refund_failed")),
            _count(found, "coil_on_too_long"),
        )

    def facts(self) -> dict[str, Any]:
        """For programs."""
        return {
            "openings": [
                {"compartment": act["facts"]["compartment"], "device": act["device"],
                 "door": act["facts"]["door"], "at": act["at"]}
                for act in self.openings
            ],
            "pulses": self.pulses,
            "charges": [{"device": act["device"], "at": act["at"], **act["facts"]} for act in self.charges],
            "refunds": [
                {"device": act["device"], "at": act["at"], "what": act["act"], **act["facts"]}
                for act in self.refunds
            ],
        }


def disagreements(truth: Truth, handovers: Sequence[Handover]) -> list[str]:
    """Where the ledger and the record differ, in words; empty when every act is accounted for once."""
    effects = [effect for handover in handovers for effect in handover["effects"]]
    legs = [leg for handover in handovers for leg in handover["legs"]]
    opens = [effect for effect in effects if effect["kind"] == "open"]
    found = []
    recorded = Counter((e["device"], e["target"]) for e in opens if e["state"] == "confirmed")
    happened = Counter((act["device"], act["facts"]["door"]) for act in truth.openings)
    if recorded != happened:
        found.append(f"openings: the twin saw {_told(happened)}, the hub recorded {_told(recorded)}")
    if truth.pulses > len(opens):
        found.append(f"pulses: the twin saw {truth.pulses}, the hub intended {len(opens)}")
    taken = sorted(leg["decided"]["amount"] for leg in legs if leg["state"] == "captured")
    charged = sorted(act["facts"]["amount"] for act in truth.charges)
    if taken != charged:
        found.append(f"charges: the twin saw {charged}, the hub recorded {taken}")
    voided = sum(leg["state"] == "voided" for leg in legs)
    returned = sum(act["act"] == "refunded" for act in truth.refunds)
    if voided != returned:
        found.append(f"money given back: the twin saw {returned}, the hub recorded {voided}")
    unsettled = [effect["id"] for effect in effects if effect["state"] == "intent"]
    if unsettled:
        found.append(f"acts without a verdict: {', '.join(unsettled)}")
    if truth.too_long:
        found.append(f"{truth.too_long} lock coils stayed on too long")
    return found


def _count(acts: Iterable[Act], word: str) -> int:
    return sum(act["act"] == word for act in acts)


def _told(counted: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{device}/{door} x{n}" for (device, door), n in sorted(counted.items())) or "none"
