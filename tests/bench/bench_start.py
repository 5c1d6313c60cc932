"""The demo site without its camera, twin already up: from the command to serving, and memory when idle."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from environments import FOLDER
from results import Result

from hub.config.shipped import shipped
from hub.twin.launch import ensure_twin

_START = 1.5
_MEMORY = 90.0
_IDLE_SECONDS = 10.0
_LONGEST = 30.0


def run(*, quick: bool, anchors: bool) -> list[Result]:
    """Seconds from spawning `hub run` until `GET health` answers 200, and its resident memory."""
    repeats = 1 if quick else 5
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        site = Path(folder) / "site"
        _copy_demo(site)
        starts, memory = _measure(site, repeats, 2.0 if quick else _IDLE_SECONDS)
    start = statistics.median(starts)
    return [
        Result(
            "demo site to serving", start, "s", f"<= {_START} s", start <= _START,
            detail={"starts_s": [round(one, 3) for one in starts]},
        ),
        Result("idle hub without a camera, RSS", memory, "MB", f"<= {_MEMORY:.0f} MB", memory <= _MEMORY),
    ]


def _copy_demo(site: Path) -> None:
    shutil.copytree(shipped("config") / "demo", site, ignore=shutil.ignore_patterns("var"))
    file = site / "site.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.lstrip().startswith("camera:")]
    text = "\n".join(lines).replace("[scanner, camera, badge]", "[scanner, badge]") + "\n"
    assert "camera" not in text.replace("a camera", ""), "the demo uses its camera in a new place"
    file.write_text(text)


def _measure(site: Path, repeats: int, idle: float) -> tuple[list[float], float]:
    twin = asyncio.run(ensure_twin(site, site / "var" / "twin"))
    starts, memory = [], 0.0
    try:
        for number in range(repeats):
            print(f"  start {number + 1} of {repeats} ...", flush=True)
            port = _free_port()
            command = [
                sys.executable, "-m", "hub.cli.main", "run", str(site), "--twin", "--port", str(port)
            ]
            with (site / "var" / "hub.log").open("ab") as log:
                began = time.perf_counter()
                process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                _until_healthy(process, port)
                starts.append(time.perf_counter() - began)
                if number == repeats - 1:
                    time.sleep(idle)
                    memory = _resident(process.pid)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(_LONGEST)
    finally:
        asyncio.run(twin.stop())
    return starts, memory


def _until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.perf_counter() + _LONGEST
    while time.perf_counter() < until:
        assert process.poll() is None, "the hub ended at once: see hub.log"
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/api/v1/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.005)
    raise TimeoutError("the hub did not serve")


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError("no VmRSS")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
