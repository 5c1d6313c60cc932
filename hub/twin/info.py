"""Where a running twin is: the file that a hub, an actor or a test reads to attach to it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

FILE = "twin.json"
#: A Unix socket's path holds 107 bytes (unix(7)).
_LONGEST_SOCKET = 107


@dataclass(frozen=True, slots=True)
class TwinInfo:
    """`lines` and `endpoints` say what to open instead of what the site says."""

    pid: int
    lines: Mapping[str, str]
    endpoints: Mapping[str, str]
    control: str

    @property
    def replacements(self) -> dict[str, str]:
        """Line id or device name -> URL, as `Lines` takes them."""
        return {**self.lines, **self.endpoints}


def read_info(state: Path) -> TwinInfo | None:
    """What the twin of `state` wrote, or None when none is ready."""
    try:
        return TwinInfo(**orjson.loads((state / FILE).read_bytes()))
    except FileNotFoundError:
        return None


def write_info(state: Path, info: TwinInfo) -> None:
    """Write it so that a reader sees all of it or nothing."""
    write_json(state / FILE, asdict(info))


def write_json(path: Path, value: object) -> None:
    """Replace a file at once."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))
    fresh.replace(path)


def socket_path(state: Path) -> Path:
    """Where the control socket is: in `state`, or under a short name where that path is too long."""
    path = state.absolute() / "control.sock"
    if len(str(path).encode()) <= _LONGEST_SOCKET:
        return path
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hub-twin-{name}.sock"


def default_state(site: Path) -> Path:
    """Where the twin of a site keeps its state unless told otherwise."""
    return site / "var" / "twin"
