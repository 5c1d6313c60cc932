"""The life of one payment: one vend request, one decision, one verdict (MDB/ICP 4.2, section 7.4).

Pure: told what was sent, what was heard and what was lost; says what to send next. Times are monotonic
seconds. A reset between VEND APPROVED and VEND SUCCESS counts as success at the reader, so everything
here exists to get a decision to it first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hub.model.effects import Json, Resolution
from hub.model.states import EffectKind
from integrations.mdb.codec import Name

#: Reader states of 0B in which a vend is under way.
_IN_VEND = (5, 7)
_INACTIVE = 1


class Stage(StrEnum):
    """Where a leg stands."""

    WAITING = "waiting"        # for a session; nothing was sent
    ASKED = "asked"            # VEND REQUEST sent
    CANCELLING = "cancelling"  # VEND CANCEL to be acknowledged, then to be answered by DENIED
    APPROVED = "approved"      # the hub has to decide
    TAKING = "taking"          # VEND SUCCESS to be acknowledged
    FAILING = "failing"        # VEND FAILURE to be acknowledged
    REFUNDING = "refunding"    # VEND FAILURE acknowledged, the refund to be proved
    COUNTED = "counted"        # reset after approval: the reader counts it as a success
    ENDED = "ended"


#: While a leg stands here a reset of the reader would decide about money.
OPEN_STAGES = frozenset(
    {Stage.ASKED, Stage.CANCELLING, Stage.APPROVED, Stage.TAKING, Stage.FAILING, Stage.REFUNDING}
)
_NEXT = {
    Stage.WAITING: Name.VEND_REQUEST,
    Stage.ASKED: Name.VEND_REQUEST,
    Stage.CANCELLING: Name.VEND_CANCEL,
    Stage.TAKING: Name.VEND_SUCCESS,
    Stage.FAILING: Name.VEND_FAILURE,
}


@dataclass(slots=True)
class Leg:
    """One tender at this terminal. `amount` is in minor units, `units` in the reader's."""

    leg_id: str
    amount: int
    units: int
    item: int
    #: When an undecided request is withdrawn, and when the vend no longer keeps the reader from a reset.
    withdraw_at: float
    overdue: float
    stage: Stage = Stage.WAITING
    want: EffectKind | None = None
    withdrawn: str = ""
    approved_amount: int | None = None
    #: An earlier process may have sent VEND FAILURE already.
    failed_before: bool = False
    #: A leg of an earlier process first hears what the reader still has to say.
    heard: bool = True
    acked: bool = False
    since: float = 0.0
    tries: int = 0
    #: An answer was lost since VEND FAILURE was first sent, or even after it was acknowledged.
    gap: bool = False
    blind: bool = False
    #: A poll was answered by a plain ACK since then.
    quiet_poll: bool = False
    verdicts: dict[EffectKind, Resolution] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether a reset of the reader would decide about money."""
        return self.stage in OPEN_STAGES

    def verdict(self, kind: EffectKind) -> Resolution | None:
        """What is known of the effect of that kind, None while it is open."""
        if kind is EffectKind.VOID and kind not in self.verdicts:
            asked = self.verdicts.get(EffectKind.AUTHORISE)
            if self.stage is Stage.ENDED and self.approved_amount is None and asked is not None:
                if asked.reason and asked.verdict == "refuted":
                    return Resolution.confirmed(proof="never_charged", cause=asked.reason)
                return Resolution.unknown("refund_owed", cause=asked.reason)
        return self.verdicts.get(kind)

    def decide(self, want: EffectKind) -> str:
        """The hub captures or voids. Returns why that cannot be, or nothing. Never flips."""
        if self.want is not None and self.want is not want:
            return "voided" if self.want is EffectKind.VOID else "captured"
        if want is EffectKind.CAPTURE and self.stage not in (Stage.APPROVED, Stage.COUNTED):
            return "" if self.want is want else "not_approved"
        self.want = want
        if self.stage is Stage.APPROVED:
            self._to(Stage.TAKING if want is EffectKind.CAPTURE else Stage.FAILING)
        elif self.stage is Stage.COUNTED:
            self._counted()
        elif want is EffectKind.VOID and self.verdict(want) is None:
            self.withdrawn = self.withdrawn or "voided"
        return ""

    def tick(self, now: float, patience: float, max_response: float) -> None:
        """Let time pass: expiry, an answer to VEND CANCEL or a refund that never came."""
        match self.stage:
            case Stage.WAITING:
                if self.withdrawn or now >= self.withdraw_at:
                    self._end(Resolution.refuted(self.withdrawn or "expired"))
            case Stage.ASKED:
                late = self.acked and now > self.since + max_response + patience
                if late or now >= self.withdraw_at:
                    self.withdrawn = self.withdrawn or "expired"
                if self.withdrawn and self.heard:
                    self._to(Stage.CANCELLING)
            case Stage.CANCELLING:
                if self.acked and now > self.since + patience:
                    self._to(Stage.FAILING)
            case Stage.REFUNDING:
                if now > self.since + patience:
                    self._failed(None, "silent")

    def command(self) -> Name | None:
        """What to send now; None to poll."""
        if self.acked or not self.heard:
            return None
        return _NEXT.get(self.stage)

    def sent(self, name: Name) -> None:
        """`name` is about to leave."""
        if name is not _NEXT.get(self.stage):
            return
        if self.stage is Stage.WAITING:
            self._to(Stage.ASKED)
        self.tries += 1

    def unsent(self, name: Name) -> None:
        """Provably, `name` did not leave."""
        if name is _NEXT.get(self.stage):
            self.tries -= 1
            if self.stage is Stage.ASKED and not self.tries and not self.acked:
                self._to(Stage.WAITING)

    def taken(self, name: Name, now: float) -> None:
        """The reader acknowledged `name`."""
        if name is not _NEXT.get(self.stage):
            return
        if self.stage is Stage.TAKING:
            self._captured("acknowledged")
        elif self.stage is Stage.FAILING:
            tries, quiet = self.tries, self.quiet_poll
            self._to(Stage.REFUNDING)
            self.tries, self.quiet_poll, self.since = tries, quiet, now
        else:
            self.acked, self.since = True, now

    def lost(self, name: Name, now: float) -> None:
        """`name` left and its answer, if any, was never seen."""
        if self.stage is Stage.REFUNDING:
            self.gap = self.blind = True
        elif self.stage is Stage.FAILING and self.tries:
            self.gap = True
        if name is Name.VEND_REQUEST and self.stage is Stage.ASKED:
            # It may have been acknowledged, and what was acknowledged is never sent again.
            self.acked, self.since = True, now
            self.withdrawn = self.withdrawn or "interrupted"

    def quiet(self) -> None:
        """A poll was answered by a plain ACK: the reader has nothing to say."""
        self.heard = True
        if self.stage is Stage.FAILING and self.tries:
            self.quiet_poll = True
        elif self.stage is Stage.REFUNDING:
            # The lost answer may have been the one and only report of a failed refund.
            self._failed(None if self.blind else "polled", "unproved")

    def approved(self, amount: int | None, token: bool) -> None:
        """VEND APPROVED over `amount` minor units; None when it is no whole number of them."""
        unwanted = self.stage is Stage.ASKED and (self.withdrawn or amount is None)
        if self.stage is Stage.CANCELLING or unwanted:
            self.withdrawn = self.withdrawn or "inexact_amount"
            self._to(Stage.FAILING)
        elif self.stage is Stage.ASKED and amount is not None:
            self.approved_amount = amount
            facts: dict[str, Json] = {"amount": amount}
            if token:
                facts["token"] = True
            self.verdicts[EffectKind.AUTHORISE] = Resolution.confirmed(**facts)
            self._to(Stage.APPROVED)

    def denied(self) -> None:
        """VEND DENIED, or the answer to VEND CANCEL."""
        undecided = self.stage in (Stage.ASKED, Stage.CANCELLING)
        late = self.stage in (Stage.FAILING, Stage.REFUNDING) and self.approved_amount is None
        if undecided or (late and not self.failed_before):
            self._end(Resolution.refuted(self.withdrawn or "denied"))

    def cancel_requested(self) -> None:
        """The person pressed cancel."""
        if self.stage in (Stage.WAITING, Stage.ASKED):
            self.withdrawn = self.withdrawn or "cancelled"

    def refund_failed(self) -> bool:
        """0A Cx: returns whether it was about this leg."""
        if self.stage not in (Stage.FAILING, Stage.REFUNDING):
            return False
        self._failed(None, "refund_failed")
        return True

    def out_of_sequence(self, state: int | None, now: float) -> None:
        """0B: the reader did not execute something, because it stands in `state`."""
        if state == _INACTIVE:
            self.was_reset()
        elif self.stage is Stage.ASKED:
            self._asked_wrongly(state, now)
        elif self.stage is Stage.CANCELLING:
            if state is None or state in _IN_VEND:
                self._to(Stage.FAILING)
            else:
                self._not_in_vend()
        elif self.stage is Stage.TAKING and state is not None and state not in _IN_VEND:
            self._captured("decided_before")
        elif self.stage is Stage.REFUNDING:
            self._failed_wrongly(state)

    def was_reset(self) -> None:
        """The reader was reset: an approved vend is now a success, an undecided one nobody knows."""
        if self.stage is Stage.APPROVED:
            self._to(Stage.COUNTED)
        elif self.stage is Stage.TAKING:
            self._captured("reset_counts_as_success")
        elif self.stage in (Stage.FAILING, Stage.REFUNDING):
            self._failed(None, "reset")
        elif self.stage in (Stage.ASKED, Stage.CANCELLING):
            self._end(Resolution.unknown("reset_before_answer"))

    def _asked_wrongly(self, state: int | None, now: float) -> None:
        if state in _IN_VEND:  # a repeat of a request that had arrived
            self.acked, self.since = True, now
        elif state is None:
            self.withdrawn = self.withdrawn or "out_of_sequence"
            self._to(Stage.CANCELLING)
        else:
            self._not_in_vend()

    def _not_in_vend(self) -> None:
        """No vend is open and none was decided by us: proof, unless an earlier VEND FAILURE ended it."""
        if self.failed_before:
            self._failed(None, "unproved")
        else:
            self._end(Resolution.refuted(self.withdrawn or "out_of_sequence"))

    def _failed_wrongly(self, state: int | None) -> None:
        """Our VEND FAILURE was refused: an earlier one was executed, or there was no vend."""
        idle = state is not None and state not in _IN_VEND
        if self.failed_before or not idle or self.gap:
            self._failed(None, "unproved")
        elif self.tries > 1 and self.quiet_poll:
            self._failed("polled", "")
        elif self.tries == 1 and self.approved_amount is None and self.want is None:
            self._end(Resolution.refuted(self.withdrawn or "out_of_sequence"))
        else:
            self._failed(None, "unproved")

    def _captured(self, proof: str) -> None:
        facts: dict[str, Json] = {"proof": proof}
        if self.approved_amount is not None:
            facts["amount"] = self.approved_amount
        self.verdicts[EffectKind.CAPTURE] = Resolution.confirmed(**facts)
        self._to(Stage.ENDED)

    def _failed(self, proof: str | None, reason: str) -> None:
        """The refund is proved, or has failed, or is owed because of `reason`."""
        failed = reason == "refund_failed"
        owed = Resolution.unknown(reason) if failed else Resolution.unknown("refund_owed", why=reason)
        if EffectKind.AUTHORISE not in self.verdicts:
            self._end(Resolution.refuted("voided", cause=self.withdrawn) if proof else owed)
        if self.want is EffectKind.VOID:
            self.verdicts[EffectKind.VOID] = Resolution.confirmed(proof=proof) if proof else owed
        self._to(Stage.ENDED)

    def _counted(self) -> None:
        """The decision about a leg that the reader already counts as a success."""
        if self.want is EffectKind.CAPTURE:
            self._captured("reset_counts_as_success")
        elif self.want is EffectKind.VOID:
            self.verdicts[EffectKind.VOID] = Resolution.unknown("refund_owed", why="reset")
            self._to(Stage.ENDED)

    def _end(self, resolution: Resolution) -> None:
        self.verdicts[EffectKind.AUTHORISE] = resolution
        self._to(Stage.ENDED)

    def _to(self, stage: Stage) -> None:
        self.stage = stage
        self.acked, self.tries, self.quiet_poll = False, 0, False
