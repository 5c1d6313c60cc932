"""The policy: default deny, conditions, approvals, and a table that explains its mistakes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access import Policy, PolicyError, Target
from hub.core.commands import Actor


def actor(*roles: str, ref: str = "P1") -> Actor:
    return Actor(ref, frozenset(roles))


@pytest.mark.req("RO-01")
@given(verb=st.text(max_size=30), roles=st.sets(st.sampled_from(["guest", "", "Staff", "staff "])))
def test_what_no_rule_allows_is_denied(verb: str, roles: set[str]) -> None:
    decision = Policy.default().decide(actor(*roles), verb)
    assert (decision.allowed, decision.rule) == (False, "default")


@pytest.mark.req("ID-04", "RO-05")
@pytest.mark.parametrize(("role", "verb", "allowed", "approval"), [
    ("staff", "handover.load", True, None),
    ("staff", "handover.extend", True, None),
    ("staff", "handover.open", True, "supervisor"),
    ("staff", "handover.refund", True, "supervisor"),
    ("staff", "device.service", False, None),
    ("supervisor", "handover.open", True, None),
    ("supervisor", "device.service", False, None),
    ("technician", "device.service", True, None),
    ("technician", "handover.cancel", False, None),
    ("technician", "incident.resolve", True, "supervisor"),
    ("recipient", "handover.cancel", False, None),
    ("api.read", "handover.read", True, None),
    ("api.read", "handover.create", False, None),
    ("api.read", "person.read", False, None),
    ("api.write", "handover.create", True, None),
    ("api.write", "handover.open", False, None),
    ("api.operate", "handover.open", True, None),
    ("api.admin", "twin.open", True, None),
])
def test_the_shipped_table(role: str, verb: str, allowed: bool, approval: str | None) -> None:
    decision = Policy.default().decide(actor(role), verb, Target(status="reserved"))
    assert (decision.allowed, decision.needs_approval) == (allowed, approval)


def test_a_recipient_sees_their_own_handover_only() -> None:
    policy = Policy.default()
    assert policy.decide(actor("recipient"), "handover.read", Target(person_ref="P1")).allowed
    assert not policy.decide(actor("recipient"), "handover.read", Target(person_ref="P2")).allowed
    assert not policy.decide(actor("recipient", ref=""), "handover.read", Target()).allowed


def test_a_verb_may_depend_on_status_and_workflow() -> None:
    policy = Policy.load({"clerk": [
        {"verbs": ["handover.cancel"], "status": ["created", "reserved"], "workflow": "rental_*"},
    ]})
    fits = Target(workflow="rental_bikes", status="reserved")
    assert policy.decide(actor("clerk"), "handover.cancel", fits).allowed
    for other in (
        Target(workflow="rental_bikes", status="completed"), Target(workflow="sale", status="reserved"),
        Target(workflow="my_rental_bikes", status="reserved"), Target(),
    ):
        assert not policy.decide(actor("clerk"), "handover.cancel", other).allowed


@pytest.mark.req("RO-02")
def test_a_rule_without_approval_wins_over_one_with() -> None:
    policy = Policy.load({
        "a": [{"verbs": ["handover.*"], "approval": "b"}], "b": ["handover.open"],
    })
    assert policy.decide(actor("a"), "handover.open").needs_approval == "b"
    both = policy.decide(actor("a", "b"), "handover.open")
    assert (both.needs_approval, both.rule) == (None, "b[0]")


def test_a_pattern_matches_whole_verbs() -> None:
    policy = Policy.load({"a": ["handover.read"]})
    assert not policy.decide(actor("a"), "handover.read_all").allowed
    assert not policy.decide(actor("a"), "x.handover.read").allowed


@pytest.mark.req("RO-03", "RO-04")
def test_the_table_can_be_read_backwards() -> None:
    may = Policy.default().roles_for("handover.refund", Target(status="completed"))
    assert {role: decision.needs_approval for role, decision in may.items()} == {
        "staff": "supervisor", "supervisor": None, "api.admin": None,
    }


@pytest.mark.parametrize(("table", "message"), [
    ({"a": "handover.read"}, "role 'a' needs a list"),
    ({"a": [5]}, r"a\[0\]: write a verb"),
    ({"a": ["x", {"verbs": ["y"], "statuss": []}]}, r"a\[1\]: unknown key 'statuss'"),
    ({"a": [{"workflow": "x"}]}, r"a\[0\]: verbs is missing"),
    ({"a": [{"verbs": "x"}]}, "verbs is a list"),
    ({"a": [{"verbs": ["x"], "approval": "boss"}]}, "'boss', which is no role"),
    ({"a": [{"verbs": ["x"], "own": "yes"}]}, "own is true or false"),
    ({"a": [{"verbs": ["x"], "workflow": ["y"]}]}, "workflow is one pattern"),
    ({"a": [{"verbs": ["x"], "status": "created"}]}, "status is a list"),
])
def test_a_table_that_cannot_be_read_says_where_and_what_to_write(table: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        Policy.load(table)
