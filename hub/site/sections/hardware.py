"""`lines:`, `supplies:` and `devices:`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import voluptuous as vol

from hub.api.errors import ConfigError
from hub.config import Wrong, YamlPath, duration, mapping, one_of, suggest, text, whole
from hub.config.forms import either, form, form_of
from hub.config.schema import Validator
from hub.site.sections.reading import Reading
from hub.site.specs import DeviceSpec, LineSpec, SupplySpec
from hub.transports.urls import parse_url

_URL_EXAMPLE = 'for example: "serial:///dev/serial/by-id/NAME?baud=9600" or "tcp://HOST:PORT"'
_KINDS = ("rs485", "rs232", "usb", "ttl", "tcp", "udp")


@form({"type": "string", "pattern": "^[a-z]+:"})
def _line_url(value: Any) -> str:
    word = text(value)
    try:
        parse_url(word)
    except ConfigError as error:
        message = str(error).removeprefix(f"{word!r}: ")
        raise Wrong(message, _URL_EXAMPLE) from None
    return word


LINE = mapping({
    vol.Required("url", description='add: url: "serial:///dev/serial/by-id/NAME?baud=9600"'): _line_url,
    vol.Optional("kind"): one_of(_KINDS, "kind of line"),
})
@form(lambda: either({"const": 0}, form_of(duration())))
def _gap(value: Any) -> Any:
    return value if value == 0 else duration(0, 60_000_000)(value)


SUPPLY = mapping({
    vol.Optional("simultaneous", default=1): whole(1, 16, "locks"),
    vol.Optional("gap", default=0): _gap,
})
COMMON: dict[Any, Any] = {
    vol.Required("integration", description="add: integration: ..."): text,
    vol.Optional("line"): text,
    vol.Optional("endpoint"): text,
    vol.Optional("address"): whole(0, 255),
    vol.Optional("profile"): text,
    vol.Optional("supply"): text,
}
_COMMON_ONLY = vol.Schema(COMMON, extra=vol.REMOVE_EXTRA)


def read_lines(reading: Reading) -> dict[str, LineSpec]:
    """Every line that is right; two lines cannot share a port."""
    lines: dict[str, LineSpec] = {}
    ports: dict[str, YamlPath] = {}
    for key, path in reading.entries("lines"):
        good = reading.check(LINE, path)
        if good is None:
            continue
        port = good["url"].partition("?")[0]
        if port in ports:
            other = f"line '{ports[port][-1]}' ({reading.place(ports[port])})"
            message = f"line '{key}' is the same port as {other}"
            reading.bad((*path, "url"), message, "let the devices share one line, or correct the port")
        ports.setdefault(port, path)
        lines[key] = LineSpec(key, good["url"], good.get("kind", ""))
    return lines


def read_supplies(reading: Reading) -> dict[str, SupplySpec]:
    """Every supply that is right."""
    found = ((key, reading.check(SUPPLY, path)) for key, path in reading.entries("supplies"))
    return {key: SupplySpec(key, good["simultaneous"], good["gap"]) for key, good in found if good}


def read_devices(reading: Reading) -> dict[str, DeviceSpec]:
    """Every device that is right, each against its integration's own schema."""
    plugins = _Plugins(reading)
    devices: dict[str, DeviceSpec] = {}
    places = _Places(reading)
    for key, path in reading.entries("devices"):
        raw = reading.document.at(path)
        domain = plugins.domain(path, raw)
        if domain is not None:
            reading.capabilities[key] = tuple(reading.integrations.manifest(domain).capabilities)
        schema = plugins.schema(domain, path)
        if schema is _common_only:
            domain = None
        good = reading.check(schema, path)
        if isinstance(raw, dict):
            places.check(key, path, raw)
        profile = plugins.profile(path, domain, raw)
        if good is None or domain is None or key in reading.left_out:
            continue
        devices[key] = DeviceSpec(
            key, domain, reading.capabilities[key], good, good.get("line"), good.get("endpoint"),
            good.get("address"), good.get("profile"), profile, good.get("supply"),
        )
    return devices


def _common_only(value: Any) -> Any:
    """Of a device whose integration is not known, only the common keys can be judged."""
    if not isinstance(value, dict):
        return mapping(COMMON)(value)
    return _COMMON_ONLY(value)


