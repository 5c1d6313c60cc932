"""Starting, stopping and colliding: what `hub run` says and leaves behind."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.cli.demo_walks.site import DemoSite, free_port
from hub.cli.demo_walks.story import WalkFailed
from hub.cli.demo_walks.visit import Visit, until
from hub.config.shipped import shipped


async def test_a_second_hub_on_the_same_state_is_refused_with_who_has_it(site: Any, hub_run: Any) -> None:
    demo, _ = site
    code, said = await hub_run(str(demo.site), "--twin", "--port", str(free_port()))
    assert code == 1
    assert f"in use by process {demo.hub_pid}" in said


async def test_a_port_in_use_is_named_before_anything_is_started(
    site: Any, hub_run: Any, tmp_path: Path
) -> None:
    demo, _ = site
    state = tmp_path / "other"
    code, said = await hub_run(str(demo.site), "--state", str(state), "--port", str(demo.port))
    assert code == 1
    assert f"cannot serve on port {demo.port}: Address already in use" in said
    assert not state.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_hub_and_the_twin_that_it_started(number: int, tmp_path: Path) -> None:
    demo = DemoSite(tmp_path)
    api = await demo.start_alone()
    twin = demo.twin_pid
    os.kill(demo.hub_pid, number)
    code = await demo.ended()
    await api.close()
    assert code == 0
    assert "Traceback" not in demo.log.read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(twin, 0)


async def test_a_twin_that_outlived_its_killed_hub_ends_with_the_next_one(tmp_path: Path) -> None:
    demo = DemoSite(tmp_path)
    api = await demo.start_alone()
    twin = demo.twin_pid
    await demo.kill_hub()
    await demo.start_hub(api)
    assert demo.twin_pid == twin
    await api.close()
    assert await demo.stop_hub() == 0
    assert await until(lambda: _gone(twin), "the end of the twin")


async def test_a_twin_that_somebody_serves_outlives_the_hub(tmp_path: Path) -> None:
    demo = DemoSite(tmp_path)
    await (await demo.start()).close()
    assert await demo.stop_hub() == 0
    assert not await _gone(demo.twin_pid)
    await demo.stop()


async def test_a_real_site_whose_devices_are_absent_still_serves(tmp_path: Path) -> None:
    demo = DemoSite(tmp_path)
    demo.copy()
    demo.spawn_hub(twin=False)
    api = demo.api()
    try:
        health = await until(api.health, "an answer of the hub")
        devices = {found["name"]: found["state"] for found in (await api.get("devices"))["devices"]}
        assert health["status"] == "degraded"
        assert devices["locks_a"] != "serving"
        assert await demo.stop_hub() == 0
    finally:
        await api.close()
        await demo.stop()


@pytest.mark.req("RL-02")
async def test_an_early_code_is_told_when_it_will_be_good(visit: Visit) -> None:
    window = {"from": "2099-01-01T00:00:00Z", "until": "2099-01-02T00:00:00Z"}
    order = await visit.loaded(await visit.order("parcel-s", window, name="Ada", email="ada@example.org"))
    code = (await visit.message_to("ada@example.org"))["code"]
    async with visit.api.screen() as screen:
        await visit.act("scanner", "scan", code)
        told = await screen.next("told")
    assert (told["code"], told["handover"]) == ("refused.early", order["id"])
    assert datetime.fromtimestamp(int(told["detail"]) / 1e6, UTC) == datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.req("RL-02")
async def test_a_code_is_no_good_after_its_handover_was_cancelled(visit: Visit) -> None:
    order = await visit.loaded(await visit.order("parcel-s", name="Bea", email="bea@example.org"))
    code = (await visit.message_to("bea@example.org"))["code"]
    await visit.api.post(f"handovers/{order['id']}/cancel")
    async with visit.api.screen() as screen:
        await visit.act("scanner", "scan", code)
        told = await screen.next("told")
    assert told["code"] == "refused.revoked"


async def test_the_same_code_held_before_the_scanner_counts_once(site: Any) -> None:
    demo, api = site
    async with api.screen() as screen:
        await demo.twin.act("scanner", "scan", "not-ours")
        await demo.twin.act("scanner", "scan", "not-ours")
        await demo.twin.act("scanner", "scan", "another")
        await screen.next("told")
        await screen.next("told")
        with pytest.raises(WalkFailed, match="Timeout"):
            await screen.next("told", within=0.5)


def test_the_demo_site_is_the_shipped_one(tmp_path: Path) -> None:
    demo = DemoSite(tmp_path)
    demo.copy()
    assert (demo.site / "site.yaml").read_bytes() == (shipped("config") / "demo" / "site.yaml").read_bytes()
    assert not (demo.site / "var").exists()


async def _gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    # A child of a process that died is nobody's to reap in a container: it counts as ended.
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
