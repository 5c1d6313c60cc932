"""Grants, credentials and presentations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from hub import access
from hub.access import Accepted, Denied, GrantSpent, Throttle

SECOND = 1_000_000
HOUR = 3600 * SECOND


class Gate:
    """One site's access, at a movable time."""

    def __init__(self, ledger: Any, now: int) -> None:
        self.ledger = ledger
        self.at = now

    def issue(self, handover: str = "H1", methods: Any = ("pin", "qr"), *, kind: str = "single",
              uses: int = 1, wait: int = 0, last: int = HOUR, person: str | None = "P1", tags: Any = (),
              **more: Any) -> Any:
        since, until = self.at + wait, self.at + last
        return self.ledger.do(
            access.issue, handover, person, methods, kind, since, until, uses, self.at, tags, **more
        )

    def present(self, text: str | None, method: str = "pin", terminal: str = "front", **more: Any) -> Any:
        return self.ledger.do(access.present, method, text, terminal, self.at, **more)

    def use(self, grant_id: str) -> str:
        return self.ledger.do(access.use, grant_id, self.at)

    def do(self, fn: Any, *args: Any) -> Any:
        return self.ledger.do(fn, *args, self.at)

    def refused(self, grant_id: str) -> str:
        with pytest.raises(GrantSpent) as caught:
            self.use(grant_id)
        return caught.value.reason


@pytest.fixture
def gate(ledger: Any, now: int) -> Gate:
    return Gate(ledger, now)


# Issuing


def test_a_pin_has_six_digits_and_a_code_is_opaque(gate: Gate) -> None:
    issued = gate.issue()
    assert len(issued.pin) == 6
    assert issued.pin.isdigit()
    assert issued.qr_text.startswith("HH1:")
    assert len(issued.qr_text) == 30
    assert issued.qr_text == issued.qr_text.upper()


@pytest.mark.req("MS-03")
def test_only_the_methods_asked_for_are_issued(gate: Gate) -> None:
    assert gate.issue(methods=["pin"]).qr_text is None
    assert gate.issue(methods=["barcode"]).pin is None


def test_no_text_of_a_credential_is_stored_or_journalled(gate: Gate) -> None:
    issued = gate.issue(methods=["pin", "qr", "tag"], tags=["04a1b2c3"])
    gate.present(issued.pin)
    gate.present("999999" if issued.pin != "999999" else "999998")
    stored = repr(gate.ledger.rows("SELECT * FROM credential") + gate.ledger.events())
    for secret in (issued.pin, issued.qr_text, "04a1b2c3"):
        assert f"'{secret}'" not in stored
    assert issued.pin not in repr(issued)


@pytest.mark.req("WF-02", "MS-03")
def test_a_live_pin_is_given_to_one_grant_only(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["111111", "111111", "111111", "222222"])
    monkeypatch.setattr(access.grants, "draw_pin", lambda tx: next(drawn))
    assert [gate.issue(handover).pin for handover in ("H1", "H2")] == ["111111", "222222"]


def test_a_revoked_pin_may_be_given_again_and_opens_the_new_door(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access.grants, "draw_pin", lambda tx: "111111")
    gate.issue("H1")
    gate.do(access.revoke, "H1")
    gate.issue("H2")
    assert gate.present("111111").handover_id == "H2"


def test_no_free_pin_is_a_failed_step(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access.grants, "draw_pin", lambda tx: "111111")
    gate.issue("H1")
    with pytest.raises(access.NoFreePin) as caught:
        gate.issue("H2")
    assert caught.value.reason == "no_free_pin"
    assert gate.ledger.read(access.grants_of, "H2") == []


def test_pins_cover_their_whole_range(gate: Gate) -> None:
    first = {gate.issue(f"H{i}", ["pin"]).pin[0] for i in range(80)}
    assert first == set("0123456789")


# Presenting


@pytest.mark.req("ID-01")
def test_a_valid_credential_is_accepted_and_nothing_is_spent(gate: Gate) -> None:
    issued = gate.issue()
    for _ in range(3):
        answer = gate.present(issued.pin)
        assert (answer.grant_id, answer.handover_id) == (issued.grant_id, "H1")
    assert gate.present(f" {issued.qr_text}\r", "qr").grant_id == issued.grant_id
    assert gate.ledger.read(access.grants_of, "H1")[0].uses == 0


