"""A small mixed site for simulations: parcels in one bank, drinks in another, one terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub import commerce, custody
from hub.model.money import Money
from hub.model.states import Size, Thermal
from hub.workflows.compile import compile_blueprint
from hub.workflows.rehearsal import Plan
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.words import Words

BLUEPRINTS = Path(__file__).parents[3] / "blueprints"
INPUTS: Mapping[str, Mapping[str, Any]] = {
    "pickup": {"bank": "main"}, "sale": {"bank": "shop", "terminal": "front"},
}


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    """A plan of `boxes` compartments; `own` maps further workflows to blueprint texts."""

    def build(boxes: int = 12, own: Mapping[str, str] | None = None) -> Plan:
        sizes = (Size.S, Size.M, Size.L)
        compartments = [
            custody.CompartmentSpec("main", f"A{n}", "locks", str(n), sizes[n % 3], Thermal.AMBIENT)
            for n in range(1, boxes + 1)
        ] + [
            custody.CompartmentSpec(
                "shop", f"V{n}", "drinks", str(n), Size.S, Thermal.AMBIENT, product="cola", stock=3
            )
            for n in range(1, 4)
        ]
        texts: dict[str, Any] = {name: BLUEPRINTS / f"{name}.yaml" for name in INPUTS} | (own or {})
        workflows = {}
        for name, source in texts.items():
            compiled = compile_blueprint(source, name, INPUTS.get(name, {"bank": "main"}))
            assert compiled.machine is not None, compiled.problems.render()
            workflows[name] = (compiled.machine, name)
        front = TerminalPlace("front", ("reader",), "card", ("main", "shop"), "documents")
        cola = commerce.ProductSpec("cola", "Cola", Money(180, "EUR"), Size.S, Thermal.AMBIENT, "11")
        return Plan(
            tuple(compartments), Places({"front": front}, {}, "EUR"), Words("Here", "Europe/Berlin"),
            workflows, products=(cola,), stock={f"shop/V{n}": 3 for n in range(1, 4)},
            verifiers=("documents",),
        )

    return build
