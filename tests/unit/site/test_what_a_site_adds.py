"""Machines with slots, verifiers, rails without hold, and steps of integrations, as a site is checked."""

from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from hub.api import StepDefinition
from hub.model.effects import Receipt

MACHINE = """\
machines:
  snacks:
    thermal: refrigerated
    device: vend
    slots:
      S1: {motor: "1", size: S, product: cola, stock: 8}
      S2: {motor: "2", size: S, product: water}
"""
DEPOSIT = """\
blueprint:
  name: Parcel
  domain: handover
  version: 1.0.0
  lang: 1
  input:
    bank: {name: Bank, selector: {bank: {}}}
    deposit: {name: Deposit, default: "20.00", selector: {money: {}}}
start: [{on: tag, terminal: front}]
initial: holding
states:
  holding:
    enter:
      - authorise: {amount: "{{ inputs.deposit.amount }}", purpose: deposit, within: {seconds: 60}}
    on: {effect.confirmed: held, effect.refuted: done, effect.in_doubt: recovery}
  held:
    enter: [{void: {purpose: deposit}}]
    on: {effect.confirmed: done, effect.refuted: done, effect.in_doubt: recovery}
  done: {status: cancelled, final: true}
"""
SPEAKING = """\
blueprint: {name: Parcel, domain: handover, version: 1.0.0, lang: 1}
start: [{on: api}]
initial: speaking
states:
  speaking:
    enter: [{mailer.say: {device: mail, within: {seconds: 5}, words: hello}}]
    on: {effect.confirmed: done, effect.refuted: done, effect.in_doubt: recovery}
  done: {status: cancelled, final: true}
"""


@pytest.fixture
def vending(site_folder: Any) -> Any:
    site_folder.change("  climate:", "  vend: {integration: vend, endpoint: \"tty\"}\n  climate:")
    site_folder.change("terminals:", MACHINE + "terminals:")
    return site_folder.change("banks: [main]", "banks: [main, snacks]")


def test_a_machine_is_a_bank_of_slots(vending: Any) -> None:
    site, problems = vending.load()
    assert problems.render() == ""
    assert [(c.bank, c.name, c.door_device, c.door, c.product, c.stock) for c in site.compartments][2:] == [
        ("snacks", "S1", "vend", "1", "cola", 8), ("snacks", "S2", "vend", "2", "water", 0),
    ]
    assert list(site.names.machines) == ["snacks"]
    assert list(site.names.slots) == ["snacks/S1", "snacks/S2"]
    assert list(site.names.banks) == ["main"]


@pytest.mark.parametrize(("old", "new", "expected"), [
    ('motor: "2"', 'motor: "1"', (
        "site.yaml:26:19", "motor 1 already belongs to S1 (site.yaml line 25)",
        "give each slot its own motor",
    )),
    ("device: vend", "device: locks", (
        "site.yaml:23:13", "device 'locks' cannot be a machine: it is a LockBank", "known here: vend",
    )),
    ("product: water", "product: watr", (
        "site.yaml:26:42", "unknown product 'watr'", "did you mean 'water'?",
    )),
    ("  snacks:", "  main:", (
        "site.yaml:21:3", "'main' is a bank of this site",
        "give the machine another name: workflows name both alike",
    )),
    ("[main, snacks]", "[main, snack]", (
        "site.yaml:28:45", "unknown bank 'snack'", "did you mean 'snacks'?",
    )),
])
def test_what_is_wrong_with_a_machine_is_said_where_it_stands(
    vending: Any, old: str, new: str, expected: tuple[str, str, str]
) -> None:
    assert vending.change(old, new).problems()[0] == expected


def test_a_terminal_names_its_age_verifier(site_folder: Any) -> None:
    site_folder.change("  climate:", "  ids: {integration: ids, endpoint: \"tty\"}\n  climate:")
    site_folder.change("banks: [main]", "age_verifier: ids, banks: [main]")
    site, problems = site_folder.load()
    assert problems.render() == ""
    assert site.terminals["front"].verifier == "ids"


@pytest.fixture
def with_deposit(site_folder: Any) -> Any:
    """A site whose blueprint takes a deposit at a terminal that is paid at `device`."""

    def make(device: str, deposit: str = "20.00") -> Any:
        site_folder.change("  climate:", f"  till: {{integration: {device}, endpoint: \"tty\"}}\n  climate:")
        site_folder.change("banks: [main]", "payment: till, banks: [main]")
        site_folder.texts["blueprints/parcel"] = DEPOSIT.replace("20.00", deposit)
        return site_folder

    return make


@pytest.mark.req("PY-04")
def test_a_deposit_is_refused_where_money_cannot_be_held(with_deposit: Any) -> None:
    [(place, message, mend)] = with_deposit("card").problems()
    assert place == "parcel.yaml:14:69"
    assert message == "a deposit is money to be held, and 'till' at terminal 'front' cannot hold any"
    assert mend.startswith("take it upstream (an order with `paid`, started by the API)")


def test_a_deposit_is_taken_where_money_can_be_held(with_deposit: Any) -> None:
    assert with_deposit("credit").problems() == []


def test_a_deposit_of_nothing_is_not_refused(with_deposit: Any) -> None:
    assert with_deposit("card", "0.00").problems() == []


def test_a_deposit_that_nobody_chose_is_not_refused(with_deposit: Any) -> None:
    folder = with_deposit("card")
    folder.change('default: "20.00"', "required: false", "blueprints/parcel")
    assert folder.problems() == []


def test_a_deposit_that_is_paid_upstream_is_not_refused(with_deposit: Any) -> None:
    folder = with_deposit("card")
    folder.change("{on: tag, terminal: front}", "{on: api}", "blueprints/parcel")
    assert folder.problems() == []


async def _say(driver: Any, intent: Any, deadline: float) -> Receipt:
    return Receipt()


@pytest.fixture
def speaking(site_folder: Any) -> Any:
    site_folder.integrations.own_steps.append(StepDefinition(
        "mailer.say", "Says something.", "blind", _say, {vol.Required("words"): str},
    ))
    site_folder.texts["blueprints/parcel"] = SPEAKING
    return site_folder.change("path: parcel.yaml, input: {bank: main}", "path: parcel.yaml")


def test_a_blueprint_uses_a_step_of_an_integration(speaking: Any) -> None:
    site, problems = speaking.load()
    assert problems.render() == ""
    [call] = site.workflows["parcels"].machine.states["speaking"].enter
    assert (call.type, call.effect) == ("mailer.say", True)
    assert call.args == {"device": "mail", "within": 5_000_000, "words": "hello"}
    assert list(site.steps) == ["mailer.say"]


@pytest.mark.parametrize(("old", "new", "message"), [
    ("words: hello", "words: 5", "expected text, found 5"),
    ("device: mail", "device: scanner", "'scanner' is no device"),
    ("mailer.say", "mailer.sai", "unknown step 'mailer.sai'"),
    (", words: hello", "", "'words' is missing"),
    (", effect.refuted: done", "", "effect.refuted"),
    ("effect.refuted: done", "effect.refuted: speaking", "is blind: nothing observes it"),
])
def test_a_step_of_an_integration_is_checked_like_any_other(
    speaking: Any, old: str, new: str, message: str
) -> None:
    [(place, said, _), *_] = speaking.change(old, new, "blueprints/parcel").problems()
    assert place.startswith("parcel.yaml:")
    assert message in said
