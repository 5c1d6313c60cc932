"""A real hub is killed once at every named point, and the twin's ledger finds nothing wrong afterwards.

`make crash` walks each point to its end and under more stories; here each is hit once, in the story that is
shorter for it.
"""

import asyncio
from collections import deque
from dataclasses import replace

import pytest
from kills.case import SHORT_LOG, Case, Stage
from kills.pair import Pair
from kills.plan import points

PAIRS = 2
#: Later hits than the first, where the first one only shows a start.
LATER = {
    "store.commit.before": 9, "store.commit.after": 9, "lines.command.sent": 8, "workflows.transition": 3,
}


def cases():
    """Each point in one of the two stories, in turn."""
    for number, point in enumerate(points()):
        script = SHORT_LOG if point.startswith("store.checkpoint") else ""
        yield Case(("sale", "pickup")[number % 2], point, LATER.get(point, 1), slow=True, script=script)


@pytest.fixture
def folders(tmp_path_factory):
    return [tmp_path_factory.mktemp(f"pair-{number}") / "it" for number in range(PAIRS)]


async def played(waiting, folder):
    results, pair = [], Pair(folder)
    await pair.start()
    try:
        stage = Stage(pair)
        while waiting:
            case = waiting.popleft()
            result = await stage.play(case)
            if result.reached or case.count == 1:
                results.append((case, result))
            else:  # fewer frames than usual crossed the line; an earlier one will do
                waiting.append(replace(case, count=case.count // 2))
    finally:
        await pair.stop()
    return results


@pytest.mark.req("PY-07", "OF-01")
@pytest.mark.timeout(240)
async def test_a_kill_at_any_point_leaves_nothing_doubled_lost_or_unowned(folders):
    waiting = deque(cases())
    done = await asyncio.gather(*(played(waiting, folder) for folder in folders))
    results = [pair for results in done for pair in results]
    assert [case.key for case, result in results if not result.reached] == []
    assert {case.key: result.violations for case, result in results if result.violations} == {}
