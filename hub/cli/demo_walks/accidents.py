"""The hub is killed in the middle of a sale, twice; what was paid and opened is neither lost nor repeated."""

from __future__ import annotations

from hub.cli.demo_walks.story import WalkFailed
from hub.cli.demo_walks.visit import Visit, compartment_of, expect, paid, proof_of, until

#: Quicker than the hub can learn of it: a door is read every 50 ms.
_AT_ONCE = 0.002


async def killed(visit: Visit) -> None:
    """Killed when the card was approved, and again when the door has sprung open: one opening, one charge."""
    sale = await visit.selects("11")
    await until(lambda: _asked(visit), "the reader to ask for the payment")
    with visit.story.step("The customer pays; the hub is killed before it hears of it") as step:
        visit.site.hold_hub()
        await visit.act("card", "pay")
        await _the_moment(visit, "approved")
        pid = visit.site.hub_pid
        await visit.site.kill_hub()
        step.note = f"process {pid}, signal 9"
    with visit.story.step("A new hub starts on what was written, and the door opens") as step:
        visit.site.spawn_hub()
        await _the_moment(visit, "door_opened")
        step.note = f"process {visit.site.hub_pid}"
    with visit.story.step("It is killed as well, at that moment") as step:
        pid = visit.site.hub_pid
        await visit.site.kill_hub()
        charged = len(visit.happened("charged"))
        step.note = f"process {pid}, signal 9, {charged or 'no'} charge yet"
    with visit.story.step("A third hub finds the door open and settles") as step:
        await visit.site.start_hub(visit.api)
        opened = await visit.reaches(sale["id"], "collecting")
        step.note = f"process {visit.site.hub_pid}; {proof_of(opened)}; {paid(opened)}"
    done = await visit.closes_after_sale(sale["id"])
    with visit.story.step("One opening and one charge, as the twin saw it") as step:
        openings, charges = visit.happened("door_opened"), visit.happened("charged")
        expect("openings", [act["facts"]["compartment"] for act in openings], [compartment_of(done)])
        expect("charges", [act["facts"]["amount"] for act in charges], [done["legs"][-1]["amount"]])
        step.note = f"door {openings[0]['facts']['compartment']}, charge {charges[0]['facts']['amount']}"


async def _asked(visit: Visit) -> bool:
    """Whether the request stands at the reader: from now on the customer's answer needs no hub."""
    return (await visit.site.twin.state())["devices"]["card"]["amount"] is not None


async def _the_moment(visit: Visit, act: str) -> None:
    """Return as soon as the twin has seen `act`."""
    async def seen() -> bool:
        return bool(visit.happened(act))

    await until(seen, f"the twin to see {act}", lambda: visit.ledger()[-3:], every=_AT_ONCE)
    if len(visit.happened(act)) > 1:
        raise WalkFailed(f"one {act}", visit.happened(act))
