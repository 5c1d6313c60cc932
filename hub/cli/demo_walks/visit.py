"""What people at the demo site do, and what they wait for: the vocabulary that the walks are told in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hub.cli.demo_walks.api import AWAY, Api
from hub.cli.demo_walks.site import DemoSite
from hub.cli.demo_walks.story import Story, WalkFailed
from hub.model.money import Money
from hub.twin.errors import TwinError
from hub.twin.ledger import FILE as LEDGER
from hub.twin.ledger import read_ledger

T = TypeVar("T")
_LOOK = 0.04
_PATIENCE = 15.0
#: A door latches only once the lock's pulse is over.
_LATCH = 0.1


@dataclass(slots=True)
class Visit:
    """One walk through the site. `since` is the ledger's last line before it began."""

    site: DemoSite
    api: Api
    story: Story
    since: int
    handovers: list[str] = field(default_factory=list)

    # --- staff and shop ---------------------------------------------------------------------------

    async def order(
        self, sku: str, window: Mapping[str, str] | None = None, **recipient: str
    ) -> dict[str, Any]:
        """A shop system orders a pickup; the handover as the API shows it."""
        body: dict[str, Any] = {
            "workflow": "parcels", "recipient": recipient, "items": [{"sku": sku, "quantity": 1}],
        }
        if window is not None:
            body["window"] = window
        with self.story.step(f"An order for {recipient['name']} arrives: {sku}") as step:
            created = await self.api.post("handovers", body)
            self.handovers.append(created["id"])
            handover = await self.reaches(created["id"], "loading")
            step.note = f"{compartment_of(handover)} is assigned"
        return handover

    async def loaded(self, handover: dict[str, Any]) -> dict[str, Any]:
        """Staff have the door opened, put the item in and close it."""
        place = compartment_of(handover)
        with self.story.step(f"Staff load it into {place} and close the door") as step:
            await self.api.post(f"handovers/{handover['id']}/load", {"why": "demo"})
            opened = await self.reaches(handover["id"], "being_loaded")
            await self.act_at(place, "load", handover["items"][0]["sku"])
            await self.closes(place)
            step.note = proof_of(opened)
            return await self.reaches(handover["id"], "waiting")

    async def message_to(self, email: str) -> dict[str, Any]:
        """The message that the recipient got."""
        with self.story.step(f"A message reaches {email}") as step:
            async def arrived() -> dict[str, Any] | None:
                sent = (await self.api.get("messages"))["messages"]
                return next((found for found in sent if found["to"].get("email") == email), None)

            message = await until(arrived, f"a message to {email}")
            step.note = message["subject"]
        return message

    # --- customers --------------------------------------------------------------------------------

    async def collects(self, handover: dict[str, Any]) -> dict[str, Any]:
        """The door opens, the recipient takes the item and closes it."""
        place = compartment_of(handover)
        with self.story.step(f"{place} opens for the recipient") as step:
            opened = await self.reaches(handover["id"], "collecting")
            step.note = proof_of(opened)
        with self.story.step("The recipient takes the item and closes the door") as step:
            await self.act_at(place, "take")
            await self.closes(place)
            done = await self.reaches(handover["id"], "collected")
            expect(f"status completed of {handover['id']}", done["status"], "completed")
            expect("custody of the recipient", done["allocations"][-1]["outcome"], "collected")
            step.note = f"{done['status']}; custody is the recipient's"
        return done

    async def selects(self, keys: str) -> dict[str, Any]:
        """A customer keys a selection; the sale that begins."""
        before = {found["id"] for found in await self._sales()}
        with self.story.step(f"A customer keys {keys}#") as step:
            await self.act("scanner", "key", f"{keys}#")

            async def begun() -> str | None:
                new = [found["id"] for found in await self._sales() if found["id"] not in before]
                return new[0] if new else None

            sale = await until(begun, f"a sale of selection {keys}")
            self.handovers.append(sale)
            handover = await self.reaches(sale, "paying")
            leg = handover["legs"][-1]
            asked = money(leg["amount"], leg["currency"])
            step.note = f"{compartment_of(handover)} is held, {asked} is asked"
        return handover

    async def pays(self, text: str = "The customer pays by card") -> None:
        """Somebody holds a card to the terminal."""
        with self.story.step(text):
            await self.act("card", "pay")

    async def closes_after_sale(self, handover_id: str) -> dict[str, Any]:
        """The customer takes the goods and closes the door; the sale is over."""
        place = compartment_of(await self.handover(handover_id))
        with self.story.step(f"The customer takes it and closes {place}") as step:
            await self.closes(place)
            done = await self.reaches(handover_id, "completed")
            step.note = f"{done['status']}; {paid(done)}"
        return done

    # --- the world --------------------------------------------------------------------------------

    async def act(self, device: str, action: str, *words: str) -> Any:
        """Do something to a device of the twin. Raises WalkFailed."""
        try:
            return await self.site.twin.act(device, action, *words)
        except TwinError as error:
            raise WalkFailed(f"twin {action} {device} to succeed", error) from None

    async def act_at(self, place: str, action: str, *words: str) -> Any:
        """Do something to the door of a compartment."""
        return await self.act(await self.board_of(place), action, place, *words)

    async def closes(self, place: str) -> None:
        """Push a door shut as soon as its lock latches again."""
        board = await self.board_of(place)

        async def shut() -> bool:
            try:
                await self.site.twin.act(board, "close", place)
            except TwinError as error:
                if error.code != "refused":
                    raise WalkFailed(f"the door of {place} to close", error) from None
                await asyncio.sleep(_LATCH)
                return False
            return True

        await until(shut, f"the door of {place} to latch")

    async def board_of(self, place: str) -> str:
        """The device that has the door of a compartment."""
        for name, device in (await self.site.twin.state())["devices"].items():
            if any(door["compartment"] == place for door in device.get("doors", {}).values()):
                return str(name)
        raise WalkFailed(f"a board with the door of {place}", "none")

    def ledger(self) -> list[dict[str, Any]]:
        """What physically happened on this walk."""
        return list(read_ledger(self.site.twin_state / LEDGER, self.since))

    def happened(self, act: str) -> list[dict[str, Any]]:
        """The ledger's lines of one kind."""
        return [line for line in self.ledger() if line["act"] == act]

    # --- waiting ----------------------------------------------------------------------------------

    async def handover(self, handover_id: str) -> dict[str, Any]:
        """A handover with its evidence."""
        found: dict[str, Any] = await self.api.get(f"handovers/{handover_id}")
        return found

    async def reaches(self, handover_id: str, *states: str, within: float = _PATIENCE) -> dict[str, Any]:
        """Wait until the handover is in one of the states. Raises WalkFailed with where it is instead."""
        last: dict[str, Any] = {}

        async def there() -> dict[str, Any] | None:
            last.update(await self.handover(handover_id))
            return last if last["state"] in states else None

        return await until(there, f"state {' or '.join(states)}", lambda: _where(last), within)

    async def _sales(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.api.get("handovers", workflow="shop"))["handovers"]
        return found