def test_a_code_is_accepted_as_qr_and_as_barcode(gate: Gate) -> None:
    issued = gate.issue(methods=["qr"])
    assert isinstance(gate.present(issued.qr_text, "barcode"), Accepted)


def test_a_pin_is_no_code(gate: Gate) -> None:
    assert gate.present(gate.issue().pin, "qr") == Denied("unknown")


@pytest.mark.req("ID-06")
def test_someone_early_is_told_when_to_come(gate: Gate) -> None:
    issued = gate.issue(wait=HOUR, last=2 * HOUR)
    denied = gate.present(issued.pin)
    assert (denied.reason, denied.handover_id) == ("early", "H1")
    assert (denied.valid_from, denied.valid_until) == (gate.at + HOUR, gate.at + 2 * HOUR)
    gate.at += HOUR
    assert isinstance(gate.present(issued.pin), Accepted)


def test_the_end_of_the_window_is_outside_it(gate: Gate) -> None:
    issued = gate.issue()
    gate.at += HOUR - 1
    assert isinstance(gate.present(issued.pin), Accepted)
    gate.at += 1
    assert gate.present(issued.pin).reason == "late"


def test_a_grant_of_another_terminal_is_refused_there(gate: Gate) -> None:
    issued = gate.issue(terminals=["back", "side"])
    assert gate.present(issued.pin).reason == "wrong_terminal"
    assert isinstance(gate.present(issued.pin, terminal="side"), Accepted)


def test_a_revoked_credential_is_told_so(gate: Gate) -> None:
    issued = gate.issue()
    gate.do(access.revoke, "H1")
    assert gate.present(issued.pin).reason == "revoked"
    assert gate.refused(issued.grant_id) == "revoked"


@pytest.mark.req("AU-01", "AU-02")
def test_a_failed_attempt_is_journalled_with_method_and_reason(gate: Gate) -> None:
    issued = gate.issue()
    gate.do(access.revoke, "H1")
    gate.present(issued.pin)
    gate.present("nothing of ours", "barcode")
    assert [(stream, body["method"], body["reason"], body["grant"])
            for stream, _, body in gate.ledger.events("access.denied")] == [
        ("handover/H1", "pin", "revoked", issued.grant_id), ("terminal/front", "barcode", "unknown", None),
    ]


def test_the_grant_that_expires_first_is_served_first_and_the_rest_are_offered(gate: Gate) -> None:
    for handover, hours in (("late", 3), ("soon", 1), ("next", 2)):
        gate.issue(handover, ["tag"], last=hours * HOUR, tags=["04:A1:B2:C3"])
    answer = gate.present("04a1b2c3", "tag")
    assert [candidate.handover_id for candidate in answer.candidates] == ["soon", "next", "late"]
    gate.use(answer.grant_id)
    again = gate.present("04a1b2c3", "tag")
    assert [(found.handover_id, found.reopen) for found in again.candidates] == [
        ("next", False), ("late", False), ("soon", True),
    ]


# Using


@pytest.mark.req("ID-01")
def test_a_single_grant_is_dead_after_its_use(gate: Gate) -> None:
    issued = gate.issue()
    gate.use(issued.grant_id)
    gate.at += 121 * SECOND
    assert gate.refused(issued.grant_id) == "used"
    assert gate.present(issued.pin).reason == "used"


def test_a_counted_grant_is_used_as_often_as_it_says(gate: Gate) -> None:
    issued = gate.issue(kind="counted", uses=3)
    for _ in range(3):
        gate.use(issued.grant_id)
    assert gate.refused(issued.grant_id) == "used"


def test_a_session_ends_with_its_window_only(gate: Gate) -> None:
    issued = gate.issue(kind="session")
    for _ in range(5):
        gate.use(issued.grant_id)
    gate.at += HOUR
    assert gate.refused(issued.grant_id) == "late"


def test_an_early_use_is_refused(gate: Gate) -> None:
    assert gate.refused(gate.issue(wait=1).grant_id) == "early"
    assert gate.refused("no such grant") == "unknown"


