import sys
from pathlib import Path

import pytest

from hub.core.entropy import SeededEntropy
from hub.store import Store

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "crash"))


class FixedClock:
    def now(self):
        return 1_700_000_000_000_000

    def monotonic(self):
        return 0.0


@pytest.fixture
def database(tmp_path):
    return tmp_path / "var" / "hub.db"


@pytest.fixture
async def open_store(database):
    """Opens stores and closes those that the test left open. A fatal error is raised, not fatal."""
    opened = []

    async def open_one(path=database, *, seed=1, **options):
        options.setdefault("on_fatal", lambda error: None)
        options.setdefault("reserve", 0)
        store = await Store.open(path, FixedClock(), SeededEntropy(seed), **options)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store):
    return await open_store()
