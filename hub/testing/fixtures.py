"""The fixtures of the partner kit, all prefixed `hub_`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from hub.core.virtual import run_virtual
from hub.testing.kit import START, Kit
from hub.testing.leaks import leaks, snapshot

T = TypeVar("T")


@pytest_asyncio.fixture
async def hub_leaks() -> AsyncIterator[None]:
    """Fail the test if it leaves a task, a thread or a file descriptor behind."""
    before = snapshot()
    yield
    left = await leaks(before)
    if left:
        pytest.fail("left behind: " + ", ".join(left), pytrace=False)


@pytest_asyncio.fixture
async def hub_kit(hub_leaks: None) -> AsyncIterator[Kit]:
    """Contexts, simulators and drivers of one test, taken down at its end, with leak checks."""
    kit = Kit()
    yield kit
    await kit.close()


@pytest.fixture
def hub_context(hub_kit: Kit) -> Callable[..., Any]:
    """`hub_context(name=..., config=..., profile=...)` makes a recording `DeviceContext`."""
    return hub_kit.context


@pytest.fixture
def hub_sim(hub_kit: Kit) -> Callable[..., Any]:
    """`hub_sim(module, context)` builds the integration's simulator on the context's line."""
    return hub_kit.simulator


@pytest.fixture
def hub_virtual() -> Callable[..., Any]:
    """`hub_virtual(main)` runs `main(kit)` on a virtual loop, where an hour takes no time."""

    def run(main: Callable[[Kit], Coroutine[Any, Any, T]], *, seed: int | str = 0) -> T:
        async def inside(_: Any) -> T:
            kit = Kit(seed)
            before = snapshot()
            try:
                return await main(kit)
            finally:
                await kit.close()
                left = await leaks(before)
                if left:
                    pytest.fail("left behind: " + ", ".join(left), pytrace=False)

        return run_virtual(inside, START)

    return run
