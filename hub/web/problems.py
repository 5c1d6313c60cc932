"""Errors of the API as problem details (RFC 9457), each with a stable type and, where one exists, a mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/problems/"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its HTTP status, what it is called, and what usually mends it."""

    status: int
    title: str
    mend: str = ""


KINDS: Mapping[str, Kind] = {
    "bad-json": Kind(400, "The body is not JSON", "send a JSON object in UTF-8"),
    "bad-request": Kind(400, "The request cannot be understood"),
    "unauthorized": Kind(401, "A token is needed", "send the header: Authorization: Bearer TOKEN"),
    "forbidden": Kind(403, "The token does not allow this"),
    "approval-needed": Kind(403, "Somebody has to approve this first"),
    "not-found": Kind(404, "There is nothing at this address", "see /api/v1/openapi.json"),
    "unknown-handover": Kind(404, "There is no such handover"),
    "unknown-order": Kind(404, "There is no such order"),
    "unknown-compartment": Kind(404, "There is no such compartment"),
    "unknown-incident": Kind(404, "There is no such incident"),
    "no-such-workflow": Kind(404, "There is no such workflow"),
    "unknown-approval": Kind(404, "There is no such request for approval"),
    "unknown-message": Kind(404, "There is no such message"),
    "unknown-command": Kind(404, "There is no such command"),
    "unknown-device": Kind(404, "There is no such device"),
    "unknown-action": Kind(404, "The device does not offer this"),
    "not-simulated": Kind(404, "This exists on simulated sites only"),
    "method-not-allowed": Kind(405, "The address does not take this method"),
    "reference-taken": Kind(409, "The external reference belongs to another handover"),
    "not-now": Kind(409, "Not possible in the present state"),
    "not-possible": Kind(409, "A step of it cannot succeed"),
    "no-incident": Kind(409, "There is no such open incident"),
    "which-incident": Kind(409, "Several incidents are open"),
    "in-doubt": Kind(409, "Nobody can say yet what happened there", "resolve the open incident first"),
    "invalid-workflow": Kind(
        409, "What the files say of it cannot run", "mend the file; `hub check SITE` names every place"
    ),
    "other-version": Kind(409, "The files hold another version than the one named"),
    "restart-needed": Kind(409, "The hub has to be restarted before this"),
    "approval-over": Kind(409, "The request for approval is over", "ask again"),
    "own-request": Kind(409, "Somebody else has to answer this"),
    "offline": Kind(409, "The device does not answer", "look at the device and its cable, then try again"),
    "twin-refused": Kind(409, "The simulated device refuses this"),
    "too-large": Kind(413, "The body is too large", "send at most 64 KiB"),
    "media-type": Kind(415, "The body has another media type", "send Content-Type: application/json"),
    "wrong-host": Kind(421, "This host name is not served here"),
    "invalid": Kind(422, "The request does not have the right form"),
    "one-allocation": Kind(
        422, "One item line per handover", "create one handover per item line; quantity may be more than 1"
    ),
    "item-unknown": Kind(422, "Size and thermal class of the item are not known"),
    "unknown-workflow": Kind(422, "The site offers no such workflow"),
    "bad-verdict": Kind(422, "The verdict is not one of the known ones"),
    "bad-owner": Kind(422, "Nobody of that name can own it", "name role:ROLE or person:REF of this site"),
    "in-the-past": Kind(422, "The time has passed"),
    "idempotency-mismatch": Kind(
        422, "The key was used for another request", "use a fresh Idempotency-Key for each new request"
    ),
    "too-many-clients": Kind(503, "Too many live connections", "close one, or wait"),
    "internal": Kind(500, "The hub failed to answer", "the hub's log has the reason"),
    "store-blocked": Kind(503, "Nothing can be written at present"),
    "twin-away": Kind(503, "The simulators do not answer", "start them: hub twin serve SITE"),
}


class ProblemDetails(msgspec.Struct, omit_defaults=True):
    """The body of every error. Some kinds add members, such as `handover` or `takes`."""

    type: str
    title: str
    status: int
    detail: str = ""
    mend: str = ""


class Problem(Exception):
    """A request that is refused, by kind. `members` are added to the body, `headers` to the answer."""

    def __init__(
        self, name: str, detail: str = "", *, mend: str = "", members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail
        self.mend = mend
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.name].status

    def body(self) -> dict[str, Any]:
        """The problem details."""
        kind = KINDS[self.name]
        mend = self.mend or kind.mend
        shown: dict[str, Any] = {
            **self.members, "type": TYPE_PREFIX + self.name, "title": kind.title, "status": kind.status,
        }
        if self.detail:
            shown["detail"] = self.detail
        if mend:
            shown["mend"] = mend
        return shown

    def response(self) -> web.Response:
        """The answer."""
        return web.Response(
            status=self.status, body=msgspec.json.encode(self.body()), content_type=MEDIA_TYPE,
            headers=self.headers,
        )
