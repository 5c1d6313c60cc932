"""Framed exchanges over real lines: memory, pty, TCP and UDP."""

import asyncio
import contextlib
import logging

import pytest

from hub.api import ConfigError, LineBusy, LineDown, LineTimeout, Priority
from hub.transports import Lines, parse_url
from hub.transports.ports import open_port


def echo(data, wire):
    wire.send(data)


async def test_an_exchange_returns_the_frame_that_matches(
    peer, lines_to, scripted, cut_at, until_up, soon
):
    peer.attach(scripted(lambda data, wire: wire.send(b"noise\ranswer\r")))
    line = lines_to(a=peer.url).framed("a", cut_at)
    await until_up(line)
    others = []
    line.listen(others.append)
    assert await line.transact(b"ask\r", lambda f: f == b"answer", deadline=soon(5)) == b"answer"
    assert others == [b"noise"]


async def test_a_device_that_speaks_unasked_is_heard(peer, lines_to, scripted, cut_at, until_up, soon):
    wire = scripted()
    peer.attach(wire)
    line = lines_to(a=peer.url).framed("a", cut_at)
    await until_up(line)
    await line.send(b"hello\r", deadline=soon(5))
    await wire.until(6)
    heard = asyncio.get_running_loop().create_future()
    line.listen(heard.set_result)
    wire.send(b"4006381333931\r")
    assert await asyncio.wait_for(heard, 5) == b"4006381333931"


@pytest.mark.parametrize("peer", ["memory", "pty", "tcp"], indirect=True)
async def test_a_vanished_port_that_returns_is_opened_again(
    peer, lines_to, scripted, cut_at, until_up, soon
):
    peer.attach(scripted(echo))
    line = lines_to(a=peer.url).framed("a", cut_at)
    await until_up(line)
    peer.unplug()
    await until_up(line, False)
    with pytest.raises(LineDown):
        await line.transact(b"x\r", lambda f: True, deadline=soon(5))
    peer.plug()
    await until_up(line)
    assert await line.transact(b"x\r", lambda f: True, deadline=soon(5)) == b"x"


async def test_a_missing_port_is_complained_of_once(tmp_path, lines_to, cut_at, caplog, soon):
    with caplog.at_level(logging.WARNING):
        line = lines_to(a=f"serial://{tmp_path}/absent").framed("a", cut_at)
        await asyncio.sleep(0.4)
    with pytest.raises(LineDown):
        await line.transact(b"x\r", lambda f: True, deadline=soon(1))
    assert [r.getMessage() for r in caplog.records if "Line a is down" in r.getMessage()] == [
        f"Line a is down: {tmp_path}/absent does not exist; trying again"
    ]


async def test_a_port_that_opens_only_to_fail_is_complained_of_once(tcp, lines_to, cut_at, caplog):
    tcp.refuse()
    changes = []
    with caplog.at_level(logging.INFO):
        lines_to(a=tcp.url).framed("a", cut_at).on_change(changes.append)
        await asyncio.sleep(0.4)
    assert changes.count(True) > 1
    assert len([r for r in caplog.records if r.getMessage().startswith("Line a is")]) == 1


async def test_a_port_in_use_is_named_as_such(pty):
    pty.refuse()
    with pytest.raises(LineDown, match="in use by another program"):
        await open_port(pty.url)


async def test_two_openers_of_one_serial_port_exclude_each_other(pty):
    first = await open_port(pty.url)
    with pytest.raises(LineDown, match="in use"):
        await open_port(pty.url)
    await first.close()
    second = await open_port(pty.url)
    await second.close()


async def test_the_answer_lost_with_the_port_is_a_timeout_because_the_frame_was_sent(
    tcp, lines_to, scripted, cut_at, until_up, soon
):
    tcp.attach(scripted(lambda data, wire: tcp.unplug()))
    line = lines_to(a=tcp.url).framed("a", cut_at)
    await until_up(line)
    with pytest.raises(LineTimeout):
        await line.transact(b"open 4\r", lambda f: True, deadline=soon(5))


async def test_no_answer_is_a_timeout_and_the_frame_crossed_the_wire_once(
    tcp, lines_to, scripted, cut_at, until_up, soon
):
    wire = scripted()
    tcp.attach(wire)
    line = lines_to(a=tcp.url).framed("a", cut_at)
    await until_up(line)
    with pytest.raises(LineTimeout):
        await line.transact(b"open 4\r", lambda f: True, deadline=soon(0.2))
    assert await wire.until(7) == b"open 4\r"


