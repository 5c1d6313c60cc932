"""Thirty days of a mixed bank of 200 compartments: the real engine and store on virtual time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from results import Result

from hub import commerce, custody
from hub.model.money import Money
from hub.model.states import Size, Thermal
from hub.workflows.compile import compile_blueprint
from hub.workflows.rehearsal import Plan
from hub.workflows.run.places import Places, TerminalPlace
from hub.workflows.run.words import Words
from hub.workflows.simulate.profiles import FAULTS, USERS
from hub.workflows.simulate.run import Settings, simulate

_GOAL, _LEAST = 60.0, 10_000
_PARCELS, _DRINKS = 170, 30
_BLUEPRINTS = Path(__file__).parents[2] / "blueprints"


def run(*, quick: bool, anchors: bool) -> list[Result]:
    """Seconds for the thirty days, and handovers in a second of them."""
    days = 1 if quick else 30
    print(f"  {days} days of {_PARCELS + _DRINKS} compartments ...", flush=True)
    began, worked = time.perf_counter(), time.process_time()
    found = simulate(_plan(), Settings(days, 1, USERS["busy"], FAULTS["some"]))
    took, used = time.perf_counter() - began, time.process_time() - worked
    enough = found.begun >= _LEAST
    detail: dict[str, Any] = {
        "handovers": found.begun, "ended": found.ended, "transitions": found.transitions,
        "events": found.events, "cpu_s": round(used, 1), "head": found.head,
    }
    return [
        Result(
            f"{days} simulated days, {_PARCELS + _DRINKS} compartments, {found.begun:,} handovers", took, "s",
            f"<= {_GOAL:.0f} s", took <= _GOAL and enough if not quick else None, detail=detail,
        ),
        Result("simulated handovers/s", found.begun / took, "/s", "", None, detail=detail),
    ]


def _plan() -> Plan:
    sizes = (Size.S, Size.M, Size.L)
    skus = ("cola", "water", "tea", "mate", "juice")
    parcels = [
        custody.CompartmentSpec("main", f"A{n}", f"locks_{n // 16}", str(n), sizes[n % 3], Thermal.AMBIENT)
        for n in range(_PARCELS)
    ]
    drinks = [
        custody.CompartmentSpec(
            "shop", f"V{n}", f"drinks_{n // 16}", str(n), Size.S, Thermal.AMBIENT,
            product=skus[n % len(skus)], stock=8,
        )
        for n in range(_DRINKS)
    ]
    machines = {}
    for name, blueprint, inputs in (
        ("parcels", "pickup", {"bank": "main"}), ("shop", "sale", {"bank": "shop", "terminal": "front"}),
    ):
        compiled = compile_blueprint(_BLUEPRINTS / f"{blueprint}.yaml", name, inputs)
        assert compiled.machine is not None, compiled.problems.render()
        machines[name] = (compiled.machine, blueprint)
    front = TerminalPlace("front", ("reader",), "card", ("main", "shop"))
    return Plan(
        (*parcels, *drinks), Places({"front": front}, {}, "EUR"), Words("Bench", "Europe/Berlin"), machines,
        products=tuple(
            commerce.ProductSpec(sku, sku, Money(150, "EUR"), Size.S, Thermal.AMBIENT, str(10 + n))
            for n, sku in enumerate(skus)
        ),
        stock={f"shop/V{n}": 8 for n in range(_DRINKS)},
    )
