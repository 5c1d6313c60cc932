"""How many people come and what they do, how often things break: presets, and files of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import voluptuous as vol

from hub.config.loader import load_yaml
from hub.config.problems import Problems
from hub.config.schema import Wrong, check, kind_of, mapping, table

#: How busy each hour of the day is, from midnight on, and each day of the week, from Monday on.
HOURS = (0, 0, 0, 0, 0, 1, 3, 6, 8, 7, 6, 6, 8, 7, 6, 6, 8, 10, 10, 8, 5, 3, 1, 0)
DAYS = (1.0, 1.0, 1.0, 1.0, 1.2, 1.1, 0.4)


@dataclass(frozen=True, slots=True)
class Users:
    """What people do. Rates are per day, the others are shares of one.

    `per_compartment` handovers a day begin for each compartment unless `per_day` names the workflow.
    """

    per_compartment: float = 1.0
    per_day: Mapping[str, float] = field(default_factory=dict)
    early: float = 0.02
    late: float = 0.03
    no_show: float = 0.04
    wrong_code: float = 0.05
    reopens: float = 0.03
    forgets_door: float = 0.01
    declines: float = 0.04
    walks_away: float = 0.03
    cancels: float = 0.02
    leaves_behind: float = 0.005
    denies: float = 0.04
    under_age: float = 0.02
    hours_to_collect: float = 9.0
    minutes_to_load: float = 25.0


@dataclass(frozen=True, slots=True)
class Faults:
    """How often things break. Rates per day are for each device, doors for each door; others per act."""

    stuck: float = 0.0
    in_doubt: float = 0.0
    unseen: float = 0.0
    not_sent: float = 0.0
    payment_unknown: float = 0.0
    money_refused: float = 0.0
    jam: float = 0.0
    boards_dark_per_day: float = 0.0
    power_cuts_per_day: float = 0.0
    lying_contacts_per_day: float = 0.0
    thermometers_drift_per_day: float = 0.0
    breaches_per_day: float = 0.0
    letters_down_per_day: float = 0.0


USERS: Mapping[str, Users] = {
    "low": Users(per_compartment=0.4),
    "normal": Users(),
    "busy": Users(per_compartment=1.7, hours_to_collect=5.0, minutes_to_load=15.0, forgets_door=0.02),
}
FAULTS: Mapping[str, Faults] = {
    "none": Faults(),
    "some": Faults(
        stuck=0.001, in_doubt=0.0005, unseen=0.0003, not_sent=0.001, payment_unknown=0.001,
        money_refused=0.0005, jam=0.002, boards_dark_per_day=0.03, power_cuts_per_day=0.05,
        lying_contacts_per_day=0.0003, thermometers_drift_per_day=0.02, breaches_per_day=0.0003,
        letters_down_per_day=0.05,
    ),
    "many": Faults(
        stuck=0.01, in_doubt=0.005, unseen=0.003, not_sent=0.01, payment_unknown=0.01, money_refused=0.01,
        jam=0.02, boards_dark_per_day=0.3, power_cuts_per_day=0.5, lying_contacts_per_day=0.003,
        thermometers_drift_per_day=0.1, breaches_per_day=0.003, letters_down_per_day=0.3,
    ),
}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise Wrong(f"expected a number, found {kind_of(value)}", "for example: 0.05")
    return float(value)


def _schema(kind: type[Any], presets: Mapping[str, Any]) -> Any:
    keys: dict[Any, Any] = {vol.Optional(one.name): _number for one in fields(kind) if one.name != "per_day"}
    if kind is Users:
        keys[vol.Optional("per_day")] = table(_number)
    keys[vol.Optional("like")] = _preset(presets)
    return mapping(keys)


def _preset(presets: Mapping[str, Any]) -> Any:
    def validate(value: Any) -> str:
        if value not in presets:
            raise Wrong(f"expected one of the presets, found {kind_of(value)}", ", ".join(presets))
        return str(value)

    return validate


def users_of(word: str, problems: Problems) -> Users | None:
    """A preset, or a file that says what differs from one (`like: busy`)."""
    found = USERS.get(word)
    return found if found is not None else _from_file(word, Users, USERS, "normal", problems)


def faults_of(word: str, problems: Problems) -> Faults | None:
    """A preset, or a file that says what differs from one (`like: some`)."""
    found = FAULTS.get(word)
    return found if found is not None else _from_file(word, Faults, FAULTS, "none", problems)


def _from_file(word: str, kind: type[Any], presets: Mapping[str, Any], base: str, problems: Problems) -> Any:
    document = load_yaml(Path(word), problems)
    data = None if document is None else check(_schema(kind, presets), document, (), problems)
    if data is None or len(problems):
        return None
    return replace(presets[data.pop("like", base)], **data)
