"""`site:`, `web:` and `notifier:`."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import voluptuous as vol

from hub.access.policy import Policy
from hub.config import Wrong, mapping, name, suggest, text, whole
from hub.config.durations import duration
from hub.config.forms import form, form_of
from hub.config.schema import kind_of
from hub.core.clock import DAY
from hub.site.sections.iso4217 import CURRENCIES
from hub.site.sections.reading import Reading
from hub.site.specs import Site, TokenSpec, WebSpec

#: The roles of tokens in the policy: scope `read` is role `api.read`.
_API = "api."
_HOST = re.compile(r"[A-Za-z0-9.:\[\]*_-]+\Z")
_SHORTEST_TOKEN = 16


@form({"type": "string", "description": "IANA time zone, for example Europe/Berlin"})
def _time_zone(value: Any) -> str:
    word = text(value)
    try:
        ZoneInfo(word)
    except (KeyError, ValueError, OSError):
        mend = suggest(word, available_timezones())
        hint = mend if mend.startswith("did") else "write an IANA name such as Europe/Berlin"
        raise Wrong(f"unknown time zone '{word}'", hint) from None
    return word


@form({"enum": sorted(CURRENCIES)})
def _currency(value: Any) -> str:
    word = text(value)
    if word not in CURRENCIES:
        is_lower = word.upper() in CURRENCIES
        mend = suggest(word, CURRENCIES) if is_lower else "write an ISO 4217 code such as EUR"
        raise Wrong(f"unknown currency '{word}'", mend)
    return word


SITE = mapping({
    vol.Required("id", description="add: id: berlin-01"): name,
    vol.Required("name", description='add: name: "Berlin Hbf"'): text,
    vol.Required("time_zone", description="add: time_zone: Europe/Berlin"): _time_zone,
    vol.Required("currency", description="add: currency: EUR"): _currency,
    vol.Optional("keep_traces"): duration(DAY),
})


def read_site(reading: Reading) -> Site | None:
    """The `site:` section."""
    good = reading.check(SITE, ("site",))
    raw = reading.document.at(("site", "currency"))
    if raw in CURRENCIES:
        reading.currency = raw
    return Site(**good) if good else None


@form({"type": "string", "minLength": 1})  # its length is that of the secret, which editors do not see
def _token(value: Any) -> str:
    word = text(value)
    if len(word) < _SHORTEST_TOKEN:
        mend = "draw one with: openssl rand -hex 24"
        raise Wrong(f"a token of {len(word)} characters is too short to be safe", mend)
    return word


def _list_of(item: Any, what: str, example: str) -> Any:
    @form(lambda: {"type": "array", "items": form_of(item)})
    def validate(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Wrong(f"expected a list of {what}, found {kind_of(value)}", f"for example: {example}")
        return list(vol.Schema([item])(value))

    return validate


@form({"type": "string", "pattern": "^[A-Za-z0-9.:\\[\\]*_-]+$"})
def _host(value: Any) -> str:
    word = text(value)
    if not _HOST.match(word):
        raise Wrong(f"'{word}' is no host name or address", "write the host alone: locker.example.org")
    return word


WEB = mapping({
    vol.Optional("host", default="127.0.0.1"): _host,
    vol.Optional("port", default=8321): whole(0, 65535),
    vol.Optional("allowed_hosts", default=list): _list_of(_host, "host names", "[locker.example.org]"),
    vol.Optional("tokens", default=dict): dict,
})
TOKEN = mapping({
    vol.Required("token", description="add: token: !secret api_token"): _token,
    vol.Optional("scopes", default=list): _list_of(text, "scopes", "[read, write]"),
    vol.Optional("roles", default=list): _list_of(text, "roles", "[staff]"),
})


def read_web(reading: Reading, policy: Policy | None) -> WebSpec | None:
    """The `web:` section, or its defaults: this machine only, without tokens.

    A token's scopes are the policy's roles that begin with `api.`; its roles are those of people.
    """
    known = policy.roles if policy is not None else ()
    scopes = [role.removeprefix(_API) for role in known if role.startswith(_API)]
    roles = [role for role in known if not role.startswith(_API)]
    raw = reading.document.at(("web",))
    if raw is None:
        return WebSpec()
    good = reading.check(WEB, ("web",))
    tokens: list[TokenSpec] = []
    seen: dict[str, str] = {}
    given = raw.get("tokens") if isinstance(raw, dict) else None
    for key in given if isinstance(given, dict) else ():
        path = ("web", "tokens", key)
        token = reading.check(TOKEN, path)
        if token is None:
            continue
        for index, scope in enumerate(token["scopes"]):
            if policy is not None and scope not in scopes:
                mend = suggest(scope, scopes, "the policy names no role that begins with api.")
                reading.bad((*path, "scopes", index), f"unknown scope '{scope}'", mend)
        for index, role in enumerate(token["roles"]):
            if policy is not None and role not in roles:
                mend = suggest(role, roles, "the policy names no such role")
                reading.bad((*path, "roles", index), f"unknown role '{role}'", mend)
        if not token["scopes"] and not token["roles"]:
            reading.bad(path, f"token '{key}' may do nothing", "add: scopes: [read], or roles: [staff]")
        if token["token"] in seen:
            message = f"'{key}' and '{seen[token['token']]}' are the same token"
            reading.bad((*path, "token"), message, "draw another")
        seen[token["token"]] = str(key)
        tokens.append(TokenSpec(
            str(key), token["token"], tuple(token["scopes"]), tuple(token["roles"])
        ))
    if good is None:
        return None
    return WebSpec(good["host"], good["port"], tuple(tokens), tuple(good["allowed_hosts"]))


def read_notifier(reading: Reading) -> str | None:
    """`notifier:`, the device that delivers messages to people."""
    if reading.document.at(("notifier",)) is None:
        return None
    device: str | None = reading.check(text, ("notifier",))
    if device is None or not reading.refers_to_device(device, ("Notifier",), ("notifier",), "the notifier"):
        return None
    return device