def test_the_same_door_is_opened_again_once_within_two_minutes(gate: Gate) -> None:
    issued = gate.issue()
    first = gate.use(issued.grant_id)
    gate.at += 120 * SECOND
    (candidate,) = gate.present(issued.pin).candidates
    assert candidate.reopen
    second = gate.do(access.reuse, issued.grant_id)
    assert second != first
    assert gate.ledger.events("grant.reused")[0][2]["of"] == first
    assert gate.present(issued.pin).reason == "used"
    with pytest.raises(GrantSpent):
        gate.do(access.reuse, issued.grant_id)


@pytest.mark.parametrize("why", ["late", "revoked", "never used"])
def test_no_door_is_opened_again(gate: Gate, why: str) -> None:
    issued = gate.issue()
    if why != "never used":
        gate.use(issued.grant_id)
    if why == "late":
        gate.at += 121 * SECOND
    if why == "revoked":
        gate.do(access.revoke, "H1")
    with pytest.raises(GrantSpent):
        gate.do(access.reuse, issued.grant_id)


def test_a_use_that_opened_nothing_is_given_back_once(gate: Gate) -> None:
    issued = gate.issue()
    use_id = gate.use(issued.grant_id)
    assert gate.do(access.give_back, use_id) is True
    assert gate.do(access.give_back, use_id) is False
    assert gate.present(issued.pin).candidates[0].reopen is False
    gate.use(issued.grant_id)


def test_a_re_opening_that_opened_nothing_is_given_back(gate: Gate) -> None:
    issued = gate.issue()
    gate.use(issued.grant_id)
    gate.do(access.give_back, gate.do(access.reuse, issued.grant_id))
    assert gate.present(issued.pin).candidates[0].reopen is True


def test_a_use_is_not_given_back_after_revocation(gate: Gate) -> None:
    issued = gate.issue()
    use_id = gate.use(issued.grant_id)
    gate.do(access.revoke, "H1")
    gate.do(access.give_back, use_id)
    assert isinstance(gate.present(issued.pin), Denied)
    with pytest.raises(GrantSpent):
        gate.use(issued.grant_id)


@pytest.mark.req("MS-04")
def test_a_reissued_credential_replaces_the_lost_one(gate: Gate) -> None:
    lost = gate.issue()
    gate.do(access.revoke, "H1")
    fresh = gate.issue()
    assert gate.present(lost.pin).reason == "revoked"
    assert gate.present(fresh.pin).grant_id == fresh.grant_id


def test_extending_moves_the_end_of_open_grants(gate: Gate) -> None:
    issued = gate.issue()
    assert gate.ledger.do(access.extend, "H1", gate.at + 3 * HOUR, gate.at) == 1
    gate.at += 2 * HOUR
    assert isinstance(gate.present(issued.pin), Accepted)
    gate.do(access.revoke, "H1")
    assert gate.ledger.do(access.extend, "H1", gate.at + 9 * HOUR, gate.at) == 0


# Throttling


def wrong(gate: Gate, times: int, terminal: str = "front") -> list[str]:
    """Reasons for so many keyed PINs that were never issued."""
    return [gate.present(f"{index:05d}x", terminal=terminal).reason for index in range(times)]


def test_too_many_wrong_pins_lock_the_keypad_for_a_while(gate: Gate) -> None:
    issued = gate.issue()
    assert wrong(gate, 6) == ["unknown"] * 5 + ["throttled"]
    denied = gate.present(issued.pin)
    assert (denied.reason, denied.valid_from) == ("throttled", gate.at + 60 * SECOND)
    gate.at += 60 * SECOND
    assert isinstance(gate.present(issued.pin), Accepted)


def test_a_locked_keypad_leaves_codes_and_other_terminals_alone(gate: Gate) -> None:
    issued = gate.issue()
    wrong(gate, 5)
    assert isinstance(gate.present(issued.qr_text, "qr"), Accepted)
    assert isinstance(gate.present(issued.pin, terminal="back"), Accepted)


def test_wrong_pins_spread_over_time_do_not_lock(gate: Gate) -> None:
    for _ in range(10):
        assert wrong(gate, 1) == ["unknown"]
        gate.at += 61 * SECOND


