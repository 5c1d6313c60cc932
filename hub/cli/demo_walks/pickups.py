"""Pickups: an order is loaded, the recipient is told, and the door opens to the right credential only."""

from __future__ import annotations

from pathlib import Path

from hub.cli.demo_walks.story import WalkFailed
from hub.cli.demo_walks.visit import Visit, compartment_of, expect
from hub.config import Problems, load_yaml

#: The person of the demo's people.yaml who collects with a badge.
_BADGE_HOLDER = "tom"


async def by_pin(visit: Visit) -> None:
    """A wrong PIN opens nothing; the right one, out of the message, opens the recipient's door."""
    email = "ada@example.org"
    handover = await visit.loaded(await visit.order("parcel-m", name="Ada Marten", email=email))
    pin = str((await visit.message_to(email))["pin"])
    opened = len(visit.happened("door_opened"))
    with visit.story.step("The recipient keys a wrong PIN") as step:
        async with visit.api.screen() as screen:
            await visit.act("scanner", "key", f"{_another(pin)}#")
            told = await screen.next("told")
        expect("what the terminal tells", told["code"], "refused.unknown")
        if len(visit.happened("door_opened")) != opened:
            raise WalkFailed("no door to open to a wrong PIN", visit.happened("door_opened")[opened:])
        step.note = f"told {told['code']} at {told['terminal']}; nothing opened"
    with visit.story.step("The recipient keys the PIN of the message"):
        await visit.act("scanner", "key", f"{pin}#")
    await visit.collects(handover)


async def by_qr(visit: Visit) -> None:
    """The picture that the recipient got is held before the camera."""
    email = "noor@example.org"
    handover = await visit.loaded(await visit.order("parcel-s", name="Noor Haddad", email=email))
    message = await visit.message_to(email)
    picture = visit.site.site / "var" / "mailbox" / "mailbox" / f"{message['id']}.png"
    with visit.story.step("The recipient shows the picture in the message to the camera") as step:
        if await visit.api.picture(message["picture"]) != picture.read_bytes():
            raise WalkFailed("the picture of the message to be the file that was sent", picture)
        await visit.act("camera", "show", str(picture))
        step.note = f"{picture.name}, {picture.stat().st_size} bytes"
    await visit.collects(handover)


async def by_tag(visit: Visit) -> None:
    """A known person collects with the badge that the site knows."""
    handover = await visit.loaded(await visit.order("parcel-l", name="Tom Adler", ref=_BADGE_HOLDER))
    uid = _tag_of(visit.site.site)
    with visit.story.step("The recipient holds a badge to the reader") as step:
        tapped = await visit.act("badge", "tap", uid)
        step.note = f"tag {uid}, process {tapped['pid']}, {visit.site.endpoint('badge')}"
    done = await visit.collects(handover)
    expect("the compartment", compartment_of(done), compartment_of(handover))


def _another(pin: str) -> str:
    """A PIN that differs in its last digit."""
    return pin[:-1] + str((int(pin[-1]) + 1) % 10)


def _tag_of(site: Path) -> str:
    problems = Problems()
    document = load_yaml(site / "people.yaml", problems)
    if document is None:
        raise WalkFailed("the demo's people.yaml", problems.render())
    return str(document.data[_BADGE_HOLDER]["tags"][0])
