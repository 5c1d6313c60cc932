"""Cutting the power at any step leaves a store that opens, is whole and has everything it acknowledged."""

import pytest
from powercut import campaign

SEEDS = [2101, 2102, 2103, 2104]


def synchronous_normal(sql):
    return sql.replace("synchronous=FULL", "synchronous=NORMAL")


@pytest.mark.req("PY-07", "AU-04")
@pytest.mark.parametrize("seed", SEEDS)
def test_no_power_cut_breaks_a_promise(seed):
    verdict = campaign.run_piece(seed, states=500)
    assert verdict.states == 500
    assert verdict.acked > 20
    assert verdict.examples == []


def test_a_store_that_does_not_sync_its_log_is_caught():
    verdict = campaign.run_piece(SEEDS[0], states=200, rewrite=synchronous_normal)
    assert verdict.violations["acknowledged work lost"] > 20
