"""Starting a twin, or attaching to the one that is there; and the commands that act in it."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.twin import command
from hub.twin import TwinClient, TwinError, launch
from hub.twin.launch import ensure_twin, running_twin

TOY = [sys.executable, str(Path(__file__).with_name("toy_site.py"))]


@pytest.fixture
async def started(tmp_path):
    twin = await ensure_twin(tmp_path, tmp_path / "twin", command=[*TOY, str(tmp_path / "twin")])
    yield twin
    await twin.stop()


@pytest.fixture
def hub_twin(tmp_path, started):
    runner = CliRunner()

    async def run(*words):
        options = ["--state", str(tmp_path / "twin")]
        return await asyncio.to_thread(runner.invoke, command, [*options, *words])

    return run


async def test_a_twin_that_runs_is_attached_to_and_left_running(started, tmp_path):
    other = await ensure_twin(tmp_path, tmp_path / "twin", command=["false"])
    assert (other.process, other.info) == (None, started.info)
    await other.stop()
    assert await running_twin(tmp_path / "twin") == started.info


@pytest.fixture
async def hubs_twin(tmp_path):
    taken = []

    async def take():
        taken.append(await launch.hub_twin(
            tmp_path, tmp_path / "twin", command=[*TOY, str(tmp_path / "twin")]
        ))
        return taken[-1]

    yield take
    for process in (twin.process for twin in taken if twin.process is not None):
        process.kill()
        await asyncio.to_thread(process.wait)


async def test_a_second_hub_leaves_the_twin_of_a_hub_that_lives_running(hubs_twin, tmp_path):
    first = await hubs_twin()
    await (await hubs_twin()).stop()
    assert await running_twin(tmp_path / "twin") == first.info
    await first.stop()
    assert await running_twin(tmp_path / "twin") is None


async def test_the_twin_of_a_killed_hub_ends_with_the_next_one(hubs_twin, tmp_path):
    first = await hubs_twin()
    os.close(first.claim)  # as the kernel does for the dead
    await (await hubs_twin()).stop()
    await asyncio.to_thread(first.process.wait)
    assert await running_twin(tmp_path / "twin") is None


async def test_a_hub_leaves_a_twin_that_is_served_by_hand_running(started, hubs_twin, tmp_path):
    await (await hubs_twin()).stop()
    assert await running_twin(tmp_path / "twin") == started.info


async def test_a_twin_has_a_session_of_its_own(started):
    assert os.getsid(started.info.pid) == started.info.pid


async def test_a_killed_twin_is_replaced_at_the_same_places(started, tmp_path):
    os.kill(started.info.pid, signal.SIGKILL)
    await asyncio.to_thread(started.process.wait)
    again = await ensure_twin(tmp_path, tmp_path / "twin", command=[*TOY, str(tmp_path / "twin")])
    assert again.info.lines == started.info.lines
    await TwinClient(again.info.control).ping()
    await again.stop()


async def test_a_twin_that_cannot_start_says_why(tmp_path):
    program = [sys.executable, "-c", "raise SystemExit('the site is not right')"]
    with pytest.raises(TwinError, match="the site is not right"):
        await ensure_twin(tmp_path, tmp_path / "twin", command=program)


async def test_actions_are_forwarded_from_the_command_line(hub_twin):
    assert (await hub_twin("stick", "board_a", "1")).output == '{"door": "1", "how": "shut"}\n'
    assert (await hub_twin("set", "board_a", "temp", "-20.5")).output == '"temp=-20.5"\n'
    assert (await hub_twin("unplug", "scanner")).output == "done\n"
    ledger = (await hub_twin("ledger")).output.splitlines()
    assert [json.loads(line)["act"] for line in ledger] == ["unplugged"]
    assert json.loads((await hub_twin("state")).output)["lines"]["scan1"]["plugged"] is False
    assert "board_a: break, cut [SECONDS]," in (await hub_twin("actions")).output


@pytest.mark.parametrize(("words", "says"), [
    (["stick", "bord_a", "1"], "There is: badge, board_a"),
    (["stuck", "board_a", "1"], "stick"),
    (["stick"], "hub twin stick board_a DOOR [HOW]"),
    (["stuck"], "did you mean 'stick'?"),
    (["stick", "board_a"], "There is: stick DOOR [HOW]"),
])
async def test_a_wrong_word_is_answered_with_the_right_ones(hub_twin, words, says):
    result = await hub_twin(*words)
    assert result.exit_code == 1
    assert says in result.output


def test_without_a_twin_the_answer_is_how_to_start_one(tmp_path):
    result = CliRunner().invoke(command, ["--state", str(tmp_path), "tap", "badge"])
    assert result.exit_code == 1
    assert "no twin is running" in result.output
    assert "hub twin serve SITE" in result.output


def test_serving_a_site_that_is_not_right_says_what_is_wrong(tmp_path):
    (tmp_path / "site.yaml").write_text("lines: {a: {url: 'serial:/x'}}\n")
    result = CliRunner().invoke(command, ["serve", str(tmp_path)])
    assert result.exit_code == 1
    assert "site.yaml:1" in result.output