class _Plugins:
    """What integrations say, asked once each; what they cannot say becomes a problem of the site."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._domains = reading.integrations.domains()
        self._schemas: dict[str, Validator] = {}
        self._profiles: dict[str, list[str]] = {}
        self._data: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    def domain(self, path: YamlPath, raw: Any) -> str | None:
        """The usable integration of a device, or None after saying why there is none."""
        reading, where = self._reading, (*path, "integration")
        domain = raw.get("integration") if isinstance(raw, dict) else None
        if not isinstance(domain, str) or reading.document.is_broken(where):
            return None
        if domain in self._domains:
            return domain
        out_of_use = reading.integrations.quarantined()
        if domain in out_of_use and reading.tolerant:
            reading.left_out[str(path[-1])] = f"integration '{domain}': {out_of_use[domain]}"
        elif domain in out_of_use:
            message = f"integration '{domain}' is out of use: {out_of_use[domain]}"
            reading.bad(where, message, "mend or remove the plugin")
        else:
            mend = suggest(domain, self._domains, "no integration is installed")
            reading.bad(where, f"unknown integration '{domain}'", mend)
        return None

    def schema(self, domain: str | None, path: YamlPath) -> Validator:
        """The schema of a whole device; of an unknown integration only the common keys are judged."""
        if domain is not None and domain not in self._schemas:
            own = self._ask(path, self._reading.integrations.device_schema, domain)
            if own is not None:
                self._schemas[domain] = mapping({**COMMON, **own})
        return self._schemas.get(domain or "", _common_only)

    def profile(self, path: YamlPath, domain: str | None, raw: Any) -> Mapping[str, Any] | None:
        """The data of the device's profile. A device on a line must name one if there are any."""
        if domain is None or not isinstance(raw, dict):
            return None
        if domain not in self._profiles:
            names = self._ask(path, self._reading.integrations.profile_names, domain)
            self._profiles[domain] = names or []
        known = self._profiles[domain]
        given = raw.get("profile")
        if given is None and known and "line" in raw:
            mend = f"add: profile: {known[0]}  ({suggest('', known)})"
            self._reading.bad(path, "'profile' is missing", mend, at_key=True)
        if not isinstance(given, str):
            return None
        if given not in known:
            mend = suggest(given, known, f"{domain} has no profiles: remove this line")
            self._reading.bad((*path, "profile"), f"unknown profile '{given}' of {domain}", mend)
            return None
        if (domain, given) not in self._data:
            profile = self._reading.integrations.profile
            self._data[domain, given] = self._ask(path, profile, domain, given)
        return self._data[domain, given]

    def _ask(self, path: YamlPath, question: Callable[..., Any], *arguments: str) -> Any:
        try:
            return question(*arguments)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it becomes a problem of the site
            message = f"the integration does not answer: {error}"
            if self._reading.tolerant:
                self._reading.left_out[str(path[-1])] = message
                return None
            self._reading.bad((*path, "integration"), message, "mend or remove the plugin")
            return None


class _Places:
    """Finds two devices in one place: an address of a line, a whole line, an endpoint."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._addresses: dict[tuple[str, int], str] = {}
        self._lines: dict[str, tuple[str, bool]] = {}
        self._endpoints: dict[str, str] = {}

    def check(self, name: str, path: YamlPath, raw: Mapping[str, Any]) -> None:
        reading = self._reading
        line, endpoint, supply = raw.get("line"), raw.get("endpoint"), raw.get("supply")
        if isinstance(line, str) and endpoint is not None:
            message = "a device has a line or an endpoint, not both"
            reading.bad((*path, "endpoint"), message, "remove one of the two")
        if isinstance(supply, str):
            reading.refers("supplies", "supply", supply, (*path, "supply"))
        if isinstance(line, str) and reading.refers("lines", "line", line, (*path, "line")):
            self._on_line(name, path, line, raw.get("address"))
        if isinstance(endpoint, str):
            self._at_endpoint(name, path, endpoint)

    def _on_line(self, name: str, path: YamlPath, line: str, address: Any) -> None:
        reading = self._reading
        other, other_is_bus = self._lines.setdefault(line, (name, address is not None))
        if other != name and not (other_is_bus and address is not None):
            alone = name if address is None else other
            place = reading.place(("devices", other))
            message = f"line '{line}' is already used by device '{other}' ({place})"
            mend = f"give '{alone}' an address if it is on a bus, or a line of its own"
            reading.bad((*path, "line"), message, mend)
        elif isinstance(address, int):
            first = self._addresses.setdefault((line, address), name)
            if first != name:
                place = reading.place(("devices", first))
                message = f"address {address} of line '{line}' is already device '{first}' ({place})"
                reading.bad((*path, "address"), message, "give each device of a line its own address")

    def _at_endpoint(self, name: str, path: YamlPath, endpoint: str) -> None:
        first = self._endpoints.setdefault(endpoint, name)
        if first != name:
            place = self._reading.place(("devices", first))
            message = f"endpoint '{endpoint}' is already device '{first}' ({place})"
            self._reading.bad((*path, "endpoint"), message, "an endpoint serves one device")