def test_wrong_codes_do_not_lock(gate: Gate) -> None:
    assert {gate.present("4006381333931", "barcode").reason for _ in range(10)} == {"unknown"}


def test_the_limit_is_the_sites_to_set(gate: Gate) -> None:
    limit = Throttle(failures=2, window=HOUR, lock=HOUR)
    reasons = [gate.present("x", limit=limit).reason for _ in range(3)]
    assert reasons == ["unknown", "unknown", "throttled"]


# Speed


def test_no_step_of_a_presentation_searches_a_table(gate: Gate) -> None:
    issued = gate.issue(methods=["pin", "tag"], tags=["aa"])
    until = gate.at + HOUR
    plans = gate.ledger.plans(access.issue, "H1", "P1", ["pin", "qr"], "single", 0, until, 1, gate.at)
    plans += gate.ledger.plans(access.present, "pin", issued.pin, "front", gate.at)
    plans += gate.ledger.plans(access.use, issued.grant_id, gate.at)
    assert len(plans) == 10
    plans += gate.ledger.plans(access.reuse, issued.grant_id, gate.at)
    plans += gate.ledger.plans(access.present, "tag", "aa", "front", gate.at)
    plans += gate.ledger.plans(access.extend, "H1", gate.at + 2 * HOUR, gate.at)
    plans += gate.ledger.plans(access.revoke, "H1", gate.at)
    assert not [plan for plan in plans if "SCAN" in plan or "B-TREE" in plan]


# Never more often than allowed


class Using(RuleBasedStateMachine):
    """People present, use, re-open, give back and lose grants at any time."""

    def __init__(self, open_ledger: Any, now: int) -> None:
        super().__init__()
        self.gate = Gate(open_ledger(), now)
        self.grants: list[Any] = []
        self.limits: dict[str, int] = {}
        self.uses: dict[str, list[str]] = {}
        self.pins: dict[str, str] = {}
        self.revoked: set[str] = set()

    @rule(kind=st.sampled_from(["single", "counted"]), uses=st.integers(1, 3))
    def issue(self, kind: str, uses: int) -> None:
        handover = f"H{len(self.grants)}"
        issued = self.gate.issue(handover, ["pin"], kind=kind, uses=uses)
        live = {pin for owner, pin in self.pins.items() if owner not in self.revoked}
        assert issued.pin not in live
        self.grants.append((issued.grant_id, handover))
        self.limits[issued.grant_id] = 1 if kind == "single" else uses
        self.uses[issued.grant_id] = []
        self.pins[issued.grant_id] = issued.pin

    @rule(data=st.data())
    def spend(self, data: st.DataObject) -> None:
        if not self.grants:
            return
        grant_id, _ = data.draw(st.sampled_from(self.grants))
        try:
            use_id = self.gate.use(grant_id)
        except GrantSpent:
            return
        assert grant_id not in self.revoked
        self.uses[grant_id].append(use_id)
        assert len(self.uses[grant_id]) <= self.limits[grant_id]

    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        used = [(grant_id, use_id) for grant_id, uses in self.uses.items() for use_id in uses]
        if used:
            grant_id, use_id = data.draw(st.sampled_from(used))
            assert self.gate.do(access.give_back, use_id) is True
            self.uses[grant_id].remove(use_id)

    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        if self.grants:
            grant_id, handover = data.draw(st.sampled_from(self.grants))
            self.gate.do(access.revoke, handover)
            self.revoked.add(grant_id)

    @rule(seconds=st.sampled_from([1, 119, 1200]))
    def wait(self, seconds: int) -> None:
        self.gate.at += seconds * SECOND

    @invariant()
    def every_pin_opens_its_own_handover_only(self) -> None:
        for grant_id, handover in self.grants:
            answer = self.gate.present(self.pins[grant_id])
            if isinstance(answer, Accepted):
                assert {found.handover_id for found in answer.candidates} == {handover}
                assert grant_id not in self.revoked


@pytest.mark.req("ID-01", "WF-02")
def test_no_grant_is_used_more_often_than_allowed(open_ledger: Any, now: int) -> None:
    run_state_machine_as_test(
        lambda: Using(open_ledger, now),
        settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
    )
