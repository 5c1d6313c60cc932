"""The pure engine, rule by rule (SEMANTICS S20 to S26)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from hub.core.clock import HOUR, MINUTE, SECOND
from hub.workflows.engine import (
    Decision,
    Event,
    EventClass,
    Snapshot,
    begin,
    deliverable,
    extend,
    step,
)
from hub.workflows.expressions import truth
from hub.workflows.machine import Machine

Compile = Callable[..., Machine]
PICKUP = """
deadlines: {hold: {after: {hours: 48}, from: waiting}}
initial: loading
states:
  loading:
    status: reserved
    enter: [{assign: {bank: main}}]
    on: {assign.failed: refused, command.load: waiting}
  waiting:
    phase: ready
    on: {credential.accepted: releasing, deadline.hold: expired, door.opened: stay}
  releasing:
    enter:
      - set: {seen: "{{ event.method }}"}
      - open: {evidence: door_sensor, within: {seconds: 5}}
    on:
      effect.confirmed: collecting
      effect.refuted: [{when: "{{ attempts < 2 }}", to: releasing}, {to: stuck}]
  collecting:
    on: {door.closed: done}
    after: {for: {minutes: 2}, to: stuck}
  stuck: {status: cancelled, on: {deadline.hold: expired, command.cancel: done}}
  expired: {status: expired, final: true}
  refused: {final: true}
  done: {status: completed, final: true}
