"""The benches run and say what they found; no time is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).with_name("bench.py")


def test_a_bench_prints_its_table_and_keeps_its_results(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--only", "transitions", "bus", "--quick", "--no-anchors",
         "--folder", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )
    assert "durable transitions, 32 in flight, FULL" in done.stdout
    kept = json.loads(next(tmp_path.glob("results-*.json")).read_text())
    assert [row["unit"] for row in kept["results"]] == ["/s", "ms", "events/s"]
    assert kept["results"][0]["detail"]["runs"][0]["transitions"] == 1000
