"""Conditions over what nobody knows are asked about once, and only where the answer is free."""

from __future__ import annotations

from typing import Any

import pytest

from hub.workflows.verify.free import UNKNOWN, Loose, Missing, atoms, truth, value

KNOWN = {"attempts": 1, "state": "recovery", "event": {"reason": "offline"}}


def asked(source: str, scope: dict[str, Any], answer: bool = True) -> tuple[bool, list[str]]:
    questions: list[str] = []

    def ask(atom: str, _roots: frozenset[str]) -> bool:
        questions.append(atom)
        return answer

    return truth(source, scope, ask), questions


@pytest.mark.parametrize(("source", "holds"), [
    ("{{ attempts < 2 }}", True),
    ("{{ attempts >= 2 }}", False),
    ("{{ state == 'recovery' and event.reason != 'busy' }}", True),
    ("{{ event.reason in ['offline', 'busy'] }}", True),
    ("{{ reopened is undefined }}", True),
    ("{{ event.verdict is defined }}", False),
    ("{{ (event.size | default('S')) == 'S' }}", True),
])
def test_what_is_known_is_exact(source: str, holds: bool) -> None:
    assert asked(source, KNOWN) == (holds, [])


def test_what_is_free_is_asked() -> None:
    assert asked("{{ item.size == 'M' }}", {"item": UNKNOWN}) == (True, ["item.size eq 'M'"])


def test_a_condition_and_its_opposite_are_one_question() -> None:
    scope = {"item": UNKNOWN}
    assert asked("{{ item.size != 'M' }}", scope) == (False, ["item.size eq 'M'"])
    assert asked("{{ item.asset is undefined }}", scope) == (False, ["item.asset is defined"])
    assert atoms("{{ item.asset is undefined and item.size != 'M' }}") == {
        "item.asset is defined", "item.size eq 'M'",
    }


def test_nothing_is_asked_that_cannot_matter() -> None:
    assert asked("{{ attempts == 1 or item.fragile }}", {**KNOWN, "item": UNKNOWN}) == (True, [])


def test_what_people_type_is_free() -> None:
    assert asked("{{ event.verdict == 'reject' }}", {"event": Loose()}, answer=False)[0] is False


def test_what_certainly_is_not_there_makes_a_guard_fail() -> None:
    with pytest.raises(Missing):
        asked("{{ event.verdict == 'closed' }}", KNOWN)


def test_an_argument_is_rendered_as_far_as_it_is_known() -> None:
    assert value("{{ attempts }}", KNOWN) == 1
    assert value("{{ item.size }}", {"item": UNKNOWN}) is UNKNOWN
    assert value("main", {}) == "main"
