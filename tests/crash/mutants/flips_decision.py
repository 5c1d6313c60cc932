"""A hub that gives money back after a restart although it had decided to take it. The campaign must catch it.

What makes a decision stand is taken out: the triggers of its table, and the check of the leg's state.
"""

from dataclasses import replace

import hub.app
from hub import commerce
from hub.cli.main import main
from hub.commerce import legs
from hub.model.states import EffectKind
from hub.workflows.run import money

_TRIGGERS = ("money_decision_stands", "money_decision_once", "money_decision_stays")


def thinks_better_of_it(reader, device):
    return [
        replace(intent, kind=EffectKind.VOID) if intent.kind is EffectKind.CAPTURE else intent
        for intent in finds(reader, device)
    ]


def settles_as_it_likes(tx, leg_id, state, at, **more):
    if state == commerce.LegState.VOIDED:
        for trigger in _TRIGGERS:
            tx.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        tx.execute("UPDATE money_decision SET decision = 'void', amount = 0 WHERE leg_id = ?", (leg_id,))
    return settled(tx, leg_id, state, at, **more)


finds, hub.app._unsettled = hub.app._unsettled, thinks_better_of_it
settled = legs.leg_settled
commerce.leg_settled = money.commerce.leg_settled = settles_as_it_likes

if __name__ == "__main__":
    main()
