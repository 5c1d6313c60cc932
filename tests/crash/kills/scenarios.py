"""Handovers as people live through them: look, then do the next sensible thing, also after a blackout.

No scenario counts steps of the hub. Each turn looks at the door and the screen and acts on what is there,
so that it goes on after any kill. People try again a few times, as people do, and then leave it to staff.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kills.actor import Actor
from kills.lending import DRILL, Issue, Rental
from kills.parcels import Drop, Round
from kills.world import World


@dataclass(slots=True)
class Pickup(Actor):
    """Staff load an order, the recipient collects it; `again`: opens once more; `cancel`: nobody collects."""

    again: bool = False
    cancel: bool = False
    loaded: bool = False
    taken: bool = False
    returned: bool = False
    handover: str = ""

    async def begin(self) -> None:
        self.handover = await self.order({
            "workflow": "parcels", "recipient": {"name": "Ada", "email": "ada@example.org"},
            "items": [{"sku": "parcel-m", "quantity": 1, "size": "M", "thermal": "refrigerated"}],
            "external_ref": "order-1",
        })

    async def find(self) -> None:
        await self.look(self.handover)

    async def hands(self) -> bool:
        """At an open door: put in or take out, and close it."""
        if not self.compartment:
            return False
        board, name = self.world.pair.doors[self.compartment]
        door = await self.world.door(self.compartment)
        if door["position"] == "closed":
            return False
        await self.linger()
        if not self.loaded:
            self.loaded = await self.world.act(board, "load", name) is not None
        elif door["content"]:
            self.taken = await self.world.act(board, "take", name) is not None
        elif self.taken:
            self.returned = True
        await self.shut(board, name)
        return True

    async def screen(self) -> bool:
        """What the screen asks for; True when there is nothing left to do."""
        state = self.view["state"]
        if self.busy:
            return False
        if state == "loading":
            return await self.do("load", lambda: self.command(self.handover, "load"))
        if state == "waiting" and self.cancel:
            return await self.do("cancel", lambda: self.command(self.handover, "cancel"))
        if state == "waiting" or (state == "collected" and self.again and self.taken and not self.returned):
            return await self.do("key", self.key_pin)
        if state == "uncollected":
            return await self.do("open", lambda: self.command(self.handover, "open"))
        return state == "collected" or self.view["ended"] or bool(self.incidents)


@dataclass(slots=True)
class Sale(Actor):
    """Somebody buys one of `selection`; `decline`: the card is refused; `stuck`: those doors do not open."""

    selection: str = "11"
    places: tuple[str, ...] = ("main/A11", "main/A12")
    decline: bool = False
    stuck: int = 0
    got: bool = False

    async def begin(self) -> None:
        for place in self.places[: self.stuck]:
            board, name = self.world.pair.doors[place]
            await self.world.act(board, "stick", name)

    async def hands(self) -> bool:
        seen = await self.world.seen()
        for place in self.places:
            board, name = self.world.pair.doors[place]
            if (await self.world.door(place, seen))["position"] != "closed":
                await self.linger()
                self.got = True
                await self.shut(board, name)
                return True
        return False

    async def screen(self) -> bool:
        state = self.view.get("state")
        if state == "paying":
            if self.may(f"pay {self.view['id']}"):
                self.world.paid += 1
                await self.world.act("card", "decline" if self.decline else "pay")
            return False
        if self.busy:
            return False
        if self.incidents and (self.view["ended"] or state in ("recovery", "refund_owed", "ajar")):
            return True
        if state is None or self.view["ended"]:
            if self.got or state in ("denied", "refunded", "sold_out", "completed") or self.gave_up("select"):
                return True
            if self.may("select"):
                await self.world.key(f"{self.selection}#")
        return False


SCENARIOS: dict[str, Callable[[World], Actor]] = {
    "pickup": Pickup,
    "sale": Sale,
    "pickup_again": lambda world: Pickup(world, again=True),
    "sale_declined": lambda world: Sale(world, decline=True),
    "pickup_cancelled": lambda world: Pickup(world, cancel=True),
    "sale_another_door": lambda world: Sale(world, stuck=1),
    "sale_refunded": lambda world: Sale(world, selection="13", places=("main/A15",), stuck=1),
    "rental": Rental,
    "rental_declined": lambda world: Rental(world, decline=True),
    "rental_overdue": lambda world: Rental(world, keys="3", visits=0, waits=True),
    "issue_return": Issue,
    "issue_overdue": lambda world: Issue(world, due=5),
    "courier_drop": Drop,
    "courier_another_door": lambda world: Drop(world, occupied=1),
    "courier_taken_back": lambda world: Drop(world, cancel=True),
    "courier_round": Round,
}
#: Incidents that belong to a story: its own stuck door, its own item to be cleared out.
EXPECTED = {
    "pickup_cancelled": frozenset({"clear_out"}),
    "sale_another_door": frozenset({"stuck"}),
    "sale_refunded": frozenset({"stuck"}),
    "issue_overdue": frozenset({"overdue"}),
    "courier_another_door": frozenset({"found_item"}),
    "courier_taken_back": frozenset({"clear_out"}),
    "courier_round": frozenset({"no_credential"}),  # nobody said who collects these
}
#: What lies in a compartment before a story begins.
GOODS = {"issue_return": dict([DRILL]), "issue_overdue": dict([DRILL])}
#: The two that every failpoint is walked through to its end first.
BASE = ("pickup", "sale")
