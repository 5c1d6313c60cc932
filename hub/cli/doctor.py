"""`hub doctor`: what is missing on this machine, and what to type to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from hub.cli.machine import Machine
from hub.config import Problems, load_yaml, suggest

_PYTHON = (3, 11)
_SQLITE = (3, 35, 0)
_FIRST_YEAR = 2025
_LAST_YEAR = 2100
_GIB = 1 << 30
_BY_ID = "/dev/serial/by-id/"


class State(StrEnum):
    """How bad it is. Only `fail` keeps a site from running as written."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's table."""

    subject: str
    state: State
    detail: str
    mend: str = ""


@click.command("doctor")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
def command(folder: Path | None) -> None:
    """Look at this machine, and at the site in FOLDER if one is given. Exit 1 if something fails."""
    from rich.console import Console
    from rich.table import Table

    findings = list(examine(Machine(), folder))
    table = Table(box=None, pad_edge=False)
    for title in ("", "what", "found", "mend"):
        table.add_column(title, overflow="fold")
    colours = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}
    for finding in findings:
        state = f"[{colours[finding.state]}]{finding.state}[/]"
        table.add_row(state, finding.subject, _plain(finding.detail), _plain(finding.mend))
    Console(soft_wrap=False).print(table)
    if any(finding.state is State.FAIL for finding in findings):
        raise click.exceptions.Exit(1)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


def examine(machine: Machine, folder: Path | None) -> Iterator[Finding]:
    """Everything that the doctor looks at, in the order of its table."""
    ports = _serial_ports(folder)
    yield _python(machine)
    yield _sqlite(machine)
    yield _clock(machine)
    yield _zbar(machine)
    yield _modem_manager(machine)
    yield _serial_group(machine, needed=bool(ports))
    for line, port in ports.items():
        yield _port(machine, line, port)
    here = folder or Path()
    yield _disk(machine, here)
    yield _writable(machine, here)
    if folder is not None:
        yield from _site(folder)
        yield from _secrets(folder)


def _python(machine: Machine) -> Finding:
    major, minor = machine.python
    if (major, minor) >= _PYTHON:
        return Finding("Python", State.OK, f"{major}.{minor}")
    return Finding("Python", State.FAIL, f"{major}.{minor} is too old", "install Python 3.11 or newer")


def _sqlite(machine: Machine) -> Finding:
    version = ".".join(map(str, machine.sqlite))
    if machine.sqlite >= _SQLITE:
        return Finding("SQLite", State.OK, version)
    return Finding("SQLite", State.FAIL, f"{version} is too old", "use a Python with SQLite 3.35 or newer")


def _clock(machine: Machine) -> Finding:
    year = machine.year()
    if not _FIRST_YEAR <= year < _LAST_YEAR:
        mend = "set it: sudo timedatectl set-ntp true; a machine without a battery clock needs the network"
        return Finding("clock", State.FAIL, f"it says {year}", mend)
    state = machine.synchronised()
    if state is None:
        return Finding("clock", State.OK, "plausible; this system does not say whether it is synchronised")
    if not state:
        return Finding("clock", State.WARN, "plausible, not synchronised", "sudo timedatectl set-ntp true")
    return Finding("clock", State.OK, "synchronised")


def _zbar(machine: Machine) -> Finding:
    if machine.library("zbar"):
        return Finding("libzbar0", State.OK, "found")
    detail = "not found: a camera decodes fewer hard pictures without it"
    return Finding("libzbar0", State.WARN, detail, "sudo apt-get install libzbar0")


def _modem_manager(machine: Machine) -> Finding:
    if not machine.running("ModemManager"):
        return Finding("ModemManager", State.OK, "not running")
    detail = "running: it writes to every new serial port, also to locks and payment devices"
    return Finding("ModemManager", State.WARN, detail, "sudo systemctl disable --now ModemManager")


def _serial_group(machine: Machine, needed: bool) -> Finding:
    found = machine.serial_group()
    if found is None:
        return Finding("serial ports", State.OK, "this system has no group for them")
    group, member = found
    if member:
        return Finding("serial ports", State.OK, f"{machine.user} may use them ({group})")
    mend = f"sudo usermod -aG {group} {machine.user}, then log in again"
    state = State.FAIL if needed else State.WARN
    return Finding("serial ports", state, f"{machine.user} is not in the group {group}", mend)


def _port(machine: Machine, line: str, port: str) -> Finding:
    subject = f"line {line}"
    if not machine.port_exists(port):
        known = machine.stable_ports()
        mend = suggest(port, known, "plug it in, then: ls /dev/serial/by-id")
        return Finding(subject, State.FAIL, f"{port} is not there", mend)
    if port.startswith("/dev/tty") and not port.startswith("/dev/ttyS"):
        detail = f"{port} may be another device after the next start"
        return Finding(subject, State.WARN, detail, f"write its name from {_BY_ID} instead")
    return Finding(subject, State.OK, port)


def _disk(machine: Machine, folder: Path) -> Finding:
    free = machine.free_bytes(folder)
    detail = f"{free / _GIB:.1f} GiB free"
    if free < _GIB // 5:
        return Finding("disk", State.FAIL, detail, "free at least 1 GiB: with a full disk no door opens")
    if free < _GIB:
        return Finding("disk", State.WARN, detail, "free at least 1 GiB")
    return Finding("disk", State.OK, detail)


def _writable(machine: Machine, folder: Path) -> Finding:
    place = folder / "var" if (folder / "var").is_dir() else folder
    if machine.can_write(place):
        return Finding("database folder", State.OK, f"{place} can be written")
    mend = f"sudo chown -R {machine.user} {folder}, or remount it for writing"
    return Finding("database folder", State.FAIL, f"cannot write into {place}", mend)


def _site(folder: Path) -> Iterator[Finding]:
    from hub.plugins.integrations import Integrations
    from hub.site.load import load_site

    integrations = Integrations.load()
    _, problems = load_site(folder, integrations)
    if len(problems):
        yield Finding("site", State.FAIL, f"{len(problems)} problem(s)", f"hub check {folder}")
    else:
        yield Finding("site", State.OK, "passes every check")
    for domain, reason in sorted(integrations.quarantined().items()):
        yield Finding(f"integration {domain}", State.WARN, f"out of use: {reason}", "if needed: mend it")


def _secrets(folder: Path) -> Iterator[Finding]:
    file = folder / "secrets.yaml"
    if not file.is_file():
        return
    if file.stat().st_mode & 0o077:
        yield Finding("secrets.yaml", State.WARN, "others on this machine can read it", f"chmod 600 {file}")
    else:
        yield Finding("secrets.yaml", State.OK, "readable by its owner only")


def _serial_ports(folder: Path | None) -> dict[str, str]:
    """Line -> device path of the site's serial lines, as far as the file can be read."""
    if folder is None or not (folder / "site.yaml").is_file():
        return {}
    document = load_yaml(folder / "site.yaml", Problems())
    lines = document.at(("lines",)) if document is not None else None
    urls = {
        str(line): entry["url"]
        for line, entry in (lines.items() if isinstance(lines, dict) else ())
        if isinstance(entry, dict) and isinstance(entry.get("url"), str)
    }
    return {
        line: url.removeprefix("serial://").partition("?")[0]
        for line, url in urls.items() if url.startswith("serial:///")
    }
