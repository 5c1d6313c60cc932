"""Rows of versions: which machine a workflow gives to new handovers, and who runs on which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.config.marks import Marks
from hub.store import Reader, Tx
from hub.workflows.machine import Machine
from hub.workflows.run.records import Machines
from hub.workflows.versions.written import Written

#: Journal event, stream workflow/<name>: machine, was, version, who, why.
APPLIED = "workflow.applied"
#: Who applies what stands in the files when a workflow is run for the first time.
FIRST_START = "first start"

_CURRENT = (
    "SELECT v.workflow, v.machine, v.applied, v.who, m.blueprint, m.version FROM workflow_version v "
    "JOIN machine m ON m.hash = v.machine ORDER BY v.workflow"
)
_SET = (
    "INSERT INTO workflow_version (workflow, machine, applied, who) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (workflow) DO UPDATE SET machine = excluded.machine, applied = excluded.applied, "
    "who = excluded.who"
)
_LIVE = (
    "SELECT h.workflow, h.machine, m.version, m.created, h.state, count(*) FROM handover h "
    "JOIN machine m ON m.hash = h.machine WHERE h.ended = 0 GROUP BY h.workflow, h.machine, h.state "
    "ORDER BY h.workflow, m.created, h.state"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the files say of a workflow, compiled: the texts by file name, and where its parts stand."""

    machine: Machine
    texts: Mapping[str, str] = field(default_factory=dict)
    marks: Marks | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What new handovers of a workflow get: the machine's hash, since when (UTC micros), by whom."""

    workflow: str
    machine: str
    at: int
    who: str
    blueprint: str
    version: str


@dataclass(frozen=True, slots=True)
class Live:
    """Handovers of a workflow that have not ended and pin one machine: how many in each state."""

    workflow: str
    machine: str
    version: str
    states: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many in all."""
        return sum(self.states.values())


def applied(reader: Reader) -> dict[str, Applied]:
    """Every workflow that was ever applied."""
    return {row[0]: Applied(*row) for row in reader.execute(_CURRENT).fetchall()}


def apply(
    tx: Tx, machines: Machines, workflow: str, draft: Draft, at: int, *, who: str, why: str = ""
) -> str:
    """Give `draft` to new handovers from now on; returns its hash. Nothing is written if it is so already."""
    digest = machines.keep(tx, draft.machine, next(iter(draft.texts.values()), ""), at)
    row = tx.execute("SELECT machine FROM workflow_version WHERE workflow = ?", (workflow,)).fetchone()
    if row is not None and row[0] == digest:
        return digest
    if draft.marks is not None:
        written = Written.of(draft.texts, draft.marks)
        tx.execute(
            "INSERT OR IGNORE INTO machine_text (hash, texts, lines) VALUES (?, ?, ?)",
            (digest, *written.encode()),
        )
    tx.execute(_SET, (workflow, digest, at, who))
    tx.journal(f"workflow/{workflow}", APPLIED, {
        "machine": digest, "was": row[0] if row else None, "blueprint": draft.machine.blueprint,
        "version": draft.machine.version, "who": who, "why": why,
    }, at)
    return digest


def live(reader: Reader) -> dict[str, list[Live]]:
    """Workflow -> who has not ended, by machine, the oldest machine first."""
    found: dict[str, dict[str, tuple[str, dict[str, int]]]] = {}
    for workflow, machine, version, _, state, count in reader.execute(_LIVE).fetchall():
        found.setdefault(workflow, {}).setdefault(machine, (version, {}))[1][state] = count
    return {
        workflow: [Live(workflow, machine, version, states) for machine, (version, states) in by.items()]
        for workflow, by in found.items()
    }


def machine_of(reader: Reader, digest: str) -> Machine:
    """A stored machine. KeyError if there is none."""
    row = reader.execute("SELECT compiled FROM machine WHERE hash = ?", (digest,)).fetchone()
    if row is None:
        raise KeyError(digest)
    return msgspec.json.decode(row[0], type=Machine)


def written_of(reader: Reader, digest: str) -> Written:
    """The files and lines of a stored machine; empty where none were kept."""
    row: Any = reader.execute("SELECT texts, lines FROM machine_text WHERE hash = ?", (digest,)).fetchone()
    return Written() if row is None else Written.decode(*row)
