"""The resolver's table (S11) on the pure observer: what may be concluded from which samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.states import Door, Verdict
from integrations.modbus_locker.watch import Act, DoorWatch

CLOSED, OPEN = (True,), (False,)
CYCLE = 0.3


def watched(*readings, boot="life", gap_at=None):
    """A watch fed one reading every 50 ms; returns it with the time after the last."""
    watch, now = DoorWatch(boot, CYCLE), 0.0
    for number, reading in enumerate(readings):
        now += 1.0 if number == gap_at else 0.05
        watch.sample(now - 0.01, now, reading)
    return watch, now


def acknowledged(until=0.0):
    return Act(state="acknowledged", index=0, ends_at=until)


def test_open_now_and_closed_in_the_baseline_is_confirmed():
    watch, now = watched(CLOSED)
    baseline = watch.baseline(0)
    watch.sample(now, now + 0.05, OPEN)
    assert watch.judge(0, baseline, acknowledged(), now, final=False).verdict is Verdict.CONFIRMED


def test_closed_in_unbroken_samples_since_the_baseline_is_refuted():
    watch, now = watched(CLOSED)
    baseline = watch.baseline(0)
    for _ in range(20):
        now += 0.05
        watch.sample(now - 0.01, now, CLOSED)
    resolution = watch.judge(0, baseline, acknowledged(now - 0.5), now, final=True)
    assert (resolution.verdict, resolution.reason) == (Verdict.REFUTED, "no_motion")


@pytest.mark.parametrize("gap", ["slow_poll", "missed_poll", "stale_now"])
def test_closed_after_any_gap_is_unknown(gap):
    watch, now = watched(CLOSED)
    baseline = watch.baseline(0)
    if gap == "missed_poll":
        watch.break_run()
    now += 0.05 if gap != "slow_poll" else 0.4
    watch.sample(now - 0.01, now, CLOSED)
    now += 0.05 if gap != "stale_now" else 0.4
    resolution = watch.judge(0, baseline, acknowledged(), now, final=True)
    assert (resolution.verdict, resolution.reason) == (Verdict.UNKNOWN, "gap")


def test_an_answer_that_took_longer_than_a_door_cycle_is_a_gap():
    watch, now = watched(CLOSED)
    baseline = watch.baseline(0)
    watch.sample(now + 0.01, now + 0.35, CLOSED)
    assert watch.judge(0, baseline, acknowledged(), now + 0.35, final=True).verdict is Verdict.UNKNOWN


def test_no_motion_before_the_pulse_is_over_is_unknown():
    watch, now = watched(CLOSED)
    baseline = watch.baseline(0)
    watch.sample(now, now + 0.05, CLOSED)
    resolution = watch.judge(0, baseline, acknowledged(now + 1.0), now + 0.05, final=True)
    assert resolution.verdict is Verdict.UNKNOWN


def test_a_command_without_acknowledgement_is_never_refuted_by_a_closed_door():
    watch, now = watched(CLOSED)
    baseline = watch.baseline(0)
    watch.sample(now, now + 0.05, CLOSED)
    assert watch.judge(0, baseline, Act(index=0), now + 0.05, final=True).verdict is Verdict.UNKNOWN


def test_an_open_door_in_the_baseline_proves_nothing_by_staying_open():
    watch, now = watched(OPEN)
    baseline = watch.baseline(0)
    watch.sample(now, now + 0.05, OPEN)
    assert watch.judge(0, baseline, acknowledged(), now + 0.05, final=True).verdict is Verdict.UNKNOWN


def test_after_a_restart_only_an_opening_is_proof():
    earlier, _ = watched(CLOSED, boot="earlier")
    baseline = earlier.baseline(0)
    closed, now = watched(CLOSED)
    assert closed.judge(0, baseline, None, now, final=False).verdict is Verdict.UNKNOWN
    opened, now = watched(OPEN)
    assert opened.judge(0, baseline, None, now, final=False).verdict is Verdict.CONFIRMED


def test_without_any_reading_the_state_is_unknown():
    assert DoorWatch("life", CYCLE).state(0) is Door.UNKNOWN


reading = st.tuples(st.floats(0.01, 0.6), st.floats(0.0, 0.1), st.booleans(), st.booleans())


@given(st.lists(reading, min_size=1, max_size=30))
def test_no_motion_is_only_ever_concluded_from_an_unbroken_chain_of_closed_readings(readings):
    watch, now = watched(CLOSED)
    baseline, last_asked = watch.baseline(0), now - 0.01
    sound = True
    for pause, took, closed, missed in readings:
        if missed:
            watch.break_run()
        asked = now + pause
        now = asked + took
        watch.sample(asked, now, (closed,))
        sound = sound and closed and not missed and now - last_asked < CYCLE
        last_asked = asked
    resolution = watch.judge(0, baseline, acknowledged(), now, final=True)
    assert (resolution.verdict is Verdict.REFUTED) == sound
    if not all(closed for _, _, closed, _ in readings):
        assert resolution.verdict is Verdict.CONFIRMED
