"""Every seeded fault is noticed, and without a fault nothing is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from seeded_faults import MUTANTS, Mutant

from hub.workflows.machine import Machine
from hub.workflows.steps import STEPS
from hub.workflows.verify.explore import Explorer
from hub.workflows.verify.properties import PROPERTIES

#: Enough for every seeded fault; `make verify` explores all of every blueprint.
BOUND = 20_000


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_seeded_fault_is_noticed(mutant: Mutant, shipped: Callable[[str], Machine]) -> None:
    result = Explorer(mutant.plant(shipped(mutant.blueprint)), STEPS, BOUND).explore(first=True)
    noticed = {one.violation.property for one in result.found}
    assert noticed & set(mutant.noticed), f"noticed: {noticed or 'nothing'}"


@pytest.mark.parametrize("name", sorted({mutant.blueprint for mutant in MUTANTS}))
def test_without_a_fault_everything_holds(name: str, shipped: Callable[[str], Machine]) -> None:
    result = Explorer(shipped(name), STEPS, BOUND).explore()
    assert [one.violation for one in result.found] == []
    assert result.complete


def test_every_property_has_a_fault_that_breaks_it() -> None:
    assert {name for mutant in MUTANTS for name in mutant.noticed} == set(PROPERTIES)
