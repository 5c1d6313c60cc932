"""Reading the site, and what exists on simulated sites only: messages and the customer's side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.web import answers, asset_answers, bodies, place_answers
from hub.web.answers import iso
from hub.web.calls import API, Api, Call, Reply
from hub.web.places import asset_views, bank_views, device_views, health
from hub.web.ports import TwinRefused
from hub.web.problems import Problem

_TWIN_PROBLEMS = {
    "not_running": "twin-away", "unknown_device": "unknown-device", "unknown_action": "unknown-action",
    "bad_arguments": "invalid",
}


async def hub_health(api: Api, call: Call) -> Reply:
    """How the hub is; 503 while it cannot record anything."""
    found = health(api.ports, api.ports.clock.monotonic() - api.started)
    return Reply(found, None if found.store.healthy else 503)


async def banks(api: Api, call: Call) -> Reply:
    """All banks with their compartments."""
    ports = api.ports
    found = await ports.store.read(lambda r: bank_views(r, ports.config, ports.temperatures))
    return Reply(place_answers.Banks(found))


async def assets(api: Api, call: Call) -> Reply:
    """The assets that are asked for; holders by reference."""
    query: bodies.AssetsQuery = call.query
    at = api.ports.clock.now()
    return Reply(asset_answers.Assets(await api.ports.store.read(lambda r: asset_views(r, query, at))))


async def devices(api: Api, call: Call) -> Reply:
    """All devices."""
    return Reply(answers.Devices(device_views(api.ports, await api.actions())))


async def messages(api: Api, call: Call) -> Reply:
    """What was sent to people, newest first."""
    return Reply(answers.Messages([_message(found) for found in _sent(api)]))


async def picture(api: Api, call: Call) -> Reply:
    """The QR picture of a message, the very file that was sent."""
    wanted = call.params["id"]
    path = next((found["picture"] for found in _sent(api) if found["id"] == wanted), None)
    if path is None:
        raise Problem("unknown-message", f"there is no message {wanted!r} with a picture")
    try:
        return Reply(await asyncio.to_thread(Path(path).read_bytes))
    except FileNotFoundError:
        raise Problem("unknown-message", f"the picture of {wanted!r} is no longer kept") from None


async def act(api: Api, call: Call) -> Reply:
    """Do what a customer or an accident would do to a simulated device."""
    assert api.ports.twin is not None
    body: bodies.TwinAction = call.body
    try:
        result = await api.ports.twin.act(call.params["device"], call.params["action"], *body.args)
    except TwinRefused as refused:
        name = _TWIN_PROBLEMS.get(refused.code, "twin-refused")
        mend = f"known here: {', '.join(refused.valid)}" if refused.valid else ""
        raise Problem(name, str(refused), mend=mend, members={"code": refused.code}) from None
    return Reply(answers.TwinAnswer(result))


def _sent(api: Api) -> Sequence[Mapping[str, Any]]:
    return api.ports.messages() if api.ports.messages is not None else ()


def _message(found: Mapping[str, Any]) -> answers.MessageView:
    return answers.MessageView(
        found["id"], iso(found["at"]), dict(found["to"]), found["subject"], found["text"], found["pin"],
        found["code"],
        f"{API}/messages/{found['id']}/code.png" if found["picture"] else None,
    )
