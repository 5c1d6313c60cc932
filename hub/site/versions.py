"""What the site's files say of its workflows, beside what is applied; and the one way from there to here.

A file that changes on disk is an offer: the running hub, and one that starts again, goes on with what was
applied until somebody applies the new version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hub import access
from hub.config import Problem, Problems
from hub.config.loader import forget_shared
from hub.core.clock import Clock
from hub.core.commands import Accepted, Answer, Command, Refused
from hub.site.load import step_types
from hub.site.specs import SiteConfig, WorkflowSpec
from hub.store import Reader, Store, Tx
from hub.workflows.compile import compile_blueprint
from hub.workflows.run import versions
from hub.workflows.run.commanding import answer, forbidden
from hub.workflows.run.service import Handovers, Workflow
from hub.workflows.run.versions import Applied, Draft, Live

WORKFLOW_VERBS = ("workflow.apply",)
#: Reads the site's files again.
LoadSite = Callable[[], tuple[SiteConfig | None, Problems]]


@dataclass(frozen=True, slots=True)
class Offer:
    """What the files say of one workflow: a version that could run, or what is wrong.

    `foreign` is what a hub would stumble over that began before the site's other sections were changed.
    """

    draft: Draft | None = None
    problems: tuple[Problem, ...] = ()
    file: str = ""
    foreign: tuple[Problem, ...] = ()

    @property
    def machine(self) -> str:
        """The hash of the offered version, empty when there is none."""
        return self.draft.machine.digest() if self.draft is not None else ""


@dataclass(frozen=True, slots=True)
class Status:
    """One workflow of the site.

    `applied` is what new handovers get, None where nothing ever ran. `offer` is what the files say, None if
    they name the workflow no more. `live` are handovers that have not ended, by the version they pin.
    """

    name: str
    applied: Applied | None
    offer: Offer | None
    live: tuple[Live, ...] = ()
    serving: bool = True

    @property
    def state(self) -> str:
        """current, offered (the files hold another version), invalid, removed, or new."""
        if self.offer is None:
            return "removed"
        if self.offer.draft is None:
            return "invalid"
        if self.applied is None:
            return "new"
        return "current" if self.applied.machine == self.offer.machine else "offered"


def draft_of(spec: WorkflowSpec) -> Draft:
    """A checked workflow as something to apply."""
    return Draft(spec.machine, spec.sources, spec.marks)


def drafts_of(config: SiteConfig) -> dict[str, Draft | None]:
    """Every workflow that the site names; None for one that is broken."""
    drafts: dict[str, Draft | None] = dict.fromkeys(config.broken)
    return drafts | {name: draft_of(spec) for name, spec in config.workflows.items()}


def waiting(drafts: Mapping[str, Draft | None], offered: Mapping[str, Workflow]) -> list[str]:
    """The workflows whose files hold another version than the one that new handovers get."""
    return [
        name for name, draft in drafts.items()
        if draft is not None and name in offered and draft.machine.digest() != offered[name].digest
    ]


def offers_of(config: SiteConfig) -> dict[str, Offer]:
    """What a site's files say of each workflow that they name."""
    offers = {name: Offer(problems=problems) for name, problems in config.broken.items()}
    for name, spec in config.workflows.items():
        offers[name] = Offer(draft_of(spec), file=str(spec.blueprint))
    return dict(sorted(offers.items()))


def statuses(reader: Reader, offers: Mapping[str, Offer], serving: Mapping[str, object]) -> list[Status]:
    """Every workflow that the files name, that runs, or on which a handover still depends."""
    known, live = versions.applied(reader), versions.live(reader)
    names = sorted({*offers, *serving, *live})
    return [
        Status(name, known.get(name), offers.get(name), tuple(live.get(name, ())), name in serving)
        for name in names
    ]