async def test_a_frame_whose_turn_never_came_was_not_sent(tcp, lines_to, scripted, cut_at, until_up, soon):
    wire = scripted()
    tcp.attach(wire)
    line = lines_to(a=tcp.url).framed("a", cut_at)
    await until_up(line)
    slow = asyncio.create_task(line.transact(b"slow\r", lambda f: True, deadline=soon(0.5)))
    await wire.until(5)
    with pytest.raises(LineBusy):
        await line.transact(b"late\r", lambda f: True, deadline=soon(0.1))
    with pytest.raises(LineTimeout):
        await slow
    assert b"".join(wire.heard) == b"slow\r"


async def test_a_command_overtakes_queued_polls_but_never_cuts_an_exchange(
    tcp, lines_to, scripted, cut_at, until_up, soon
):
    wire = scripted()
    tcp.attach(wire)
    line = lines_to(a=tcp.url).framed("a", cut_at)
    await until_up(line)
    polls = [
        asyncio.create_task(line.transact(f"poll{n}\r".encode(), lambda f: True, deadline=soon(10)))
        for n in range(3)
    ]
    await wire.until(6)
    command = asyncio.create_task(
        line.transact(b"open!\r", lambda f: True, deadline=soon(10), priority=Priority.COMMAND)
    )
    await asyncio.sleep(0)
    for expected in (6, 12, 18, 24):
        await wire.until(expected)
        wire.send(b"ok\r")
    await asyncio.gather(command, *polls)
    assert b"".join(wire.heard) == b"poll0\ropen!\rpoll1\rpoll2\r"


async def test_a_caller_that_goes_away_does_not_cut_its_exchange(
    tcp, lines_to, scripted, cut_at, until_up, soon
):
    wire = scripted()
    tcp.attach(wire)
    line = lines_to(a=tcp.url).framed("a", cut_at)
    await until_up(line)
    gone = asyncio.create_task(line.transact(b"one\r", lambda f: f == b"1", deadline=soon(10)))
    await wire.until(4)
    gone.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await gone
    next_one = asyncio.create_task(line.transact(b"two\r", lambda f: True, deadline=soon(10)))
    await asyncio.sleep(0.05)
    assert b"".join(wire.heard) == b"one\r"
    wire.send(b"1\r")
    await wire.until(8)
    wire.send(b"2\r")
    assert await next_one == b"2"


