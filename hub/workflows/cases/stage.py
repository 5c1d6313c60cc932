"""The site of a case: its banks, terminal, people and goods as a plan for a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from hub import access, commerce, custody
from hub.custody.thermal import DEFAULTS, Limits
from hub.model.effects import Rail
from hub.model.money import Money
from hub.model.states import Occupancy, Size, Thermal
from hub.store import Tx
from hub.workflows.cases.parse import TERMINAL, Case
from hub.workflows.rehearsal import Plan
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.words import Words

READER, CARD, VERIFIER = "reader", "card", "documents"
#: Who collects in a case that names nobody; the tag opens what is theirs where tags open anything.
ADA = "ada"
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    ADA: {"name": "Ada", "tags": ["04a1b2c3d4e5f6"], "email": "ada@example.org"},
}
CURRENCY = "EUR"


def plan_of(case: Case) -> Plan:
    """The plan of a case's site."""
    machine = case.compiled.machine
    assert machine is not None
    given = case.given
    terminal = str(machine.inputs.get("terminal") or given.get("terminal") or TERMINAL)
    machines = given.get("machines", {})
    banks = (*given.get("banks", {}), *machines)
    places = Places(
        {terminal: TerminalPlace(terminal, (READER,), CARD, banks, VERIFIER)},
        {thermometer(bank): (bank,) for bank in banks}, CURRENCY, _climate(given.get("banks", {})),
    )
    boxes = {
        f"{bank}/{name}": spec
        for bank, specs in (*given.get("banks", {}).items(), *machines.items())
        for name, spec in specs.items()
    }
    return Plan(
        compartments=tuple(_compartment(key, spec, machines) for key, spec in boxes.items()),
        places=places, words=Words("the locker", case.zone),
        workflows={machine.workflow: (machine, case.source)},
        products=tuple(_products(case)),
        stock={key: spec.get("count", 1) for key, spec in boxes.items() if "product" in spec},
        people=tuple(_person(key, spec) for key, spec in people_of(case).items()),
        assets=tuple(_asset(key, spec, given) for key, spec in given.get("assets", {}).items()),
        motors=tuple(motors(machine) for machine in machines), verifiers=(VERIFIER,),
    )


def people_of(case: Case) -> dict[str, Mapping[str, Any]]:
    """The people of the site by key."""
    return {**PEOPLE, **case.given.get("people", {})}


def prepare(tx: Tx, case: Case) -> None:
    """What the site was like before the case: barred doors, things inside."""
    for bank, specs in case.given.get("banks", {}).items():
        for name, spec in specs.items():
            key = f"{bank}/{name}"
            if spec.get("barred"):
                custody.bar(tx, key, "before", case.start)
            if spec.get("occupied"):
                custody.set_occupancy(tx, key, Occupancy.OCCUPIED, "person", case.start)


def _climate(banks: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Limits]:
    """The limits of the banks whose compartments are of a class that minds."""
    classes = {
        bank: Thermal(next(iter(specs.values()), {}).get("thermal", "ambient"))
        for bank, specs in banks.items()
    }
    return {bank: DEFAULTS[found] for bank, found in classes.items() if found in DEFAULTS}


def thermometer(bank: str) -> str:
    """The thermometer of a bank."""
    return f"climate_{bank}"


def board(bank: str) -> str:
    """The lock board of a bank."""
    return f"locks_{bank}"


def motors(machine: str) -> str:
    """The motors of a machine."""
    return f"motors_{machine}"


def rail_of(case: Case) -> Rail:
    """What the payment terminal of the case can do."""
    given = case.given.get("rail", {})
    return Rail(**{one.name: bool(given.get(one.name, False)) for one in fields(Rail)})


def items_of(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The item lines of an order: `items`, or the one `item`."""
    plain = {"sku": "item", "quantity": 1, "size": "S", "thermal": "ambient"}
    listed = given.get("items") or [given.get("item", {})]
    return [{**plain, **item} for item in listed]


def _compartment(
    key: str, spec: Mapping[str, Any], machines: Mapping[str, Any]
) -> custody.CompartmentSpec:
    bank, _, name = key.partition("/")
    return custody.CompartmentSpec(
        bank, name, motors(bank) if bank in machines else board(bank), name,
        Size(spec.get("size", "M")), Thermal(spec.get("thermal", "ambient")),
        low=bool(spec.get("low", False)), product=spec.get("product"), stock=spec.get("count", 1),
    )


def _person(key: str, spec: Mapping[str, Any]) -> access.PersonSpec:
    contact = {word: str(spec[word]) for word in ("name", "phone", "email") if word in spec}
    return access.PersonSpec(
        key, tuple(spec.get("roles", ())), tuple(spec.get("tags", ())), spec.get("pin"), contact,
        tuple(spec.get("groups", ())),
    )


def _asset(key: str, spec: Mapping[str, Any], given: Mapping[str, Any]) -> custody.AssetSpec:
    """Its place is the compartment that names it; else `in: main/A1`, or `in: A1` of the first bank."""
    lies = {
        box["asset"]: f"{bank}/{name}" for bank, boxes in given.get("banks", {}).items()
        for name, box in boxes.items() if "asset" in box
    }
    bank, _, place = str(spec.get("in") or lies.get(key, "")).rpartition("/")
    thermal = spec.get("thermal")
    return custody.AssetSpec(
        key, spec["kind"], spec.get("name", key), Size(spec.get("size", "S")),
        None if thermal is None else Thermal(thermal), spec.get("tag"),
        (bank or next(iter(given.get("banks", {})), None)) if place else None, place or None,
    )


def _products(case: Case) -> list[commerce.ProductSpec]:
    given = case.given
    named: dict[str, Mapping[str, Any]] = dict(given.get("products", {}))
    ordered = items_of(given)[0]["sku"]
    for bank in given.get("banks", {}).values():
        for spec in bank.values():
            if "product" in spec:
                named.setdefault(spec["product"], {})
    if "price" in given:
        first = {"price": given["price"], "selection": given.get("selection", 1)}
        named[ordered] = {**first, **named.get(ordered, {})}
    return [
        commerce.ProductSpec(
            sku, str(spec.get("name", sku)), Money(spec.get("price", 100), CURRENCY),
            Size(spec.get("size", "S")), Thermal(spec.get("thermal", "ambient")),
            str(spec["selection"]) if "selection" in spec else None,
        )
        for sku, spec in named.items()
    ]
