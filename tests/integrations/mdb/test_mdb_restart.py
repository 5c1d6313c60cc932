"""What a restart of the hub makes of a vend that was under way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.model.states import EffectKind, FaultKind, Verdict

RESET = "R,10"


def decided(intent):
    """The intent of an approved leg about which the hub has not decided yet."""
    return replace(intent, params={**intent.params, "approved": True})


@pytest.mark.req("PY-07")
def test_an_approved_leg_survives_a_restart_and_is_captured_without_a_reset(at_till):
    async def story(till):
        intent = await till.approved()
        await till.kill()
        resets = till.count(RESET)
        await till.boot(decided(intent))
        await till.online()
        assert (await till.capture()).verdict is Verdict.CONFIRMED
        assert till.count(RESET) == resets
        assert till.money == ["approved", "charged"]

    at_till(story)


@pytest.mark.req("PY-07")
def test_an_approved_leg_survives_a_restart_and_is_voided_with_proof(at_till):
    async def story(till):
        intent = await till.approved()
        await till.kill()
        await till.boot(decided(intent))
        assert (await till.void()).verdict is Verdict.CONFIRMED
        assert till.money == ["approved", "refunded"]

    at_till(story)


def test_after_an_adopted_vend_the_next_customer_is_served(at_till):
    async def story(till):
        intent = await till.approved()
        await till.kill()
        await till.boot(decided(intent))
        await till.capture()
        await till.ctx.until(lambda: till.sim.model.state()["state"] == "enabled")
        await till.approved("leg2")

    at_till(story)


def test_a_request_that_is_paid_after_the_restart_is_confirmed(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.commanded("R,13,0000FA000A")
        await till.kill()
        await till.boot(intent)
        await till.online()
        await till.sim.do("pay")
        answer = await till.resolve(intent)
        assert (answer.verdict, answer.evidence) == (Verdict.CONFIRMED, {"amount": 250})

    at_till(story)


def test_an_approval_that_was_not_acknowledged_is_told_again(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.commanded("R,13,0000FA000A")
        await till.kill()
        await till.sim.do("pay")
        await till.boot(intent)
        assert (await till.resolve(intent)).verdict is Verdict.CONFIRMED
        assert till.count(RESET) == 1

    at_till(story)


def test_a_request_that_nobody_pays_is_cancelled_after_the_restart(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.commanded("R,13,0000FA000A")
        await till.kill()
        await till.boot(intent)
        answer = await till.resolve(intent, within=10)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "expired")
        assert till.money == ["denied"]

    at_till(story)


def test_a_request_that_never_left_is_known_not_to_have(at_till):
    async def story(till):
        intent = till.intent(EffectKind.AUTHORISE)
        await till.kill()
        await till.boot(intent)
        answer = await till.resolve(intent)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "not_sent")
        await till.online()
        await till.approved("leg2")

    at_till(story)


@pytest.mark.req("PY-03")
def test_an_approval_lost_with_the_old_process_is_failed_and_refunded(at_till):
    async def story(till):
        intent = await till.approved()
        await till.kill()
        await till.boot(intent)  # the approval was never recorded
        answer = await till.resolve(intent, within=10)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "voided")
        assert till.money == ["approved", "refunded"]
        assert till.count(RESET) == 1

    at_till(story)


def test_such_a_refund_that_fails_is_unknown(at_till):
    async def story(till):
        await till.sim.do("set", "refund", "fail")
        intent = await till.approved()
        await till.kill()
        await till.boot(intent)
        answer = await till.resolve(intent, within=10)
        assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, "refund_failed")

    at_till(story)


def test_a_capture_under_way_is_repeated_and_charges_once(at_till):
    async def story(till):
        await till.approved()
        intent = till.intent(EffectKind.CAPTURE)
        await till.driver.capture(intent, till.in_seconds(5))
        await till.kill()
        await till.boot(intent)
        assert (await till.resolve(intent)).verdict is Verdict.CONFIRMED
        assert till.money == ["approved", "charged"]

    at_till(story)


def test_a_void_under_way_whose_proof_is_gone_is_unknown(at_till):
    async def story(till):
        await till.approved()
        intent = till.intent(EffectKind.VOID)
        await till.driver.void(intent, till.in_seconds(5))
        await till.resolve(intent)
        await till.kill()
        await till.boot(intent)  # the verdict was never recorded
        answer = await till.resolve(intent)
        assert (answer.reason, answer.evidence) == ("refund_owed", {"why": "unproved"})

    at_till(story)


def test_a_void_that_never_left_is_carried_out_after_the_restart(at_till):
    async def story(till):
        await till.approved()
        intent = till.intent(EffectKind.VOID)
        await till.kill()
        await till.boot(intent)
        assert (await till.resolve(intent)).verdict is Verdict.CONFIRMED
        assert till.money == ["approved", "refunded"]

    at_till(story)


def test_a_reader_that_was_reset_meanwhile_counted_a_success(at_till):
    async def story(till):
        intent = await till.approved()
        await till.kill()
        await till.sim.do("restart")
        await till.boot(decided(intent))
        await till.ctx.until(lambda: till.count("R,14,01") == 2 or None)
        assert (await till.capture()).evidence["proof"] == "reset_counts_as_success"

    at_till(story)


def test_an_undecided_request_over_a_reset_is_unknown(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.commanded("R,13,0000FA000A")
        await till.kill()
        await till.sim.do("restart")
        await till.boot(intent)
        answer = await till.resolve(intent)
        assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, "reset_before_answer")

    at_till(story)


def test_a_restart_while_the_adapter_is_unplugged_still_does_not_reset(at_till):
    async def story(till):
        intent = await till.approved()
        await till.kill()
        till.peer.unplug()
        resets = till.count(RESET)
        await till.boot(decided(intent))
        await till.ctx.until(lambda: (FaultKind.OFFLINE, "") in till.ctx.faults)
        till.peer.plug()
        assert (await till.void()).verdict is Verdict.CONFIRMED
        assert till.count(RESET) == resets

    at_till(story)


def test_an_undecided_leg_does_not_keep_the_terminal_for_ever(at_till):
    async def story(till):
        intent = await till.approved(seconds=10)
        await till.kill()
        await till.boot(decided(intent))
        await till.online()
        await till.ctx.until(lambda: till.kit.clock.now() > intent.deadline + 31_000_000 or None, within=60)
        assert till.count(RESET) == 1
        await till.authorise("leg2")
        await till.ctx.until(lambda: till.count("R,14,01") == 2 or None)
        answer = await till.void("leg1")
        assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, "refund_owed")

    at_till(story)


def test_without_a_state_directory_nothing_is_proved_by_absence(at_till):
    async def story(till):
        till.state_dir = ""
        await till.kill()
        await till.boot()
        await till.online()
        intent = till.intent(EffectKind.AUTHORISE)
        await till.kill()
        await till.boot(intent)
        assert (await till.resolve(intent, within=10)).verdict is Verdict.UNKNOWN

    at_till(story)


def test_a_damaged_notebook_proves_nothing(at_till, tmp_path):
    async def story(till):
        intent = await till.authorise()
        await till.commanded("R,13,0000FA000A")
        await till.kill()
        (tmp_path / "mdb-card.json").write_text("{")
        await till.boot(intent)
        answer = await till.resolve(intent, within=10)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "expired")  # by DENIED, not by absence

    at_till(story)


def test_a_restart_calls_nobody_while_the_port_is_being_opened(at_till):
    async def story(till):
        await till.kill()
        await till.boot()
        await till.online()
        kinds = {getattr(seen, "kind", None) for seen in till.ctx.observations}
        assert FaultKind.OFFLINE not in kinds

    at_till(story)
