"""Who is asking, and under which name the hub is asked: bearer tokens and the Host header."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from fnmatch import fnmatchcase

from hub.access import Policy, Target
from hub.core.commands import Actor
from hub.site.specs import TokenSpec, WebSpec
from hub.web.problems import Problem

#: The WebSocket subprotocol, and the prefix of the one that carries a token in base64url.
SUBPROTOCOL = "hub.v1"
TOKEN_PROTOCOL = "bearer."  # noqa: S105  a prefix, not a secret
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_ANY_ADDRESS = ("0.0.0.0", "::", "[::]")  # noqa: S104  compared with, never bound to


class Tokens:
    """The site's bearer tokens. Comparing takes the same time for every wrong one."""

    def __init__(self, specs: Iterable[TokenSpec]) -> None:
        self._known = [
            (_digest(spec.token), Actor(f"token:{spec.name}", _roles(spec)))
            for spec in specs
        ]

    def actor(self, token: str) -> Actor | None:
        """Whose token it is, or None."""
        found = None
        given = _digest(token)
        for digest, actor in self._known:
            if hmac.compare_digest(digest, given):
                found = actor
        return found

    def of_header(self, header: str | None) -> Actor:
        """The actor of an Authorization header. Raises Problem(unauthorized)."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("the request carries no bearer token", "")
        return self.known(token.strip())

    def known(self, token: str) -> Actor:
        """The actor of a token. Raises Problem(unauthorized)."""
        actor = self.actor(token)
        if actor is None:
            raise _unauthorized("the token is not one of this site", ', error="invalid_token"')
        return actor

    def of_protocols(self, protocols: Iterable[str]) -> Actor | None:
        """The actor of a token among offered WebSocket subprotocols, None without one."""
        for protocol in protocols:
            if protocol.startswith(TOKEN_PROTOCOL):
                return self.known(_decoded(protocol.removeprefix(TOKEN_PROTOCOL)))
        return None


def demand(policy: Policy, actor: Actor, verb: str, at: int, target: Target | None = None) -> None:
    """Let the actor pass, or raise Problem naming the permission that is missing."""
    decision = policy.decide(actor, verb, target or Target(), at)
    if not decision.allowed:
        allowed = sorted(policy.roles_for(verb, target or Target()))
        scopes = [role.removeprefix("api.") for role in allowed if role.startswith("api.")]
        raise Problem(
            "forbidden", f"the permission {verb} is missing",
            mend=f"use a token with one of the scopes: {', '.join(scopes)}" if scopes else "",
            members={"permission": verb},
        )
    if decision.needs_approval:
        raise Problem(
            "approval-needed", f"{verb} needs the approval of {decision.needs_approval}",
            members={"permission": verb, "approval": decision.needs_approval},
        )


def _roles(spec: TokenSpec) -> frozenset[str]:
    return frozenset({f"api.{scope}" for scope in spec.scopes} | set(spec.roles))


class Hosts:
    """The names under which the hub is asked; any other is a page of somebody else's (DNS rebinding)."""

    def __init__(self, spec: WebSpec, port: int) -> None:
        self._exact = {f"{name}:{port}" for name in _LOOPBACK} | (set(_LOOPBACK) if port == 80 else set())
        named = [name.lower() for name in spec.allowed_hosts]
        if spec.host not in _ANY_ADDRESS:
            named.append(f"[{spec.host}]" if ":" in spec.host and spec.host[0] != "[" else spec.host.lower())
        self._patterns = tuple(named)
        self._port = port

    def check(self, host: str | None) -> None:
        """Raises Problem(wrong-host)."""
        asked = (host or "").lower()
        if asked in self._exact or (asked and self._named(asked)):
            return
        raise Problem(
            "wrong-host", f"{host or 'no Host header'!s}",
            mend=f"ask for localhost:{self._port}, or add the name to web: allowed_hosts: in site.yaml",
        )

    def _named(self, asked: str) -> bool:
        name = asked[: asked.rindex(":")] if asked.rpartition(":")[2].isdecimal() else asked
        if name in _LOOPBACK:
            return False
        return any(
            p in (asked, name) or ("*" in p and (fnmatchcase(asked, p) or fnmatchcase(name, p)))
            for p in self._patterns
        )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""


def _unauthorized(detail: str, error: str) -> Problem:
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": f'Bearer realm="hub"{error}'})
