"""Incidents: one per trouble, always owned, ended by somebody for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from hub import desk
from hub.desk import IncidentClosed, IncidentVerdict, NoIncident


@pytest.mark.req("IC-01")
def test_an_incident_has_an_owner_from_the_first(ledger: Any, now: int) -> None:
    id_ = ledger.do(desk.open_incident, "in_doubt", now, urgency="high", handover_id="H1", effect_id="E1",
                    device="locks", target="A1", due=now + 5)
    (found,) = ledger.read(desk.incidents, only_open=True)
    assert (found.id, found.kind, found.urgency, found.owner) == (id_, "in_doubt", "high", "role:staff")
    assert (found.handover_id, found.effect_id, found.device, found.target) == ("H1", "E1", "locks", "A1")
    assert (found.open, found.opened, found.due, found.verdict) == (True, now, now + 5, None)


@pytest.mark.parametrize("about", [
    {"effect_id": "E1", "handover_id": "H1"}, {"handover_id": "H1"}, {"device": "locks"},
])
def test_the_same_trouble_is_one_incident_while_it_is_open(ledger: Any, now: int, about: Any) -> None:
    first = ledger.do(desk.open_incident, "stuck", now, target="A1", **about)
    assert ledger.do(desk.open_incident, "stuck", now + 1, target="A1", **about) == first
    assert ledger.do(desk.open_incident, "stuck", now, target="A2", **about) != first
    assert ledger.do(desk.open_incident, "ajar", now, target="A1", **about) != first
    ledger.do(desk.resolve_incident, first, "closed", "P1", "seen to", now)
    assert ledger.do(desk.open_incident, "stuck", now, target="A1", **about) != first
    assert len(ledger.events("incident.opened")) == 4


@pytest.mark.req("IC-03", "IC-05", "AU-02")
def test_resolving_records_who_why_and_who_approved(ledger: Any, now: int) -> None:
    id_ = ledger.do(desk.open_incident, "in_doubt", now, effect_id="E1", handover_id="H1")
    found = ledger.do(desk.resolve_incident, id_, "refuted", "P1", "door was shut", now + 9, approved_by="P2")
    assert (found.open, found.verdict, found.who, found.note, found.approved_by, found.resolved) == (
        False, IncidentVerdict.REFUTED, "P1", "door was shut", "P2", now + 9,
    )
    assert ledger.events("incident.resolved")[0][2] == {
        "verdict": "refuted", "who": "P1", "why": "door was shut", "approved_by": "P2",
        "handover": "H1", "effect": "E1",
    }


def test_a_verdict_stands(ledger: Any, now: int) -> None:
    id_ = ledger.do(desk.open_incident, "in_doubt", now, effect_id="E1")
    ledger.do(desk.resolve_incident, id_, "confirmed", "P1", "seen", now)
    again = ledger.do(desk.resolve_incident, id_, "confirmed", "P2", "me too", now)
    assert again.who == "P1"
    assert len(ledger.events("incident.resolved")) == 1
    with pytest.raises(IncidentClosed) as caught:
        ledger.do(desk.resolve_incident, id_, "refuted", "P2", "no", now)
    assert caught.value.reason == "already_resolved"


@pytest.mark.parametrize(("who", "why"), [("", "because"), ("P1", "")])
def test_nobody_resolves_for_no_reason(ledger: Any, now: int, who: str, why: str) -> None:
    id_ = ledger.do(desk.open_incident, "stuck", now, device="locks")
    with pytest.raises(ValueError, match="by somebody, for a reason"):
        ledger.do(desk.resolve_incident, id_, "closed", who, why, now)


def test_an_open_incident_changes_hands(ledger: Any, now: int) -> None:
    id_ = ledger.do(desk.open_incident, "stuck", now, device="locks")
    ledger.do(desk.assign_owner, id_, desk.person("P7"), "P1", now)
    assert ledger.read(desk.incident, id_).owner == "person:P7"
    with pytest.raises(ValueError, match="an owner is"):
        ledger.do(desk.assign_owner, id_, "nobody", "P1", now)
    ledger.do(desk.resolve_incident, id_, "closed", "P7", "oiled", now)
    with pytest.raises(IncidentClosed):
        ledger.do(desk.assign_owner, id_, desk.role("staff"), "P1", now)


def test_incidents_are_found_by_handover(ledger: Any, now: int) -> None:
    ledger.do(desk.open_incident, "stuck", now, handover_id="H1")
    ledger.do(desk.open_incident, "refund_owed", now + 1, handover_id="H1", effect_id="E2")
    ledger.do(desk.open_incident, "stuck", now, handover_id="H2")
    assert [found.kind for found in ledger.read(desk.incidents_of, "H1")] == ["stuck", "refund_owed"]
    with pytest.raises(NoIncident):
        ledger.read(desk.incident, "none")
