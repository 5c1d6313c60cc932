"""How faults are written, which frame they take, and what they leave of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.faults import Action, Faults, FaultSyntaxError, parse

FRAMES = st.binary(min_size=1, max_size=40)


def test_everything_that_a_fault_may_say_is_read():
    rule = parse("corrupt in nth=3 frame=0105 byte=-2 xor=0f")
    assert (rule.action, rule.direction, rule.nth) == (Action.CORRUPT, "in", 3)
    assert (rule.prefix, rule.byte, rule.xor) == (b"\x01\x05", -2, 0x0F)
    assert parse("cut out ms=1500").wait == 1.5


@pytest.mark.parametrize(("text", "says"), [
    ("", "write drop | corrupt"),
    ("explode in", "write drop | corrupt"),
    ("drop sideways", "then out | in"),
    ("drop in nth=0", "nth is at least 1"),
    ("drop in nth=x", "nth is a whole number"),
    ("drop in count=2", "count= goes with byte="),
    ("drop in ms=4", "'ms=4' is none of nth=, frame=, byte=, count="),
    ("corrupt in xor=00", "xor is one byte from 01 to ff"),
    ("corrupt in frame=0", "frame is hexadecimal"),
    ("delay in", "delay needs ms=N"),
    ("cut in nth", "'nth' is none of"),
])
def test_a_fault_that_cannot_be_understood_says_what_to_write(text, says):
    with pytest.raises(FaultSyntaxError, match=says.replace("|", r"\|")):
        parse(text)


@given(FRAMES, st.integers(-50, 50))
def test_a_corruption_changes_exactly_the_byte_it_names_or_does_not_hit(frame, byte):
    faults = Faults.of(f"corrupt out byte={byte}")
    hit = faults.on("out", frame)
    assert bool(hit) is (-len(frame) <= byte < len(frame))
    for fault in hit:
        changed = fault.altered(frame)
        differing = [at for at, (old, new) in enumerate(zip(frame, changed, strict=True)) if old != new]
        assert differing == [byte % len(frame)]


@given(st.lists(FRAMES, min_size=1, max_size=20), st.integers(1, 20))
def test_a_fault_takes_the_nth_frame_of_its_direction_and_no_other(several, nth):
    faults = Faults.of(f"drop in nth={nth}")
    hit = [number for number, frame in enumerate(several, 1) if faults.on("in", frame)]
    assert hit == ([nth] if nth <= len(several) else [])
    assert not faults.on("out", several[0])


def test_only_frames_with_the_given_beginning_are_counted():
    faults = Faults.of("drop out frame=0105 nth=2")
    came = [b"\x01\x05a", b"\x01\x02b", b"\x01\x05c"]
    assert [bool(faults.on("out", frame)) for frame in came] == [False, False, True]
