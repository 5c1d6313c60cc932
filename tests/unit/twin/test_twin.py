"""The twin: simulators at the far ends of real lines, acted in through a socket, judged by a ledger."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

from hub.api import ConfigError, LineDown
from hub.transports.ports import open_port
from hub.twin import TwinClient, TwinError, read_info, read_ledger
from hub.twin.info import socket_path
from hub.twin.plan import TwinLine, TwinPlan


async def ask(url, word):
    line = await open_port(url)
    try:
        await line.write(word + b"?")
        async with asyncio.timeout(5):
            return await line.read()
    finally:
        await line.close()


async def test_every_line_is_answered_by_its_devices(twin, tmp_path):
    info = read_info(tmp_path / "twin")
    assert info == twin.info
    assert info.pid == os.getpid()
    assert await ask(info.lines["bus1"], b"a") == b"a!"
    assert await ask(info.lines["bus1"], b"b") == b"b!"
    assert await ask(info.lines["scan1"], b"s") == b"s!"
    assert await ask(info.lines["net1"], b"n") == b"n!"


async def test_lines_are_at_stable_places_with_the_settings_that_still_matter(twin, tmp_path):
    lines = twin.info.lines
    assert lines["bus1"] == f"serial://{tmp_path}/twin/lines/bus1?baud=9600"
    assert lines["scan1"] == f"serial://{tmp_path}/twin/lines/scan1?baud=9600"
    assert lines["net1"].startswith("tcp://127.0.0.1:")
    assert lines["net1"].endswith("?framing=rtu")


async def test_endpoints_are_replaced_and_devices_without_a_simulator_left_alone(twin, tmp_path, client):
    assert twin.info.endpoints["badge"].startswith("udp:127.0.0.1:")
    assert twin.info.endpoints["camera"] == f"folder:{tmp_path}/twin/camera/camera"
    assert (tmp_path / "twin/camera/camera").is_dir()
    assert "mail" not in await client.actions()
    assert (await client.state())["devices"]["badge"]["where"] == twin.info.endpoints["badge"]


async def test_physical_acts_are_in_the_ledger_with_the_place_they_happened(twin, tmp_path, client):
    await ask(twin.info.lines["bus1"], b"a")
    (entry,) = await client.ledger()
    assert (entry["seq"], entry["device"], entry["act"]) == (1, "board_a", "opened")
    assert entry["facts"] == {"door": "1", "place": "main/A1"}
    assert entry["at"] > 1_600_000_000_000_000
    assert [json.loads(line) for line in (tmp_path / "twin/ledger.jsonl").read_text().splitlines()] == [entry]


async def test_a_restarted_twin_is_where_it_was_and_continues_its_ledger(twin, make_twin, tmp_path):
    before = twin.info
    await ask(before.lines["bus1"], b"a")
    await twin.stop()
    with (tmp_path / "twin/ledger.jsonl").open("a") as ledger:
        ledger.write('{"seq": 2, "at"')
    again = make_twin()
    after = await again.start()
    assert (after.lines, after.endpoints) == (before.lines, before.endpoints)
    await ask(after.lines["bus1"], b"b")
    await again.stop()
    acts = [(e["seq"], e["device"]) for e in read_ledger(tmp_path / "twin/ledger.jsonl")]
    assert acts == [(1, "board_a"), (2, "board_b")]
    assert [e["seq"] for e in read_ledger(tmp_path / "twin/ledger.jsonl", after=1)] == [2]


async def test_a_stopped_twin_is_not_announced(twin, tmp_path):
    await twin.stop()
    assert read_info(tmp_path / "twin") is None
    with pytest.raises(TwinError) as refused:
        TwinClient.of(tmp_path / "twin")
    assert refused.value.code == "not_running"


async def test_a_second_twin_of_the_same_folder_is_refused(twin, make_twin):
    with pytest.raises(TwinError, match="another twin is running"):
        await make_twin().start()
    assert await ask(twin.info.lines["net1"], b"n") == b"n!"


async def test_the_twin_outlives_a_killed_hub_and_serves_the_next(twin, client):
    url = twin.info.lines["bus1"]
    hub = (
        "import asyncio, os, sys\n"
        "from hub.transports.ports import open_port\n"
        "async def main():\n"
        "    line = await open_port(sys.argv[1])\n"
        "    await line.write(b'a?')\n"
        "    await line.read()\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", hub, url)
    assert await asyncio.wait_for(killed.wait(), 30) == -signal.SIGKILL
    assert await ask(url, b"b") == b"b!"
    assert [e["device"] for e in await client.ledger()] == ["board_a", "board_b"]


async def test_a_device_on_a_shared_bus_falls_silent_and_the_port_stays(twin, client):
    url = twin.info.lines["bus1"]
    await client.act("board_a", "unplug")
    line = await open_port(url)
    await line.write(b"a?")
    await asyncio.sleep(0.05)
    await line.close()
    assert await ask(url, b"b") == b"b!"
    await client.act("board_a", "plug")
    assert await ask(url, b"a") == b"a!"
    assert [e["act"] for e in await client.ledger()] == ["unplugged", "opened", "plugged", "opened"]


@pytest.mark.parametrize("target", ["scanner", "scan1"])
async def test_a_device_alone_on_its_line_takes_the_port_with_it(twin, client, target):
    url = twin.info.lines["scan1"]
    await client.act(target, "unplug")
    with pytest.raises(LineDown, match="does not exist"):
        await open_port(url)
    await client.act(target, "plug")
    assert await ask(url, b"s") == b"s!"


async def test_a_cut_wire_leaves_the_port_open_and_silent(twin, client):
    url = twin.info.lines["scan1"]
    await client.act("scan1", "cut")
    line = await open_port(url)
    await line.write(b"s?")
    await asyncio.sleep(0.05)
    await line.close()
    assert (await client.state())["lines"]["scan1"]["severed"] is True
    await client.act("scan1", "restore")
    assert await ask(url, b"s") == b"s!"
    assert (await client.state())["devices"]["scanner"]["opened"] == 1


async def test_a_line_may_refuse_its_opener(twin, client):
    await client.act("scan1", "refuse")
    with pytest.raises(LineDown, match="in use"):
        await open_port(twin.info.lines["scan1"])
    await client.act("scan1", "accept")
    assert await ask(twin.info.lines["scan1"], b"s") == b"s!"


async def test_power_is_cut_and_comes_back_by_itself_when_asked_so(twin, client):
    await client.act("scanner", "cut", "0.05")
    assert (await client.state())["devices"]["scanner"]["on"] is False
    await asyncio.sleep(0.1)
    assert (await client.state())["devices"]["scanner"]["on"] is True
    assert [e["act"] for e in await client.ledger()] == ["power_cut", "power_restored"]


async def test_a_models_own_actions_answer_also_when_they_take_time(client):
    assert await client.act("board_a", "stick", "1") == {"door": "1", "how": "shut"}
    assert await client.act("badge", "tap", "04a1", "04b2") == ["04a1", "04b2"]
    assert await client.act("board_a", "set", "temp", "-20.5") == "temp=-20.5"


@pytest.mark.parametrize(("device", "action", "args", "code", "says"), [
    ("board_x", "stick", ["1"], "unknown_device", "board_a"),
    ("board_a", "stuck", ["1"], "unknown_action", "stick"),
    ("board_a", "stick", [], "bad_arguments", "stick DOOR [HOW]"),
    ("board_a", "stick", ["7"], "refused", "stick DOOR [HOW]"),
    ("board_a", "cut", ["soon"], "refused", "cut [SECONDS]"),
    ("board_a", "break", [], "failed", ""),
    ("badge", "unplug", [], "refused", "unplug"),
])
async def test_what_cannot_be_done_says_what_can(client, device, action, args, code, says):
    with pytest.raises(TwinError) as refused:
        await client.act(device, action, *args)
    assert refused.value.code == code
    assert not says or says in refused.value.valid


@pytest.mark.parametrize("line", [
    b"{\n", b"[]\n", b"\xff\n", b"{}\n", b'{"op": "fly"}\n', b'{"op": "act"}\n',
    b'{"op": "act", "device": "board_a", "action": "stick", "args": "1"}\n',
    b'{"op": "act", "device": "board_a", "action": "stick", "args": [1]}\n',
    b'{"op": "ledger", "after": "x"}\n', b"{" + b" " * (1 << 20) + b"}\n",
])
async def test_bad_requests_are_answered_and_harm_nobody(twin, client, line):
    reader, writer = await asyncio.open_unix_connection(twin.info.control)
    writer.write(line)
    answer = json.loads(await asyncio.wait_for(reader.readline(), 5))
    writer.close()
    assert (answer["ok"], answer["code"]) == (False, "bad_request")
    assert answer["error"]
    await client.ping()


async def test_several_requests_share_a_connection(twin):
    reader, writer = await asyncio.open_unix_connection(twin.info.control)
    writer.write(b'{"op": "ping"}\n{"op": "actions"}\n')
    assert json.loads(await reader.readline()) == {"ok": True, "result": os.getpid()}
    assert "stick DOOR [HOW]" in json.loads(await reader.readline())["result"]["board_a"]
    writer.close()


async def test_a_line_that_cannot_be_offered_to_another_process_is_named(make_twin):
    twin = make_twin(plan=TwinPlan("EUR", (TwinLine("m", "memory://m"),), ()))
    with pytest.raises(ConfigError, match="line 'm'"):
        await twin.start()


async def test_a_long_state_path_still_has_a_socket(make_twin, tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    twin = make_twin(state=deep)
    info = await twin.start()
    assert len(info.control) <= 107
    await TwinClient(info.control).ping()
    await twin.stop()
    assert not socket_path(deep).exists()


def test_the_twin_is_a_process_that_ends_cleanly_when_told(tmp_path):
    toy = str(__import__("toy_site").__file__)
    process = subprocess.Popen([sys.executable, toy, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert int(process.stdout.readline()) == process.pid
    assert read_info(tmp_path).pid == process.pid
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()
    assert read_info(tmp_path) is None
