"""Whatever people, doors and the desk do: each compartment has one owner, and nothing goes unexplained."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub import custody
from hub.custody import AssetSpec, AssetState, NothingFits, Part
from hub.custody.found import FOUND
from hub.model.failures import StepFailed
from hub.model.states import AllocationOutcome, Door, Hold, Occupancy, Service, Size, Thermal

PLACES = {
    "A": "S", "B": "S low", "C": "M", "D": "M refrigerated", "E": "L low", "F": "XL", "G": "M", "H": "S",
}
_SIZES = st.sampled_from([None, "S", "M", "L", "XL"])
_WORDS = st.sampled_from(["", "", "food", "chemicals"])
_PLACES = st.sampled_from(sorted(PLACES))
_REASONS = st.sampled_from(["stuck", "desk"])


class Using(RuleBasedStateMachine):
    """A bank in use. The machine's own books: which allocation was given which compartment."""

    def __init__(self, bank: Any) -> None:
        super().__init__()
        self.bank = bank
        self.bank.sync(**PLACES)
        self.bank.assets(
            AssetSpec("drill-1", "drill", "Drill", Size.M, bank="main", place="C"),
            AssetSpec("drill-2", "drill", "Drill", Size.M, bank="main", place="G"),
        )
        self.owner: dict[str, str] = {}

    # What handovers do

    def _given(self, allocation: str, place: str) -> None:
        name = place.rpartition("/")[2]
        assert name not in self.owner.values(), f"{name} has two owners"
        self.owner[allocation] = name

    def _was_assignable(self, before: dict[str, Any], place: str) -> None:
        found = before[place.rpartition("/")[2]]
        assert (found.hold, found.service) == (Hold.FREE, Service.IN_SERVICE)
        assert found.occupancy is Occupancy.EMPTY

    def _places(self) -> dict[str, Any]:
        return {found.name: found for found in self.bank.read(custody.compartments)}

    def _moved(self, moved: custody.Moved) -> None:
        assert self.owner[moved.allocation_id] == moved.before.rpartition("/")[2]
        self.owner[moved.allocation_id] = moved.compartment.rpartition("/")[2]

    @rule(size=_SIZES, low=st.booleans(), apart=_WORDS, soft=st.booleans(), push=st.booleans())
    def take(self, size: str | None, low: bool, apart: str, soft: bool, push: bool) -> None:
        before, moves = self._places(), []
        try:
            place = self.bank.assign(
                f"H{self.bank.count}", size=size, low=low, apart=apart, hold="soft" if soft else "hard",
                displaced=moves.append if push else None,
            )
        except NothingFits as refused:
            self._explained(refused, size, low, before)
            return
        for moved in moves:
            assert before[moved.before.rpartition("/")[2]].hold is Hold.SOFT
            self._moved(moved)
        if not moves:
            self._was_assignable(before, place)
        self._given(self.bank.last, place)

    @rule(size=_SIZES, apart=_WORDS)
    def take_several(self, size: str | None, apart: str) -> None:
        self.bank.count += 1
        names = [f"P{self.bank.count}-{n}" for n in range(2)]
        before = self._places()
        parts = [Part(names[0], size=size, apart=apart), Part(names[1], low=True)]
        try:
            places = self.bank.do(custody.assign_all, f"H{self.bank.count}", "main", parts)
        except NothingFits:
            assert self._places() == before
            return
        for name, place in zip(names, places, strict=True):
            self._given(name, place)

    @rule()
    def issue(self) -> None:
        before = self._places()
        try:
            place = self.bank.assign(f"H{self.bank.count}", asset_kind="drill")
        except NothingFits:
            return
        assert before[place].hold is Hold.FREE
        self._given(self.bank.last, place)

    @rule()
    def bring_back(self) -> None:
        out = [found.id for found in self.bank.read(custody.assets) if found.compartment is None]
        if not out:
            return
        before = self._places()
        try:
            place = self.bank.assign(f"H{self.bank.count}", size="M", items=[{"asset": out[0]}])
        except NothingFits:
            return
        self._was_assignable(before, place)
        self._given(self.bank.last, place)

    @precondition(lambda self: self.owner)
    @rule(data=st.data(), to=st.sampled_from(["hub", "hub", "staff:P9", "recipient:P1", "unknown"]),
          condition=st.sampled_from([None, None, "good", "damaged"]))
    def hand_over(self, data: st.DataObject, to: str, condition: str | None) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.owner)))
        self.bank.do(custody.transfer_custody, chosen, to, condition=condition, due=None)

    @precondition(lambda self: self.owner)
    @rule(data=st.data(), size=_SIZES, apart=st.sampled_from([None, "", "food", "chemicals"]))
    def exchange(self, data: st.DataObject, size: str | None, apart: str | None) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.owner)))
        before, legs = self._places(), self.bank.read(custody.chain_of, chosen)
        try:
            place = self.bank.do(custody.reassign, chosen, size=size, apart=apart)
        except StepFailed:
            assert self._places() == before
            return
        self._was_assignable(before, place)
        old = self.owner.pop(chosen)
        self._given(chosen, place)
        after = self._places()[old]
        assert (after.reasons, after.occupancy) == (before[old].reasons, before[old].occupancy)
        assert self.bank.read(custody.chain_of, chosen) == legs

    @precondition(lambda self: self.owner)
    @rule(data=st.data(), outcome=st.sampled_from([None, AllocationOutcome.LEFT]))
    def give_back(self, data: st.DataObject, outcome: AllocationOutcome | None) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.owner)))
        held = self.bank.read(custody.allocation, chosen)
        self.bank.do(custody.free, chosen, outcome=outcome)
        name = self.owner.pop(chosen)
        if held.custody == custody.HUB:
            after = self._places()[name]
            assert after.occupancy is not Occupancy.EMPTY or after.occupancy_by == "sensor"

    # What doors, sensors and the desk do

    @rule(name=_PLACES, reason=_REASONS, on=st.booleans())
    def service(self, name: str, reason: str, on: bool) -> None:
        if on:
            self.bank.do(custody.unbar, f"main/{name}", reason=reason)
        else:
            self.bank.do(custody.bar, f"main/{name}", reason)

    @rule(name=_PLACES, state=st.sampled_from([Door.OPEN, Door.CLOSED]))
    def door(self, name: str, state: Door) -> None:
        before = self._places()[name].occupancy
        self.bank.do(custody.set_door, f"main/{name}", state)
        assert self._places()[name].occupancy is before

    @rule(name=_PLACES)
    def breach(self, name: str) -> None:
        assert self.bank.do(custody.breach, f"main/{name}") == next(
            (allocation for allocation, place in self.owner.items() if place == name), None
        )

    @rule(name=_PLACES)
    def find(self, name: str) -> None:
        self.bank.ledger.do(custody.record_found, f"main/{name}", "a thing", "P1", self.bank.now)

    @rule(name=_PLACES)
    def say_empty(self, name: str) -> None:
        try:
            self.bank.ledger.do(custody.declare_empty, f"main/{name}", "P1", self.bank.now)
        except StepFailed as refused:
            assert refused.reason in ("kept", "sensor")
        else:
            assert self._places()[name].occupancy is Occupancy.EMPTY

    @rule(name=_PLACES, seen=st.sampled_from([Occupancy.EMPTY, Occupancy.OCCUPIED]))
    def sense(self, name: str, seen: Occupancy) -> None:
        self.bank.do(custody.set_occupancy, f"main/{name}", seen, "sensor")

    # What holds, whatever was done

    def _explained(self, refused: NothingFits, size: str | None, low: bool, places: dict[str, Any]) -> None:
        """The numbers of a refusal are those of the bank, and each fitting compartment is in one of them."""
        rank = Size(size or "S").rank
        fitting = [p for p in places.values() if p.size.rank >= rank and (p.low or not low)]
        counts = refused.counts
        if refused.reason in ("full", "barred", "kept_apart"):
            assert counts.fitting == len(fitting) > 0
        parts = (counts.barred, counts.taken, counts.occupied, counts.unknown, counts.near)
        assert sum(parts) == counts.fitting
        assert counts.barred == sum(p.service is Service.BARRED for p in fitting)
        assert (counts.near > 0) == (refused.reason == "kept_apart")

    @invariant()
    def both_sides_agree(self) -> None:
        found = self._places()
        assert {p.allocation_id: p.name for p in found.values() if p.allocation_id} == self.owner
        assert all((p.hold is Hold.FREE) == (p.allocation_id is None) for p in found.values())
        for allocation, name in self.owner.items():
            assert self.bank.read(custody.allocation, allocation).compartment == f"main/{name}"

    @invariant()
    def no_different_words_are_neighbours(self) -> None:
        words = {p.position: p.apart for p in self._places().values() if p.apart}
        assert not [at for at in words if words.get(at + 1, words[at]) != words[at]]

    @invariant()
    def an_asset_is_in_one_place_and_its_state_says_where(self) -> None:
        for found in self.bank.read(custody.assets):
            assert (found.compartment is None) != (found.holder is None)
            if found.state is AssetState.OUT:
                assert custody.party(str(found.holder)) == "recipient"
            if found.state is AssetState.LOST:
                assert found.holder == custody.UNKNOWN

    @invariant()
    def an_asset_that_can_be_issued_never_lies_in_what_counts_as_empty(self) -> None:
        found = self._places()
        for asset in self.bank.read(custody.assets):
            if asset.compartment is not None:
                place = found[asset.compartment.rpartition("/")[2]]
                assert place.occupancy is not Occupancy.EMPTY or place.occupancy_by == "sensor"

    @invariant()
    def what_was_found_is_inside_behind_a_barred_door(self) -> None:
        found = self._places()
        for item in self.bank.read(custody.found_items):
            assert FOUND in found[item.compartment.rpartition("/")[2]].reasons


@pytest.mark.req("AS-01", "WF-02", "WF-03", "TH-01")
def test_no_compartment_ever_has_two_owners_and_nothing_goes_unexplained(open_bank):
    run_state_machine_as_test(
        lambda: Using(open_bank()),
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_every_thermal_class_can_be_told_apart_in_one_bank(bank):
    bank.sync(**{klass.value[0].upper(): f"S {klass.value}" for klass in Thermal})
    given = {klass: bank.assign(thermal=klass) for klass in Thermal}
    assert {klass.value[0].upper() for klass in given} == set(given.values())