"""


@pytest.fixture
def machine(compile_states: Compile) -> Machine:
    return compile_states(PICKUP)


def start(machine: Machine, at: int = 0) -> Snapshot:
    fresh = Snapshot("h1", "test", machine.digest())
    return begin(machine, fresh, Event("begun", EventClass.INTERNAL, at), truth).snapshot


def fact(name: str, at: int = 0, **data: object) -> Event:
    return Event(name, EventClass.FACT, at, data)


def command(name: str, at: int = 0) -> Event:
    return Event(f"command.{name}", EventClass.COMMAND, at)


def internal(name: str, at: int = 0, effect: str = "", **data: object) -> Event:
    return Event(name, EventClass.INTERNAL, at, data, effect)


def result(verdict: str, effect: str, at: int = 0, **data: object) -> Event:
    return Event(f"effect.{verdict}", EventClass.RESULT, at, data, effect)


def after(machine: Machine, snapshot: Snapshot, *events: Event) -> Snapshot:
    for event in events:
        snapshot = step(machine, snapshot, event, truth).snapshot
    return snapshot


def acting(snapshot: Snapshot, effect: str) -> Snapshot:
    """As the runner leaves it once the intent is written."""
    return msgspec.structs.replace(snapshot, effect_id=effect, attempts=snapshot.attempts + 1)


def waiting(machine: Machine, at: int = 0) -> Snapshot:
    return after(machine, start(machine, at), command("load", at))


def releasing(machine: Machine, effect: str = "e1") -> Snapshot:
    return acting(after(machine, waiting(machine), fact("credential.accepted", method="pin")), effect)


def test_s20_a_step_is_a_function_of_its_arguments(machine: Machine) -> None:
    snapshot, event = waiting(machine), fact("credential.accepted", 5, method="pin")
    assert step(machine, snapshot, event, truth) == step(machine, snapshot, event, truth)
    assert snapshot == waiting(machine)


def test_s21_entering_gives_the_database_steps_then_the_effect(machine: Machine) -> None:
    decision = step(machine, waiting(machine), fact("credential.accepted", method="pin"), truth)
    assert (decision.left, decision.entered) == ("waiting", "releasing")
    assert [call.type for call in decision.steps] == ["set"]
    assert decision.effect is not None
    assert decision.effect.type == "open"
    assert decision.effect.args["within"] == 5 * SECOND


def test_s21_re_entering_runs_enter_again(machine: Machine) -> None:
    decision = step(machine, releasing(machine), result("refuted", "e1"), truth)
    assert decision.entered == "releasing"
    assert decision.effect is not None
    assert decision.snapshot.entry == releasing(machine).entry + 1


def test_s22_a_deadline_is_set_on_the_first_entry_and_never_again(machine: Machine) -> None:
    first = step(machine, start(machine), command("load", HOUR), truth)
    assert ("deadline.hold", 49 * HOUR) in first.timers
    again = msgspec.structs.replace(first.snapshot, state="loading")
    second = step(machine, again, command("load", 5 * HOUR), truth)
    assert second.snapshot.deadlines == {"hold": 49 * HOUR}
    assert second.timers == ()


def test_s22_the_orders_window_end_may_be_the_deadline(compile_states: Compile) -> None:
    machine = compile_states(PICKUP.replace("from: waiting", "from: waiting, until: window"))
    fresh = Snapshot("h1", "test", machine.digest(), vars={"window": {"until": 7 * HOUR}})
    begun = begin(machine, fresh, internal("begun"), truth).snapshot
    assert after(machine, begun, command("load")).deadlines == {"hold": 7 * HOUR}


def test_s22_a_deadline_without_from_counts_from_the_start(compile_states: Compile) -> None:
    machine = compile_states(PICKUP.replace(", from: waiting", ""))
    begun = begin(machine, Snapshot("h1", "test", "m"), internal("begun", HOUR), truth)
    assert begun.timers == (("deadline.hold", 49 * HOUR),)


def test_s22_a_deadline_that_passes_while_an_effect_is_open_waits_for_its_result(machine: Machine) -> None:
    late = internal("deadline.hold", 48 * HOUR)
    pending = after(machine, releasing(machine), late)
    assert pending.state == "releasing"
    assert deliverable(machine, pending) == ""
    stuck = after(machine, acting(pending, "e1"), result("refuted", "e1"))
    assert stuck.state == "stuck"
    assert deliverable(machine, stuck) == "deadline.hold"
    assert after(machine, stuck, late).state == "expired"


def test_s22_an_extended_deadline_ignores_its_old_timer(machine: Machine) -> None:
    moved = extend(waiting(machine), "hold", 72 * HOUR)
    assert after(machine, moved, internal("deadline.hold", 48 * HOUR)) == moved
    assert after(machine, moved, internal("deadline.hold", 72 * HOUR)).state == "expired"


def test_s22_extending_takes_a_pending_deadline_back(machine: Machine) -> None:
    pending = after(machine, releasing(machine), internal("deadline.hold", 48 * HOUR))
    assert extend(pending, "hold", 72 * HOUR).pending == ()


def test_s22_only_a_promised_deadline_can_be_extended(machine: Machine) -> None:
    with pytest.raises(KeyError):
        extend(start(machine), "hold", HOUR)


def test_s22_after_counts_from_each_entry_and_ends_with_it(machine: Machine) -> None:
    decision = step(machine, releasing(machine), result("confirmed", "e1", 3 * SECOND), truth)
    name = f"after.{decision.snapshot.entry}.0"
    assert decision.timers == ((name, 3 * SECOND + 2 * MINUTE),)
    left = msgspec.structs.replace(decision.snapshot, entry=decision.snapshot.entry + 1)
    assert not step(machine, left, internal(name, MINUTE), truth).handled
    leaves = step(machine, decision.snapshot, internal(name, MINUTE), truth)
    assert leaves.snapshot.state == "stuck"
    assert leaves.cancel_timers


def test_s23_a_failing_step_leaves_the_state_entered_and_takes_its_arrow(machine: Machine) -> None:
    assert after(machine, start(machine), internal("assign.failed", reason="full")).state == "refused"


def test_s23_a_failure_that_nobody_expected_halts_with_an_incident(machine: Machine) -> None:
    """A step whose type knows no reason to fail, or whose expression finds nothing, is nobody's dead end."""
    decision = step(machine, releasing(machine), internal("set.failed", reason="expression"), truth)
    assert decision.handled is False  # an effect is open: no step can fail now
    closed = msgspec.structs.replace(releasing(machine), effect_id="")
    decision = step(machine, closed, internal("set.failed", reason="expression"), truth)
    assert decision.entered == "halted"
    assert [call.type for call in decision.steps] == ["raise_incident"]
    resolved = internal("incident.resolved", kind="step_failed", verdict="confirmed")
    assert after(machine, decision.snapshot, resolved).state == "closed_by_desk"


def test_s24_an_unhandled_fact_is_a_recorded_no_op(machine: Machine) -> None:
    before = waiting(machine)
    assert step(machine, before, fact("door.breach"), truth) == Decision(before)


def test_s24_a_fact_that_stays_is_handled_without_re_entering(machine: Machine) -> None:
    decision = step(machine, waiting(machine), fact("door.opened"), truth)
    assert decision.handled
    assert decision.entered == ""
    assert decision.snapshot == waiting(machine)


