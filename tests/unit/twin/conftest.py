"""A toy site: two boards on one bus, a scanner alone on its line, a TCP board, a reader and a camera."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from toy_site import TOY_PLAN, Toys

from hub.core.clock import SystemClock
from hub.core.entropy import SystemEntropy
from hub.twin import TwinClient
from hub.twin.twin import Twin


@pytest.fixture
def make_twin(tmp_path):
    def make(state=tmp_path / "twin", plan=TOY_PLAN):
        return Twin(plan, state, Toys(), SystemClock(), SystemEntropy())

    return make


@pytest.fixture
async def twin(make_twin):
    running = make_twin()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def client(twin, tmp_path):
    return TwinClient.of(tmp_path / "twin")
