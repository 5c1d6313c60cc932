"""What an installer waits for: all shipped blueprints compiled, and `hub check` of a site of 2,000 lines."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from environments import FOLDER
from large_site import write_large_site
from results import Result

from hub.config import loader
from hub.config.shipped import shipped
from hub.workflows.compile import compile_blueprint
from hub.workflows.versions.alone import stand_ins

_COMPILE = 0.300
_CHECK = 1.0


def run(*, quick: bool, anchors: bool) -> list[Result]:
    """Medians; the blueprints are read from their files each time, the command includes Python's start."""
    repeats = 1 if quick else 9
    files = sorted(p for p in shipped("blueprints").glob("*.yaml") if not p.name.endswith(".cases.yaml"))
    given = {path: stand_ins(path) for path in files}
    compiles = [_compile_all(given) for _ in range(repeats)]
    compiled = statistics.median(compiles)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        lines = write_large_site(Path(folder))
        checks = [_check(Path(folder)) for _ in range(repeats)]
    checked = statistics.median(checks)
    return [
        Result(
            f"compile of all {len(files)} shipped blueprints", compiled * 1e3, "ms",
            f"<= {_COMPILE * 1e3:.0f} ms", compiled <= _COMPILE,
            detail={"all_ms": [round(one * 1e3) for one in compiles]},
        ),
        Result(
            f"hub check of a site of {lines:,} lines", checked, "s", f"<= {_CHECK:.0f} s", checked <= _CHECK,
            detail={"all_s": [round(one, 3) for one in checks]},
        ),
    ]


def _compile_all(given: dict[Path, dict[str, object]]) -> float:
    loader.forget_shared()
    began = time.perf_counter()
    for path, inputs in given.items():
        compiled = compile_blueprint(path, path.stem, inputs)
        assert compiled.machine is not None, compiled.problems.render()
    return time.perf_counter() - began


def _check(site: Path) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "hub.cli.main", "check", str(site)], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began