@pytest.mark.parametrize(
    "event", [result("confirmed", "e0"), result("confirmed", ""), result("refuted", "e2")]
)
def test_s24_a_result_of_another_effect_moves_nothing(machine: Machine, event: Event) -> None:
    before = releasing(machine)
    assert step(machine, before, event, truth) == Decision(before)


def test_s24_a_late_result_moves_nothing_after_the_state_was_left(machine: Machine) -> None:
    done = after(machine, releasing(machine), result("confirmed", "e1"))
    assert after(machine, done, result("refuted", "e1")) == done


@pytest.mark.parametrize(
    "event",
    [
        fact("effect.confirmed"),
        command("x"),
        fact("command.load"),
        fact("incident.resolved", verdict="confirmed"),
        fact("deadline.hold"),
        fact("entered"),
        fact("assign.failed"),
        Event("command.load", EventClass.INTERNAL, 0),
        Event("door.closed", EventClass.COMMAND, 0),
    ],
)
def test_s24_an_event_may_not_bear_a_name_of_another_class(machine: Machine, event: Event) -> None:
    for before in (start(machine), releasing(machine)):
        assert step(machine, before, event, truth) == Decision(before)


def test_s24_a_deadline_that_nobody_handles_stays_pending_until_somebody_does(machine: Machine) -> None:
    collecting = after(machine, releasing(machine), result("confirmed", "e1"))
    pending = after(machine, collecting, internal("deadline.hold", 48 * HOUR))
    assert pending.state == "collecting"
    assert pending.pending == ("deadline.hold",)
    stuck = after(machine, pending, internal(f"after.{pending.entry}.0"))
    assert deliverable(machine, stuck) == "deadline.hold"


@pytest.mark.parametrize("event", [command("cancel"), fact("credential.accepted"), fact("door.closed")])
def test_s24_nobody_leaves_an_open_effect(compile_states: Compile, event: Event) -> None:
    machine = compile_states("""
        initial: outer
        states:
          outer:
            initial: first
            on: {command.cancel: gone, credential.accepted: gone, door.closed: gone}
          first: {parent: outer, enter: [{assign: {bank: main}}], on: {assign.failed: gone, entered: opening}}
          opening:
            parent: outer
            enter: [{open: {evidence: door_sensor, within: {seconds: 5}}}]
            on: {effect.confirmed: gone, effect.refuted: gone}
          gone: {final: true}
    """)
    opening = acting(after(machine, start(machine), internal("entered")), "e1")
    assert opening.state == "opening"
    assert not step(machine, opening, event, truth).handled
    assert after(machine, opening, result("confirmed", "e1")).state == "gone"


def test_s24_an_ended_handover_stays_ended(machine: Machine) -> None:
    ended = after(machine, start(machine), internal("assign.failed"))
    assert ended.ended
    assert step(machine, ended, command("load"), truth) == Decision(ended)


def doubtful(machine: Machine, effect: str = "e1") -> Snapshot:
    return after(machine, releasing(machine, effect), result("in_doubt", effect))


def test_s25_in_doubt_goes_to_the_inherited_recovery(machine: Machine) -> None:
    assert (doubtful(machine).state, doubtful(machine).asked) == ("recovery", "releasing")
    assert doubtful(machine).phase == "attention"


@pytest.mark.parametrize(("verdict", "state"), [("confirmed", "collecting"), ("closed", "closed_by_desk")])
def test_s25_the_verdict_takes_the_arrow_of_the_state_that_asked(
    machine: Machine, verdict: str, state: str
) -> None:
    resolved = internal("incident.resolved", effect="e1", verdict=verdict)
    assert after(machine, doubtful(machine), resolved).state == state


def test_s25_a_refuted_verdict_counts_the_attempts_that_were_made(machine: Machine) -> None:
    refuted = internal("incident.resolved", effect="e1", verdict="refuted")
    again = after(machine, doubtful(machine), refuted)
    assert (again.state, again.attempts) == ("releasing", 1)
    second = after(machine, acting(again, "e2"), result("in_doubt", "e2"))
    assert (second.state, second.attempts) == ("recovery", 2)
    refuted = internal("incident.resolved", effect="e2", verdict="refuted")
    assert after(machine, second, refuted).state == "stuck"