async def test_a_match_that_fails_ends_only_its_own_exchange(
    tcp, lines_to, scripted, cut_at, until_up, soon
):
    tcp.attach(scripted(echo))
    line = lines_to(a=tcp.url).framed("a", cut_at)
    await until_up(line)
    with pytest.raises(ZeroDivisionError):
        await line.transact(b"x\r", lambda f: 1 // 0, deadline=soon(5))
    assert await line.transact(b"y\r", lambda f: True, deadline=soon(5)) == b"y"


async def test_the_tap_sees_every_byte_with_its_direction(tcp, lines_to, scripted, cut_at, until_up, soon):
    crossed = []
    tcp.attach(scripted(echo))
    line = lines_to(lambda *seen: crossed.append(seen), a=tcp.url).framed("a", cut_at)
    await until_up(line)
    await line.transact(b"x\r", lambda f: True, deadline=soon(5))
    seen = [(name, way, data) for name, way, _, data in crossed]
    assert seen == [("a", "out", b"x\r"), ("a", "in", b"x\r")]
    assert crossed[0][2] <= crossed[1][2]


async def test_a_silent_end_of_frame_is_delivered_after_the_idle_time(
    tcp, lines_to, scripted, cut_at, until_up, soon
):
    class Idle(cut_at):
        idle = 0.02

    wire = scripted()
    tcp.attach(wire)
    line = lines_to(a=tcp.url).framed("a", Idle)
    await until_up(line)
    await line.send(b"x", deadline=soon(5))
    await wire.until(1)
    heard = asyncio.get_running_loop().create_future()
    line.listen(heard.set_result)
    wire.send(b"no suffix")
    assert await asyncio.wait_for(heard, 5) == b"no suffix"


async def test_devices_of_one_protocol_share_a_line_and_another_protocol_is_refused(tcp, lines_to, cut_at):
    lines = lines_to(a=tcp.url)
    first, second = lines.framed("a", cut_at), lines.framed("a", cut_at)
    with pytest.raises(ConfigError, match="another protocol"):
        lines.modbus("a")
    first.release()
    second.release()
    assert lines.modbus("a") is lines.modbus("a")


async def test_a_released_holder_hears_nothing_more(tcp, lines_to, scripted, cut_at, until_up, soon):
    wire = scripted(echo)
    tcp.attach(wire)
    lines = lines_to(a=tcp.url)
    gone, stays = lines.framed("a", cut_at), lines.framed("a", cut_at)
    await until_up(stays)
    heard = []
    gone.listen(heard.append)
    gone.release()
    await stays.transact(b"x\r", lambda f: True, deadline=soon(5))
    await stays.send(b"y\r", deadline=soon(5))
    await stays.transact(b"z\r", lambda f: f == b"z", deadline=soon(5))
    assert heard == []


async def test_a_device_that_starts_afresh_loses_its_earlier_view(
    tcp, lines_to, scripted, cut_at, until_up, soon
):
    tcp.attach(scripted(echo))
    lines = lines_to(a=tcp.url)
    heard = []
    lines.framed("a", cut_at, holder="scanner").listen(heard.append)
    line = lines.framed("a", lambda: cut_at(b";"), holder="scanner")
    with pytest.raises(ConfigError, match="another protocol"):
        lines.framed("a", cut_at, holder="other")
    await until_up(line)
    assert await line.transact(b"x;", lambda f: True, deadline=soon(5)) == b"x"
    assert heard == []


async def test_a_modbus_device_that_starts_afresh_hears_of_the_port_once(tcp, lines_to, until_up):
    lines = lines_to(a=tcp.url)
    changes = []
    for _ in range(2):
        unit = lines.unit("a", 1, holder="locks")
        unit.on_change(changes.append)
    await until_up(unit)
    assert changes == [True]


async def test_a_line_is_replaced_by_its_id(tcp, clock):
    lines = Lines({"a": "serial:///dev/absent"}, clock, replace={"a": tcp.url})
    assert lines.url("a").text == tcp.url


async def test_an_endpoint_is_held_by_one_device_at_a_time(clock):
    crossed = []
    lines = Lines({}, clock, lambda *seen: crossed.append(seen), replace={"badge": "udp:127.0.0.1:5"})
    lease = lines.endpoint("badge", "usb:072f:2200")
    assert lease.url == "udp:127.0.0.1:5"
    with pytest.raises(LineBusy, match="held by badge"):
        lines.endpoint("other", "udp:127.0.0.1:5")
    await asyncio.to_thread(lease.report, "in", b"\x04")
    await asyncio.sleep(0)
    assert [(seen[0], seen[1], seen[3]) for seen in crossed] == [("badge", "in", b"\x04")]
    lease = lines.endpoint("badge", "usb:072f:2200")
    lease.release()
    lines.endpoint("other", "udp:127.0.0.1:5").release()


async def test_an_unknown_line_is_told_with_the_known_ones(clock):
    with pytest.raises(ConfigError, match="there are bus1, scan1"):
        Lines({"bus1": "memory://x", "scan1": "memory://y"}, clock).url("bus2")


async def test_closing_ends_what_waits_and_frees_the_port(pty, clock, scripted, cut_at, until_up, soon):
    wire = scripted()
    pty.attach(wire)
    lines = Lines({"a": pty.url}, clock)
    line = lines.framed("a", cut_at)
    await until_up(line)
    sent = asyncio.create_task(line.transact(b"a\r", lambda f: True, deadline=soon(30)))
    await wire.until(2)
    queued = asyncio.create_task(line.transact(b"b\r", lambda f: True, deadline=soon(30)))
    await asyncio.sleep(0)
    await lines.close()
    with pytest.raises(LineTimeout):
        await sent
    with pytest.raises(LineDown):
        await queued
    again = await open_port(pty.url)
    await again.close()


@pytest.mark.parametrize(("url", "hint"), [
    ("/dev/ttyUSB0", "begins with serial:"),
    ("serial://dev/ttyUSB0", "three slashes"),
    ("tcp://10.0.0.7", "tcp://HOST:PORT"),
    ("tcp://10.0.0.7:99999", "range"),
    ("serial:///dev/x?baud=fast", "baud is a number"),
    ("serial:///dev/x?parity=Q", "parity is one of"),
    ("tcp://h:1?framing=ascii", "framing is one of"),
    ("serial:///dev/x?bauds=9600", "unknown setting 'bauds'"),
])
def test_a_url_that_cannot_be_says_what_to_write(url, hint):
    with pytest.raises(ConfigError, match=hint):
        parse_url(url)


def test_a_url_carries_all_parameters():
    url = parse_url("serial:///dev/serial/by-id/usb-X-if00?baud=19200&parity=e&stop=2&data=7")
    assert (url.place, url.framing) == ("/dev/serial/by-id/usb-X-if00", "rtu")
    p = url.parameters
    assert (p.baud, p.parity, p.stop_bits, p.data_bits) == (19200, "E", 2, 7)
    assert parse_url("tcp://h:502").framing == "modbus_tcp"
    assert parse_url("tcp://h:4196?framing=rtu").framing == "rtu"
