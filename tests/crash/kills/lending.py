"""Things and compartments for a time: a person with a badge comes, goes, and comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kills.actor import Actor

MIA = "04e1b2c3d4e503"
#: Where the drill lies at first, and what the ledger calls it.
DRILL = ("main/A3", "drill-1")


@dataclass(slots=True)
class Rental(Actor):
    """Pay, put something in, come back `visits` times, end it; `waits`: overstays and pays for that, too."""

    keys: str = "2"
    visits: int = 1
    decline: bool = False
    waits: bool = False
    stored: bool = False
    ending: bool = False

    async def hands(self) -> bool:
        if not self.compartment:
            return False
        board, name = self.world.pair.doors[self.compartment]
        door = await self.world.door(self.compartment)
        if door["position"] == "closed":
            return False
        await self.linger()
        if not self.stored:
            self.stored = await self.world.act(board, "load", name) is not None
        elif self.ending:
            await self.world.act(board, "take", name)
        else:
            self.visits -= 1
        await self.shut(board, name)
        return True

    async def screen(self) -> bool:
        state = self.view.get("state")
        if state in ("paying", "paying_overdue"):
            if self.may(f"{state} {len(self.view['legs'])}"):
                self.world.paid += 1
                await self.world.act("card", "decline" if self.decline else "pay")
            return False
        if self.busy:
            return False
        if state is None:
            return await self.do("begin", self._begin)
        if state == "in_session" and self.visits > 0:
            return await self.do(f"tap {self.visits}", self._tap)
        if state == "in_session" and self.waits:
            self.ending = True
            return False
        if state == "in_session":
            self.ending = True
            return await self.do("end", self._end)
        if state == "overdue":
            self.ending = True
            return await self.do("tap at the end", self._tap)
        return bool(self.view["ended"] or self.incidents)

    async def _begin(self) -> None:
        await self.world.key(f"{self.keys}#")
        await self.world.tap(MIA)

    async def _tap(self) -> None:
        await self.world.tap(MIA)

    async def _end(self) -> None:
        """Where no visit is known any more, the badge is tapped again first, and that opens once more."""
        if self.tried["end"] % 2:
            await self.world.key("9#")
        else:
            await self.world.tap(MIA)


@dataclass(slots=True)
class Issue(Actor):
    """Take a drill and bring it back, into whatever door opens; `due`: seconds until it is overdue."""

    due: int = 0
    taken: bool = False
    returned: bool = False

    async def begin(self) -> None:
        if not self.due:
            return
        until = datetime.now(UTC) + timedelta(seconds=self.due)
        await self.order({
            "workflow": "tools", "recipient": {"ref": "mia"},
            "items": [{"sku": "drill", "quantity": 1, "asset": DRILL[1]}],
            "due": until.isoformat(timespec="seconds"),
        })

    async def hands(self) -> bool:
        if not self.compartment:
            return False
        board, name = self.world.pair.doors[self.compartment]
        door = await self.world.door(self.compartment)
        if door["position"] == "closed":
            return False
        await self.linger()
        if door["content"]:
            self.taken = await self.world.act(board, "take", name) is not None
        elif self.taken:
            self.returned = await self.world.act(board, "load", name, DRILL[1]) is not None
        await self.shut(board, name)
        return True

    async def screen(self) -> bool:
        state = self.view.get("state")
        if self.busy:
            return False
        if state is None:
            return await self.do("begin", self._begin)
        if state == "waiting":
            return await self.do("tap", self._tap)
        if state == "with_holder" and self.due:
            return False
        if state in ("with_holder", "still_overdue"):
            return await self.do("tap to return", self._tap)
        return bool(self.view["ended"] or self.incidents)

    async def _begin(self) -> None:
        await self.world.key("1#")
        await self.world.tap(MIA)

    async def _tap(self) -> None:
        await self.world.tap(MIA)