def test_s25_the_verdict_on_another_incident_says_nothing_of_the_doubt(machine: Machine) -> None:
    before = doubtful(machine)
    for other in ("", "e0"):
        resolved = internal("incident.resolved", effect=other, verdict="confirmed")
        assert step(machine, before, resolved, truth) == Decision(before)


def test_s25_late_results_do_not_leave_recovery(machine: Machine) -> None:
    assert after(machine, doubtful(machine), result("confirmed", "e1")) == doubtful(machine)


def test_s25_guards_see_that_the_arrow_follows_the_desk(compile_states: Compile) -> None:
    machine = compile_states(
        PICKUP.replace(
            "effect.confirmed: collecting",
            "effect.confirmed: [{when: \"{{ state == 'recovery' }}\", to: done}, {to: collecting}]",
        )
    )
    resolved = internal("incident.resolved", effect="e1", verdict="confirmed")
    assert after(machine, doubtful(machine), resolved).state == "done"
    assert after(machine, releasing(machine), result("confirmed", "e1")).state == "collecting"


def test_s25_a_state_may_handle_its_doubt_itself(compile_states: Compile) -> None:
    machine = compile_states(
        PICKUP.replace(
            "effect.confirmed: collecting",
            "effect.confirmed: collecting\n      effect.in_doubt: stuck",
        )
    )
    assert doubtful(machine).state == "stuck"


def test_s25_attempts_count_since_the_state_was_entered_from_another(machine: Machine) -> None:
    once = after(machine, releasing(machine), result("refuted", "e1"))
    assert (once.state, once.attempts) == ("releasing", 1)
    assert after(machine, acting(once, "e2"), result("refuted", "e2")).state == "stuck"
    fresh = msgspec.structs.replace(once, state="waiting", effect_id="")
    assert after(machine, fresh, fact("credential.accepted", method="pin")).attempts == 0


def test_s26_the_first_guard_that_matches_wins_and_an_error_counts_as_false(compile_states: Compile) -> None:
    machine = compile_states("""
        initial: a
        states:
          a:
            on:
              selection:
                - {when: "{{ event.missing.key == 1 }}", to: b}
                - {when: "{{ event.number > 1 }}", to: c}
                - {when: "{{ event.number > 0 }}", to: b}
          b: {final: true}
          c: {final: true}
    """)
    decision = step(machine, start(machine), fact("selection", number=5), truth)
    assert decision.entered == "c"
    (first, first_value), (_, second_value) = decision.guards
    assert "event.missing.key" in first
    assert first_value.startswith("error: ")
    assert second_value == "true"


def test_s26_no_guard_matches_is_traced_and_moves_nothing(compile_states: Compile) -> None:
    machine = compile_states("""
        initial: a
        states:
          a: {on: {selection: [{when: "{{ event.number > 9 }}", to: b}], command.cancel: b}}
          b: {final: true}
    """)
    decision = step(machine, start(machine), fact("selection", number=5), truth)
    assert not decision.handled
    assert decision.guards == (("{{ event.number > 9 }}", "false"),)


def test_a_child_falls_back_to_its_parents_arrows(compile_states: Compile) -> None:
    machine = compile_states("""
        initial: outer
        states:
          outer: {initial: a, on: {command.cancel: z, selection: z}}
          a: {parent: outer, on: {selection: [{when: "{{ event.number > 9 }}", to: b}]}}
          b: {parent: outer, on: {command.load: a}}
          z: {final: true}
    """)
    begun = start(machine)
    assert begun.state == "a"
    assert after(machine, begun, fact("selection", number=10)).state == "b"
    assert after(machine, begun, fact("selection", number=1)).state == "z"
    assert after(machine, begun, command("cancel")).state == "z"


def test_status_and_phase_stay_until_a_state_sets_them(machine: Machine) -> None:
    snapshot = releasing(machine)
    assert (snapshot.status, snapshot.phase) == ("reserved", "ready")


def test_a_snapshot_survives_its_stored_form(machine: Machine) -> None:
    packed = msgspec.msgpack.encode(doubtful(machine))
    assert msgspec.msgpack.decode(packed, type=Snapshot) == doubtful(machine)


def test_a_machine_survives_its_stored_form(machine: Machine) -> None:
    again = msgspec.json.decode(machine.canonical(), type=Machine)
    assert again.digest() == machine.digest()
    assert again == machine
