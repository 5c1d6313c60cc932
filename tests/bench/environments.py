"""Virtual environments of the anchors, under .bench/, and the programs that run in them."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".bench"
_ANCHORS = Path(__file__).with_name("anchors")
_INSTALL_SECONDS = 900


class NoAnchor(Exception):
    """The anchor could not be installed or did not run; the text says why."""


def anchor(name: str, requirements: tuple[str, ...], script: str, *arguments: str, within: float) -> Any:
    """What `script` prints last, as JSON, run in the environment `name`. Raises NoAnchor."""
    python = _environment(name, requirements)
    command = [str(python), str(_ANCHORS / script), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=within, cwd=FOLDER, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoAnchor(f"{script} took longer than {within:.0f} s") from None
    lines = done.stdout.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise NoAnchor(f"{script} failed: {_last(done.stderr)}")
    return json.loads(lines[-1])


def surroundings() -> Mapping[str, Any]:
    """The machine, as far as it matters."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "python": sys.version.split()[0],
        "cpus": len(cpus),
        "cpu": cpus[0].partition(":")[2].strip() if cpus else "unknown",
        "load": Path("/proc/loadavg").read_text().split()[:3],
    }


def _environment(name: str, requirements: tuple[str, ...]) -> Path:
    place = FOLDER / name
    python, ready = place / "bin" / "python", place / ".ready"
    wanted = "\n".join(requirements)
    if ready.is_file() and ready.read_text() == wanted:
        return python
    print(f"  installing {', '.join(requirements)} into .bench/{name} ...", flush=True)
    venv.create(place, with_pip=True)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements]
    try:
        done = subprocess.run(install, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NoAnchor(f"installing {wanted} took longer than {_INSTALL_SECONDS} s") from None
    if done.returncode:
        raise NoAnchor(f"{wanted} cannot be installed: {_last(done.stderr)}")
    ready.write_text(wanted)
    return python


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