@dataclass(slots=True)
class _Seen:
    """The files at their last reading, and what they said."""

    stamps: dict[Path, tuple[int, int]] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class Versions:
    """The versions of a running hub: shows them, and serves `workflow.apply`."""

    def __init__(
        self, store: Store, clock: Clock, handovers: Handovers, policy: access.Policy, config: SiteConfig,
        load: LoadSite,
    ) -> None:
        self._store = store
        self._clock = clock
        self._handovers = handovers
        self._policy = policy
        self._config = config
        self._load = load
        self._seen = _Seen(offers=offers_of(config))
        self._reading = asyncio.Lock()

    async def status(self) -> tuple[list[Status], tuple[Problem, ...]]:
        """All workflows as they run and as the files have them now, and what is wrong with the whole site."""
        seen = await self._look()
        serving = self._handovers.offered
        found = await self._store.read(lambda reader: statuses(reader, seen.offers, serving))
        return found, seen.problems

    async def __call__(self, command: Command) -> Answer:
        """Apply what the files say of the workflow `command.target`. Raises StoreError.

        `machine` in the body is the hash that the asker has seen; another one is not applied unseen.
        """
        at = self._clock.now()
        seen = await self._look()
        return await answer(self._store, command, lambda tx: self._apply(tx, command, seen, at))

    def _apply(self, tx: Tx, command: Command, seen: _Seen, at: int) -> Answer:
        name = command.target
        refused = forbidden(self._policy, command, access.Target(workflow=name), at)
        if refused is not None:
            return refused
        if seen.problems:
            return Refused("invalid-workflow", f"the site is not right: {_first(seen.problems)}")
        offer = seen.offers.get(name)
        if offer is None:
            return Refused("no-such-workflow", f"the site's files name no workflow {name!r}")
        if offer.draft is None:
            return Refused("invalid-workflow", _first(offer.problems), {
                "problems": [problem.as_json() for problem in offer.problems],
            })
        expected = str(command.body.get("machine", ""))
        if expected and expected != offer.machine:
            return Refused(
                "other-version", "the file has changed since you looked: look at the difference again",
                {"offered": offer.machine},
            )
        if offer.foreign:
            return Refused("restart-needed", f"{_first(offer.foreign)}; restart the hub, then apply")
        was = versions.applied(tx).get(name)
        why = str(command.body.get("why", ""))
        machine = self._handovers.apply(tx, name, offer.draft, at, who=command.actor.ref, why=why)
        live = versions.live(tx).get(name, ())
        return Accepted({
            "workflow": name, "machine": machine, "version": offer.draft.machine.version,
            "was": was.machine if was else None, "changed": was is None or was.machine != machine,
            "stay": sum(one.count for one in live if one.machine != machine),
        })

    async def _look(self) -> _Seen:
        """Read the files again if any of them is another than at the last look."""
        async with self._reading:
            stamps = await asyncio.to_thread(_stamps, self._config.folder, self._seen.stamps)
            if stamps != self._seen.stamps:
                self._seen = await asyncio.to_thread(self._read)
        return self._seen

    def _read(self) -> _Seen:
        try:
            config, problems = self._load()
        finally:
            forget_shared()  # a hub runs for months and looks once in a while
        if config is None:
            folder = self._config.folder
            broken = {name: Offer(problems=tuple(problems)) for name in self._seen.offers}
            return _Seen(_stamps(folder, self._seen.stamps), broken, tuple(problems))
        files = {path for spec in config.workflows.values() for path in map(Path, spec.sources)}
        known = dict.fromkeys({*files, *config.files}, (0, 0))
        offers = offers_of(config)
        if config.names != self._config.names:
            for name, spec in config.workflows.items():
                foreign = compile_blueprint(
                    spec.blueprint, name, spec.given, self._config.names,
                    steps=step_types(self._config.steps, self._config.devices),
                ).problems
                offers[name] = replace(offers[name], foreign=tuple(foreign))
        return _Seen(_stamps(config.folder, known), offers)


def _stamps(folder: Path, known: Mapping[Path, object]) -> dict[Path, tuple[int, int]]:
    """Size and time of every file that a site's workflows could depend on."""
    found = {}
    for path in {*known, *folder.glob("*.yaml"), *folder.glob("blueprints/**/*.yaml")}:
        try:
            stat = path.stat()
        except OSError:
            found[path] = (0, 0)
        else:
            found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def _first(problems: tuple[Problem, ...]) -> str:
    """One problem in a line, with its mend."""
    problem = problems[0]
    return f"{problem}" + (f" ({problem.mend})" if problem.mend else "")
