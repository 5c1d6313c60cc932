"""Who may do what (S33): one question, answered from a table, denied unless a rule allows it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from hub.access.default_policy import DEFAULT_POLICY
from hub.core.commands import Actor

_KEYS = {"verbs", "workflow", "status", "own", "approval"}


class PolicyError(ValueError):
    """A table that cannot be read; the text names the role, the rule and what to write."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a verb is asked for. Empty fields are unknown and match only rules that do not ask for them.

    `person_ref` is who collects, `depositor_ref` who brings: both have a handover of their own.
    """

    id: str = ""
    workflow: str = ""
    status: str = ""
    person_ref: str = ""
    depositor_ref: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`rule` names the line that decided, `needs_approval` the role that must consent first, or None."""

    allowed: bool
    rule: str
    needs_approval: str | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    verbs: re.Pattern[str]
    workflow: re.Pattern[str] | None
    status: frozenset[str] | None
    own: bool
    granted: Decision

    def covers(self, actor: Actor, target: Target) -> bool:
        return (
            (self.status is None or target.status in self.status)
            and (self.workflow is None or self.workflow.match(target.workflow) is not None)
            and (not self.own or (actor.ref != "" and actor.ref in (target.person_ref, target.depositor_ref)))
        )


_NOBODY = Decision(False, "default")
_NOTHING = Target()


class Policy:
    """The table, compiled. Asking costs two dictionary look-ups and the conditions of the rules found."""

    def __init__(self, rules: Mapping[str, tuple[_Rule, ...]]) -> None:
        self._rules = rules
        self._found: dict[tuple[frozenset[str], str], tuple[_Rule, ...]] = {}

    @classmethod
    def load(cls, table: Mapping[str, Any]) -> Policy:
        """Compile `role -> rules`. A rule is a verb pattern or a mapping with `verbs` (patterns) and
        optionally `workflow` (pattern), `status` (list), `own` (true), `approval` (a role of the table).

        Raises PolicyError.
        """
        return cls({role: _rules(role, rules, table) for role, rules in table.items()})

    @classmethod
    def default(cls) -> Policy:
        """The shipped table."""
        return cls.load(DEFAULT_POLICY)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the table, sorted."""
        return tuple(sorted(self._rules))

    def decide(self, actor: Actor, verb: str, target: Target = _NOTHING, at: int = 0) -> Decision:
        """Whether `actor` may do `verb` to `target` at `at` (UTC microseconds).

        A rule without approval wins over one with; roles that the table does not know allow nothing.
        """
        for rule in self._candidates(actor.roles, verb):
            if rule.covers(actor, target):
                return rule.granted
        return _NOBODY

    def roles_for(self, verb: str, target: Target = _NOTHING) -> dict[str, Decision]:
        """Which roles may do `verb` to somebody else's `target`, for a screen or a review before opening."""
        asked = ((role, self.decide(Actor("", frozenset({role})), verb, target)) for role in self.roles)
        return {role: decision for role, decision in asked if decision.allowed}

    def _candidates(self, roles: frozenset[str], verb: str) -> tuple[_Rule, ...]:
        found = self._found.get((roles, verb))
        if found is None:
            every = [
                rule for role in sorted(roles) for rule in self._rules.get(role, ()) if rule.verbs.match(verb)
            ]
            found = tuple(sorted(every, key=lambda rule: rule.granted.needs_approval is not None))
            if len(self._found) < 10_000:
                self._found[(roles, verb)] = found
        return found


def _rules(role: str, rules: Any, table: Mapping[str, Any]) -> tuple[_Rule, ...]:
    if isinstance(rules, str) or not isinstance(rules, Sequence):
        raise PolicyError(f"role {role!r} needs a list of rules")
    return tuple(_rule(f"{role}[{index}]", rule, table) for index, rule in enumerate(rules))


def _rule(name: str, rule: Any, table: Mapping[str, Any]) -> _Rule:
    if isinstance(rule, str):
        rule = {"verbs": [rule]}
    if not isinstance(rule, Mapping):
        raise PolicyError(f"{name}: write a verb or a mapping with verbs, not {rule!r}")
    unknown = sorted(set(rule) - _KEYS)
    if unknown:
        raise PolicyError(f"{name}: unknown key {unknown[0]!r}; the keys are {', '.join(sorted(_KEYS))}")
    verbs = _texts(name, "verbs", rule.get("verbs"))
    if not verbs:
        raise PolicyError(f"{name}: verbs is missing or empty")
    approval = rule.get("approval")
    if approval is not None and approval not in table:
        raise PolicyError(f"{name}: approval by {approval!r}, which is no role of this table")
    own = rule.get("own", False)
    if not isinstance(own, bool):
        raise PolicyError(f"{name}: own is true or false")
    workflow = rule.get("workflow")
    if workflow is not None and not isinstance(workflow, str):
        raise PolicyError(f"{name}: workflow is one pattern, for example rental_*")
    return _Rule(
        name, re.compile("|".join(translate(verb) for verb in verbs)),
        None if workflow is None else re.compile(translate(workflow)),
        frozenset(_texts(name, "status", rule["status"])) if "status" in rule else None,
        own, Decision(True, name, approval),
    )


def _texts(name: str, key: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Sequence) or {type(item) for item in value} - {str}:
        raise PolicyError(f"{name}: {key} is a list of texts")
    return list(value)
