"""What people and accidents can do to a simulated site: each model's own actions, plugs and power."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.api.sim import Ledger, Simulator
from hub.model.effects import Json
from hub.transports.peers import LinePeer
from hub.twin.errors import TwinError

_LOG = logging.getLogger(__name__)
Action = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Placed:
    """A simulator where it is: on a line (perhaps shared), at an endpoint, or nowhere."""

    simulator: Simulator
    ledger: Ledger
    peer: LinePeer | None = None
    shared: bool = False
    endpoint: str | None = None


class Actors:
    """All actions of a site by device (or line) and name."""

    def __init__(
        self, devices: Mapping[str, Placed], lines: Mapping[str, LinePeer],
        ledger_of: Callable[[str], Ledger], later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._later = later
        self._actions: dict[str, dict[str, Action]] = {
            line: self._of_line(peer, ledger_of(line)) for line, peer in lines.items()
        }
        for name, placed in devices.items():
            self._actions[name] = {**self._of_device(placed), **placed.simulator.model.actions()}

    def actions(self) -> dict[str, list[str]]:
        """Device or line -> the usage of each of its actions."""
        return {
            name: [_usage(word, action) for word, action in sorted(actions.items())]
            for name, actions in sorted(self._actions.items())
        }

    async def act(self, target: str, word: str, arguments: list[str]) -> Json:
        """Do it. Raises TwinError."""
        actions = self._actions.get(target)
        if actions is None:
            raise TwinError("unknown_device", f"there is no device {target!r}", sorted(self._actions))
        action = actions.get(word)
        if action is None:
            raise TwinError("unknown_action", f"{target} does not offer {word!r}", sorted(actions))
        try:
            inspect.signature(action).bind(*arguments)
        except TypeError:
            raise TwinError(
                "bad_arguments", f"{target} {word} takes other arguments", [_usage(word, action)]
            ) from None
        try:
            result = action(*arguments)
            if inspect.isawaitable(result):
                result = await result
        except TwinError:
            raise
        except (ValueError, LookupError) as error:
            reason = error.args[0] if error.args else error
            raise TwinError("refused", f"{target} {word}: {reason}", [_usage(word, action)]) from None
        except Exception as error:  # noqa: BLE001  a model may raise anything; the twin goes on
            _LOG.exception("%s %s failed", target, word)
            raise TwinError("failed", f"{target} {word}: {type(error).__name__}: {error}") from None
        return result if result is None else _json(result)

    def _of_line(self, peer: LinePeer, ledger: Ledger) -> dict[str, Action]:
        return {
            "unplug": lambda: _told(ledger, "unplugged", peer.unplug),
            "plug": lambda: _told(ledger, "plugged", peer.plug),
            "cut": lambda: _told(ledger, "wire_cut", peer.cut),
            "restore": lambda: _told(ledger, "wire_mended", lambda: peer.cut(False)),
            "refuse": lambda: _told(ledger, "port_refused", peer.refuse),
            "accept": lambda: _told(ledger, "port_accepted", lambda: peer.refuse(False)),
        }

    def _of_device(self, placed: Placed) -> dict[str, Action]:
        model, ledger = placed.simulator.model, placed.ledger

        def restore() -> None:
            _told(ledger, "power_restored", lambda: model.power(True))

        def cut(seconds: str = "") -> None:
            pause = _seconds(seconds)
            _told(ledger, "power_cut", lambda: model.power(False))
            if pause is not None:
                self._later(pause, restore)

        return {
            "cut": cut, "restore": restore,
            "unplug": lambda: _told(ledger, "unplugged", lambda: _plugged(placed, False)),
            "plug": lambda: _told(ledger, "plugged", lambda: _plugged(placed, True)),
        }


def _plugged(placed: Placed, plugged: bool) -> None:
    peer, wire = placed.peer, placed.simulator.wire
    if peer is None or wire is None:
        raise ValueError("it has no plug to pull")
    if placed.shared:
        peer.mute(wire, not plugged)
    elif plugged:
        peer.plug()
    else:
        peer.unplug()


def _told(ledger: Ledger, act: str, work: Callable[[], object]) -> None:
    work()
    ledger(act)


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 86_400:
        raise ValueError(f"{text!r} is not a number of seconds")
    return value


def _usage(word: str, action: Action) -> str:
    parts = [word]
    for parameter in inspect.signature(action).parameters.values():
        name = parameter.name.upper()
        if parameter.kind is parameter.VAR_POSITIONAL:
            parts.append(f"[{name}...]")
        elif parameter.kind is not parameter.VAR_KEYWORD:
            parts.append(name if parameter.default is parameter.empty else f"[{name}]")
    return " ".join(parts)


def _json(value: Any) -> Json:
    return dict(value) if isinstance(value, Mapping) else value
