"""Everything that people and the API may ask of a running site, registered in one place."""

from __future__ import annotations

from hub import access
from hub.core.clock import Clock
from hub.core.commands import CommandPort
from hub.store import Store
from hub.workflows.run.approving import APPROVAL_VERBS, Approving
from hub.workflows.run.by_hub import ByHub
from hub.workflows.run.commanding import Rules
from hub.workflows.run.desk_verbs import DESK_VERBS, DeskVerbs
from hub.workflows.run.service import Handovers
from hub.workflows.run.verbs import VERBS, Verbs


class Desk:
    """The handlers of all commands over one store. `approving.run()` ends requests whose time is over."""

    def __init__(
        self, store: Store, clock: Clock, handovers: Handovers, policy: access.Policy, site: str = "The hub"
    ) -> None:
        engine, rules = handovers.engine, Rules(policy, site)
        self.approving = Approving(store, clock, engine, policy)
        by_hub = ByHub(engine, handovers.executors, handovers.intents.money, self.approving)
        self.verbs = Verbs(store, clock, engine, by_hub, rules)
        self.desk_verbs = DeskVerbs(store, clock, engine, rules)
        handovers.presentations.ask = self.verbs.in_transaction
        self.approving.carriers.update({f"handover.{verb}": self.verbs.in_transaction for verb in VERBS})
        self.approving.carriers.update(dict.fromkeys(DESK_VERBS, self.desk_verbs.in_transaction))

    def register(self, port: CommandPort) -> None:
        """Serve every verb at `port`."""
        for verb in VERBS:
            port.register(f"handover.{verb}", self.verbs)
        for verb in DESK_VERBS:
            port.register(verb, self.desk_verbs)
        for verb in APPROVAL_VERBS:
            port.register(verb, self.approving)
