"""The hub's Modbus master through the proxy to a simulated thermometer, on pseudo terminals and TCP."""

import asyncio
import json

import pytest

from hub.api import BadFrame, LineDown, LineTimeout

BOTH = pytest.mark.parametrize("kind", ["pty", "tcp"])
REQUEST = "010400010002200b"
ANSWER = "010404013102222ace"
READING = [305, 546]


def frames(wired):
    lines = [json.loads(line) for line in wired.record.getvalue().splitlines()]
    return [line for line in lines if "dir" in line]


@BOTH
async def test_without_faults_the_wire_carries_what_it_carries_without_a_proxy(through, kind):
    wired = await through(kind)
    assert await wired.read() == READING
    assert [(line["dir"], line["data"]) for line in frames(wired)] == [("out", REQUEST), ("in", ANSWER)]
    assert wired.proxy.faults.all_fired


@BOTH
async def test_a_corrupted_checksum_reaches_the_hub_as_a_bad_frame_once(through, kind):
    wired = await through(kind, "corrupt in nth=2")
    assert await wired.read() == READING
    with pytest.raises(BadFrame):
        await wired.read()
    assert await wired.read() == READING
    assert wired.proxy.faults.all_fired
    assert frames(wired)[3]["passed"] == ANSWER[:-2] + "31"


@BOTH
async def test_a_lost_request_is_a_timeout_and_is_not_repeated(through, kind):
    wired = await through(kind, "drop out nth=1")
    with pytest.raises(LineTimeout):
        await wired.read(0.3)
    assert [(line["dir"], line.get("passed")) for line in frames(wired)] == [("out", None)]
    assert await wired.read() == READING


@BOTH
async def test_a_late_answer_is_not_taken_for_the_answer_to_the_next_question(through, kind):
    wired = await through(kind, "late in nth=1")
    with pytest.raises(LineTimeout):
        await wired.read(0.3)
    assert not wired.proxy.faults.all_fired
    assert await wired.unit.read_holding(0x0101, 1, deadline=wired.soon(5)) == [1]
    assert wired.proxy.faults.all_fired
    assert [line["dir"] for line in frames(wired)] == ["out", "in", "out", "in", "in"]


@BOTH
async def test_a_delayed_answer_arrives_whole(through, kind):
    wired = await through(kind, "delay in nth=1 ms=200")
    assert await wired.read() == READING
    assert wired.proxy.faults.all_fired


@BOTH
async def test_a_cut_loses_both_directions_until_its_time_is_over(through, kind):
    wired = await through(kind, "cut in nth=1 ms=1500")
    with pytest.raises(LineTimeout):
        await wired.read(0.2)
    with pytest.raises(LineTimeout):
        await wired.read(0.2)
    assert [line.get("passed", "passed") for line in frames(wired)] == ["passed", None, None]
    async with asyncio.timeout(10):
        while wired.record.getvalue().count(ANSWER) < 2:
            try:
                assert await wired.read(0.2) == READING
            except LineTimeout:
                continue
    assert wired.proxy.faults.all_fired


@BOTH
async def test_a_device_that_vanishes_takes_the_near_side_with_it_until_it_is_back(through, kind):
    wired = await through(kind)
    wired.device.unplug()
    await wired.up(False)
    with pytest.raises(LineDown):
        await wired.read()
    wired.device.plug()
    await wired.up()
    assert await wired.read() == READING


async def test_a_byte_taken_out_leaves_a_frame_that_only_silence_ends(through):
    wired = await through("pty", "drop in nth=1 byte=3 count=2")
    with pytest.raises((BadFrame, LineTimeout)):
        await wired.read(0.5)
    assert frames(wired)[1]["passed"] == ANSWER[:6] + ANSWER[10:]
    assert await wired.read() == READING


async def test_a_fault_on_a_frame_that_never_came_has_not_fired(through):
    wired = await through("pty", "corrupt in nth=9")
    assert await wired.read() == READING
    assert not wired.proxy.faults.all_fired
    [fault] = wired.proxy.faults.faults
    assert fault.report() == "INVALID  corrupt in nth=9: never fired (1 matching frames)"