async def until(
    look: Callable[[], Awaitable[T | None]], what: str, seen: Callable[[], object] = lambda: "nothing yet",
    within: float = _PATIENCE, every: float = _LOOK,
) -> T:
    """Look until something true is found. Raises WalkFailed when time is up."""
    try:
        async with asyncio.timeout(within):
            while not (found := await look()):  # noqa: ASYNC110  the one looked at is another process
                await asyncio.sleep(every)
    except AWAY as error:
        shown = seen() if isinstance(error, TimeoutError) else f"{type(error).__name__}: {error}"
        raise WalkFailed(f"{what} within {within:.0f} s", shown) from None
    return found


def expect(what: str, seen: object, wanted: object) -> None:
    """Raises WalkFailed unless both are the same."""
    if seen != wanted:
        raise WalkFailed(f"{what}: {wanted}", seen)


def compartment_of(handover: dict[str, Any]) -> str:
    """The compartment that the handover has last been given."""
    return str(handover["allocations"][-1]["compartment"])


def proof_of(handover: dict[str, Any]) -> str:
    """The evidence of the last opening, in words."""
    effect = [found for found in handover["effects"] if found["kind"] == "open"][-1]
    return f"{effect['device']}/{effect['target']} {effect['state']} by {effect['level']}"


def paid(handover: dict[str, Any]) -> str:
    """What became of the money, in words."""
    leg = handover["legs"][-1]
    captured = leg["decided"] is not None and leg["decided"]["decision"] == "capture"
    amount = leg["decided"]["amount"] if captured else leg["amount"]
    return f"{money(amount, leg['currency'])} {leg['state']}"


def money(minor: int, currency: str) -> str:
    """Minor units as text."""
    return str(Money(minor, currency))


def _where(handover: dict[str, Any]) -> str:
    if not handover:
        return "no answer"
    open_ones = [found["kind"] for found in handover["incidents"] if found["open"]]
    acts = [f"{e['kind']} {e['device']} {e['state']} {e['reason']}".strip() for e in handover["effects"]]
    incidents = f", incidents: {', '.join(open_ones)}" if open_ones else ""
    return f"state {handover['state']} ({handover['status']}){incidents}; acts: {'; '.join(acts) or 'none'}"
