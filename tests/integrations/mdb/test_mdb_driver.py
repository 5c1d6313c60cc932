"""The driver against the simulated reader: one test for each way a payment can go."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.api import CashlessReader, Rejected
from hub.model.observations import SessionBegun, SessionEnded
from hub.model.states import EffectKind, FaultKind, Verdict
from hub.plugins.manifest import read_manifest
from integrations import mdb

AUTHORISE_FIRST = {"always_idle": False}


def test_a_reader_is_set_up_in_the_order_of_the_specification(at_till):
    async def story(till):
        assert till.lines() == [
            "R,10", "R,11,0003000000", "R,11,01FFFF0000", till.lines()[3], "R,17,0400000020", "R,14,01",
        ]
        assert till.lines()[3].startswith("R,17,00")

    at_till(story)


@pytest.mark.req("PY-01")
def test_a_vend_is_asked_approved_and_taken(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.sim.do("pay")
        answer = await till.resolve(intent)
        assert (answer.verdict, answer.evidence["amount"]) == (Verdict.CONFIRMED, 250)
        assert (await till.capture()).verdict is Verdict.CONFIRMED
        await till.commanded("R,13,04")
        assert till.money == ["approved", "charged"]
        assert till.count("R,13,0000FA000A") == till.count("R,13,02000A") == 1

    at_till(story)


def test_without_always_idle_the_request_waits_for_a_medium(at_till):
    async def story(till):
        intent = await till.authorise()
        assert till.count("R,13,0000FA000A") == 0
        await till.sim.do("tap", "5.00")
        assert (await till.ctx.seen(SessionBegun)).funds == 500
        await till.commanded("R,13,0000FA000A")
        await till.sim.do("pay")
        assert (await till.resolve(intent)).verdict is Verdict.CONFIRMED
        await till.capture()
        await till.ctx.seen(SessionEnded)

    at_till(story, simulate=AUTHORISE_FIRST)


def test_a_discount_is_reported_as_the_approved_amount(at_till):
    async def story(till):
        await till.sim.do("set", "approve", "2.00")
        intent = await till.authorise()
        await till.sim.do("pay")
        assert (await till.resolve(intent)).evidence["amount"] == 200
        assert (await till.capture()).evidence["amount"] == 200

    at_till(story)


def test_a_denied_vend_is_refuted_and_the_session_completed(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.sim.do("decline")
        answer = await till.resolve(intent)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "denied")
        await till.commanded("R,13,04")
        assert till.money == ["denied"]

    at_till(story)


def test_a_failed_release_is_refunded_with_proof(at_till):
    async def story(till):
        await till.approved()
        answer = await till.void()
        assert (answer.verdict, answer.evidence["proof"]) == (Verdict.CONFIRMED, "polled")
        assert till.money == ["approved", "refunded"]

    at_till(story)


@pytest.mark.req("PY-03")
def test_a_refund_that_fails_is_never_called_void(at_till):
    async def story(till):
        await till.sim.do("set", "refund", "fail")
        await till.approved()
        answer = await till.void()
        assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, "refund_failed")
        assert till.money == ["approved", "refund_failed"]

    at_till(story)


def test_a_refund_that_stays_silent_is_unknown_after_the_non_response_time(at_till):
    async def story(till):
        await till.sim.do("set", "refund", "silent")
        await till.approved()
        answer = await till.void()
        assert (answer.reason, answer.evidence) == ("refund_owed", {"why": "silent"})

    at_till(story)


def test_a_refund_may_take_its_time(at_till):
    async def story(till):
        await till.sim.do("set", "refund", "silent")
        await till.approved()
        till.kit.loop.call_later(3.0, lambda: till.sim.model.set("refund", "ok"))
        assert (await till.void()).verdict is Verdict.CONFIRMED

    at_till(story)


def test_the_customer_cancels_while_asked(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.commanded("R,13,0000FA000A")
        await till.sim.do("cancel")
        answer = await till.resolve(intent)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "cancelled")
        assert till.count("R,13,01") == 1

    at_till(story)


def test_the_hub_cancels_before_a_medium_is_presented(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.driver.cancel("leg1")
        answer = await till.resolve(intent)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "cancelled")
        assert till.count("R,13,01") == 0

    at_till(story, simulate=AUTHORISE_FIRST)


def test_nobody_pays_until_the_deadline(at_till):
    async def story(till):
        intent = await till.authorise(seconds=20)
        answer = await till.resolve(intent, within=20)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "expired")
        assert (till.count("R,13,01"), till.money) == (1, ["denied"])

    at_till(story)


def test_a_request_that_was_never_made_expires_without_a_word_to_the_reader(at_till):
    async def story(till):
        intent = await till.authorise(seconds=20)
        answer = await till.resolve(intent, within=20)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "expired")
        assert till.count("R,13,01") == 0

    at_till(story, simulate=AUTHORISE_FIRST)


def test_an_approval_that_crosses_the_withdrawal_is_voided(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.commanded("R,13,0000FA000A")
        await till.sim.do("pay")
        await till.driver.cancel("leg1")
        answer = await till.resolve(intent)
        assert answer.reason in ("voided", "cancelled")
        assert till.money == ["approved", "refunded"]

    at_till(story)


@pytest.mark.req("PY-04")
def test_garbled_exchanges_are_repeated_until_acknowledged_and_charge_once(at_till):
    async def story(till):
        await till.approved()
        await till.sim.do("set", "noise", "7")
        assert (await till.capture()).verdict is Verdict.CONFIRMED
        assert till.count("R,13,02000A") > 1
        assert till.money == ["approved", "charged"]

    at_till(story)


def test_an_unanswered_command_alternates_with_polls(at_till):
    async def story(till):
        await till.approved()
        await till.sim.do("mute")
        capture = till.kit.loop.create_task(till.capture(within=30))
        await till.ctx.until(lambda: till.count("R,13,02000A") >= 3 or None)
        said = till.sent.split("\r\n")
        first = said.index("R,13,02000A")
        assert said[first : first + 4] == ["R,13,02000A", "R,12", "R,13,02000A", "R,12"]
        await till.sim.do("set", "silent", "off")
        assert (await capture).verdict is Verdict.CONFIRMED

    at_till(story)


def test_a_silent_reader_goes_offline_and_is_reset_every_ten_seconds(at_till):
    async def story(till):
        before = till.count("R,10")
        await till.sim.do("mute")
        await till.ctx.until(lambda: (FaultKind.OFFLINE, "") in till.ctx.faults, within=40)
        await till.ctx.until(lambda: till.count("R,10") >= before + 3 or None, within=40)
        await till.sim.do("set", "silent", "off")
        await till.ctx.until(lambda: (FaultKind.OFFLINE, "") not in till.ctx.faults, within=20)
        await till.approved()

    at_till(story)


def test_a_silent_reader_is_not_reset_over_an_open_vend(at_till):
    async def story(till):
        await till.approved()
        before = till.count("R,10")
        await till.sim.do("mute")
        await till.ctx.until(lambda: (FaultKind.OFFLINE, "") in till.ctx.faults, within=40)
        assert till.count("R,10") == before
        await till.sim.do("set", "silent", "off")
        assert (await till.void()).verdict is Verdict.CONFIRMED

    at_till(story)


def test_a_reset_after_approval_counts_as_success(at_till):
    async def story(till):
        await till.approved()
        await till.sim.do("restart")
        await till.ctx.until(lambda: till.count("R,14,01") == 2 or None)
        answer = await till.capture()
        assert (answer.verdict, answer.evidence["proof"]) == (Verdict.CONFIRMED, "reset_counts_as_success")
        assert till.money == ["approved", "charged"]

    at_till(story)


def test_a_void_after_such_a_reset_is_a_refund_that_is_owed(at_till):
    async def story(till):
        await till.approved()
        await till.sim.do("restart")
        await till.ctx.until(lambda: till.count("R,11,01FFFF0000") == 2 or None)
        answer = await till.void()
        assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, "refund_owed")

    at_till(story)


def test_a_reader_that_resets_by_itself_is_set_up_again(at_till):
    async def story(till):
        await till.sim.do("restart")
        await till.ctx.until(lambda: till.count("R,14,01") == 2 or None)
        await till.approved()

    at_till(story)


def test_one_leg_at_a_time(at_till):
    async def story(till):
        await till.authorise("leg1")
        with pytest.raises(Rejected, match="busy"):
            await till.authorise("leg2")

    at_till(story)


def test_the_same_leg_is_asked_once(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.driver.authorise(intent, till.in_seconds(5))
        await till.sim.do("pay")
        await till.resolve(intent)
        await till.capture()
        assert (await till.capture()).verdict is Verdict.CONFIRMED
        assert till.money == ["approved", "charged"]

    at_till(story)


def test_a_decision_never_flips(at_till):
    async def story(till):
        await till.approved()
        await till.capture()
        with pytest.raises(Rejected, match="captured"):
            await till.driver.void(till.intent(EffectKind.VOID), till.in_seconds(5))

    at_till(story)


def test_a_refuted_leg_may_be_tried_again(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.sim.do("decline")
        await till.resolve(intent)
        await till.ctx.until(lambda: till.sim.model.state()["state"] == "enabled")
        await till.approved()

    at_till(story)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_level_sells(at_till, level):
    async def story(till):
        await till.sim.do("tap", "5.00")
        await till.approved()
        assert (await till.capture()).verdict is Verdict.CONFIRMED

    at_till(story, simulate={"level": level, "always_idle": False})


def test_a_level_3_reader_may_be_capped(at_till):
    async def story(till):
        await till.approved()
        assert any(line.startswith("R,11,0001") for line in till.lines())

    at_till(story, level=1)


def test_the_second_reader_is_addressed_at_60(at_till):
    async def story(till):
        await till.approved()
        assert "R,63,0000FA000A" in till.lines()

    at_till(story, reader=2)


def test_the_expanded_currency_mode_sells_beyond_16_bits(at_till):
    async def story(till):
        assert "R,11,01FFFFFFFF000000001978" in till.lines()
        await till.sim.do("tap", "9000.00")
        assert (await till.ctx.seen(SessionBegun)).funds == 900_000
        intent = await till.approved(amount=100_000)
        assert (await till.resolve(intent)).evidence["amount"] == 100_000
        await till.capture()
        assert till.sim.acts("charged")[0]["amount"] == 100_000

    at_till(story, simulate={"wide_money": True}, wide_money=True)


def test_an_amount_that_the_reader_cannot_count_exactly_is_refused(at_till):
    async def story(till):
        with pytest.raises(Rejected, match="inexact_amount"):
            await till.authorise(amount=251)
        await till.approved(amount=250)

    at_till(story, simulate={"scale": 5})


def test_an_amount_too_large_for_16_bits_is_refused(at_till):
    async def story(till):
        with pytest.raises(Rejected, match="amount_too_large"):
            await till.authorise(amount=70_000)

    at_till(story)


def test_an_approval_over_an_inexact_amount_is_given_back(at_till):
    async def story(till):
        till.sim.model._approve = 2501
        intent = await till.authorise()
        await till.sim.do("pay")
        answer = await till.resolve(intent)
        assert (answer.verdict, answer.reason) == (Verdict.REFUTED, "voided")

    at_till(story, simulate={"decimals": 3})


def test_a_reader_in_another_currency_is_kept_out_of_service(at_till):
    async def story(till):
        await till.ctx.until(lambda: (FaultKind.PROTOCOL_ERROR, "currency") in till.ctx.faults)
        with pytest.raises(Rejected, match="offline"):
            await till.authorise()

    async def main(till):
        till.sim.model._currency_field = lambda: b"\x18\x40"
        await till.sim.do("restart")
        await story(till)

    at_till(main, online=False)


def test_once_started_it_takes_a_payment_at_once(at_till):
    async def main(till):
        assert till.driver.baseline("leg-1")["reader"] is not None

    at_till(main, online=False)


def test_a_reader_that_answers_late_is_understood(at_till):
    async def story(till):
        await till.sim.do("set", "late", "on")
        await till.sim.do("restart")
        await till.ctx.until(lambda: till.count("R,14,01") == 2 or None)
        await till.approved()
        assert (await till.capture()).verdict is Verdict.CONFIRMED
        await till.ctx.until(lambda: till.sim.model.state()["state"] == "enabled")

    at_till(story)


def test_a_malfunction_is_a_fault_until_a_poll_without_it(at_till):
    async def story(till):
        await till.sim.do("malfunction", "A1")
        await till.ctx.until(lambda: (FaultKind.JAM, "reader") in till.ctx.faults)
        await till.ctx.until(lambda: (FaultKind.JAM, "reader") not in till.ctx.faults)

    at_till(story)


def test_out_of_sequence_without_a_vend_resets_the_reader(at_till):
    async def story(till):
        till.sim.model._pending.append(b"\x0b\x03")
        await till.ctx.until(lambda: till.count("R,10") == 2 or None)
        await till.approved()

    at_till(story)


def test_out_of_sequence_over_an_open_vend_waits_for_its_decision(at_till):
    async def story(till):
        await till.approved()
        till.sim.model._pending.append(b"\x0b\x05")
        await till.ctx.until(lambda: not till.sim.model._pending)
        assert till.count("R,10") == 1
        assert (await till.void()).verdict is Verdict.CONFIRMED
        await till.ctx.until(lambda: till.count("R,10") == 2 or None)

    at_till(story)


def test_garbage_on_the_line_is_ignored(at_till):
    async def story(till):
        till.peer._put(b"\x00\xffnonsense\r\np" + b"x" * 500 + b"\r\nq,1\r\n")
        await till.approved()
        till.peer._put(b"p,ZZ\r\n")
        assert (await till.capture()).verdict is Verdict.CONFIRMED

    at_till(story)


def test_the_adapter_unplugged_in_mid_vend_does_not_lead_to_a_reset(at_till):
    async def story(till):
        await till.approved()
        till.peer.unplug()
        till.sim.model.power(False)
        await till.ctx.until(lambda: (FaultKind.OFFLINE, "") in till.ctx.faults)
        till.sim.model.power(True)
        till.peer.plug()
        assert (await till.void()).verdict is Verdict.CONFIRMED
        assert till.money == ["approved", "refunded"]

    at_till(story)


def test_the_adapter_unplugged_without_a_vend_leads_to_a_new_set_up(at_till):
    async def story(till):
        till.peer.unplug()
        await till.ctx.until(lambda: (FaultKind.OFFLINE, "") in till.ctx.faults)
        till.peer.plug()
        await till.ctx.until(lambda: till.count("R,14,01") == 2 or None)
        await till.approved()

    at_till(story)


def test_an_adapter_that_lost_its_mode_is_put_back_into_it(at_till):
    async def story(till):
        await till.approved()
        till.sim.model.power(False)
        till.sim.model.power(True)
        assert (await till.capture()).verdict is Verdict.CONFIRMED
        assert till.money == ["approved", "charged"]

    at_till(story)


def test_a_late_answer_of_the_adapter_belongs_to_its_request(at_till):
    async def story(till):
        intent = await till.authorise()
        await till.commanded("R,13,0000FA000A")
        held: list[bytes] = []
        put = till.peer._put

        def hold_the_approval(data: bytes) -> None:
            if held or data.startswith(b"p,05"):
                held.append(data)
            else:
                put(data)

        till.peer._put = hold_the_approval
        await till.sim.do("pay")
        await till.ctx.until(lambda: b"m,ACK\r\n" in held)
        till.peer._put = put
        for data in held:
            put(data)
        assert (await till.resolve(intent)).evidence["amount"] == 250

    at_till(story)


@pytest.mark.parametrize("always_idle", [True, False])
def test_a_simulated_customer_may_pay_by_himself(at_till, always_idle):
    async def story(till):
        intent = await till.authorise()
        assert (await till.resolve(intent)).verdict is Verdict.CONFIRMED

    at_till(story, simulate={"always_idle": always_idle, "auto": "pay"})


def test_the_reader_is_switched_off_when_the_hub_stops(at_till):
    async def story(till):
        await till.driver.stop()
        assert till.lines()[-1] == "R,14,00"

    at_till(story)


def test_the_reader_is_left_alone_when_the_hub_stops_in_a_vend(at_till):
    async def story(till):
        await till.approved()
        await till.driver.stop()
        assert till.count("R,14,00") == 0
        assert till.money == ["approved"]

    at_till(story)


def test_the_driver_is_a_cashless_reader_without_a_hold_or_a_refund(at_till):
    async def story(till):
        assert isinstance(till.driver, CashlessReader)
        rail = till.driver.rail
        assert not (rail.query or rail.hold or rail.partial_capture or rail.refund)
        assert rail == read_manifest(Path(mdb.__file__).parent).rail

    at_till(story)
