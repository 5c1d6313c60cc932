"""Sales: select, pay at the terminal, take it out; and what happens when a step does not work."""

from __future__ import annotations

from hub.cli.demo_walks.story import WalkFailed
from hub.cli.demo_walks.visit import Visit, compartment_of, expect, paid, proof_of

#: Two attempts at a door that does not move, then another one: each is watched for some seconds.
_STUCK_PATIENCE = 40.0


async def by_card(visit: Visit) -> None:
    """A sandwich: paid, its door opens, the money is taken because the door was seen open."""
    sale = await visit.selects("13")
    await visit.pays()
    await _opens(visit, sale["id"])
    done = await visit.closes_after_sale(sale["id"])
    expect("legs", [leg["state"] for leg in done["legs"]], ["captured"])


async def declined(visit: Visit) -> None:
    """The card is refused: no door, no money, the compartment is free again."""
    sale = await visit.selects("13")
    with visit.story.step("The customer's card is refused") as step:
        await visit.act("card", "decline")
        done = await visit.reaches(sale["id"], "denied")
        expect("acts but the payment", [e for e in done["effects"] if e["kind"] != "authorise"], [])
        step.note = f"{done['status']}; {paid(done)}"
    with visit.story.step("Nothing opened, nothing was charged, the compartment is free") as step:
        await _free(visit, compartment_of(sale))
        expect("openings and charges", visit.happened("door_opened") + visit.happened("charged"), [])


async def another_door(visit: Visit) -> None:
    """Water: the first door is stuck, the bottle comes out of the other one, paid once."""
    sale = await visit.selects("12")
    stuck = compartment_of(sale)
    await _jam(visit, stuck)
    await visit.pays()
    with visit.story.step(f"{stuck} stays shut, another compartment opens") as step:
        opened = await visit.reaches(sale["id"], "collecting", within=_STUCK_PATIENCE)
        if compartment_of(opened) == stuck:
            raise WalkFailed("another compartment than the stuck one", stuck)
        step.note = f"{proof_of(opened)}; {_incidents(opened)}"
    done = await visit.closes_after_sale(sale["id"])
    expect("legs", [leg["state"] for leg in done["legs"]], ["captured"])
    await _unjam(visit, stuck)


async def money_back(visit: Visit) -> None:
    """Salad: the only door is stuck, so the payment is voided and the refund is proved by the reader."""
    sale = await visit.selects("14")
    stuck = compartment_of(sale)
    await _jam(visit, stuck)
    await visit.pays()
    with visit.story.step(f"{stuck} stays shut and there is no other: the money goes back") as step:
        done = await visit.reaches(sale["id"], "refunded", within=_STUCK_PATIENCE)
        expect("legs", [leg["state"] for leg in done["legs"]], ["voided"])
        step.note = f"{paid(done)}; {_incidents(done)}"
    await _unjam(visit, stuck)


async def _opens(visit: Visit, sale: str) -> None:
    with visit.story.step("The compartment opens") as step:
        opened = await visit.reaches(sale, "collecting")
        step.note = f"{compartment_of(opened)}: {proof_of(opened)}; {paid(opened)}"


async def _jam(visit: Visit, place: str) -> None:
    with visit.story.step(f"The latch of {place} jams"):
        await visit.act_at(place, "stick")


async def _unjam(visit: Visit, place: str) -> None:
    """Leave the site usable for the next walk; the hub still has the compartment out of service."""
    with visit.story.step(f"A technician frees the latch of {place}"):
        await visit.act_at(place, "free")


async def _free(visit: Visit, place: str) -> None:
    banks = (await visit.api.get("banks"))["banks"]
    found = next(c for bank in banks for c in bank["compartments"] if c["id"] == place)
    expect(f"allocation of {place}", found["allocation"]["state"], "free")


def _incidents(handover: dict[str, object]) -> str:
    found = handover["incidents"]
    assert isinstance(found, list)
    owned = ", ".join(f"{incident['kind']} for {incident['owner']}" for incident in found)
    return f"incident: {owned}" if owned else "no incident"
