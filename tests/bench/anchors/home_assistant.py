"""Home Assistant core: events fired to one callback listener. Runs in an environment of its own.

Usage: home_assistant.py EVENTS REPEATS. The last line printed is a JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from typing import Any

from homeassistant.const import __version__
from homeassistant.core import HomeAssistant, callback

count, repeats = int(sys.argv[1]), int(sys.argv[2])


async def main() -> None:
    hass = HomeAssistant(tempfile.mkdtemp())
    seen = 0

    @callback
    def listener(event: Any) -> None:
        nonlocal seen
        seen += 1

    hass.bus.async_listen("bench", listener)
    rates = []
    for _ in range(repeats):
        seen = 0
        gc.collect()
        began = time.perf_counter()
        for index in range(count):
            hass.bus.async_fire("bench", {"index": index})
            if index % 1000 == 999:
                await asyncio.sleep(0)
        await hass.async_block_till_done()
        assert seen == count
        rates.append(count / (time.perf_counter() - began))
    print(json.dumps({"version": __version__, "events_per_s": round(statistics.median(rates))}), flush=True)
    os._exit(0)  # what it started in the background is of no interest


asyncio.run(main())
