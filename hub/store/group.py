"""Runs a group of functions in one transaction: group commit, a savepoint for each function (S4, S8)."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from asyncio import Future
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.core.failpoints import Failpoint
from hub.store.beside import Reserve, probe
from hub.store.connection import Connection
from hub.store.errors import DiskFull, FatalStoreError, StoreBlocked, StoreError
from hub.store.faults import classify, is_storage_error
from hub.store.journal import Journal
from hub.store.sealed import Vault
from hub.store.tx import Pool, Tx
from hub.store.upcasters import Upcasters

_LOG = logging.getLogger(__name__)

BEFORE_COMMIT = Failpoint("store.commit.before")
AFTER_COMMIT = Failpoint("store.commit.after")
BEFORE_CHECKPOINT = Failpoint("store.checkpoint.before")
AFTER_CHECKPOINT = Failpoint("store.checkpoint.after")

#: A checkpoint is due after so many functions, some 10 MB of log for typical transitions.
CHECKPOINT_JOBS = 1024


@dataclass(slots=True, eq=False)
class Job:
    """One function given to `Store.write`, and what became of it."""

    fn: Callable[[Tx], Any]
    future: Future[Any] | None = None
    reserve: bool = False
    result: Any = None
    error: BaseException | None = None
    callbacks: list[Callable[[], None]] = field(default_factory=list)


@dataclass(slots=True)
class Parts:
    """What every transaction is made with."""

    connection: Connection
    journal: Journal
    vault: Vault
    epoch: str
    upcasters: Upcasters
    pool: Pool


class GroupRunner:
    """The one place that writes. Lives on the writer thread, or in the caller in inline mode."""

    def __init__(
        self, parts: Parts, database: Path | None, reserve: Reserve | None,
        on_fatal: Callable[[FatalStoreError], None], checkpoint_after: int = CHECKPOINT_JOBS,
    ) -> None:
        self._parts = parts
        self._database = database
        self._reserve = reserve
        self._on_fatal = on_fatal
        self._checkpoint_after = checkpoint_after
        self._since_checkpoint = 0
        self.trouble: StoreError | None = None
        if reserve is not None and not reserve.ensure():
            self.trouble = self._typed(_sqlite_full())

    def run(self, jobs: Sequence[Job]) -> None:
        """Give each job its result or its error; what succeeded is durable when this returns."""
        try:
            self._run(jobs)
        except Exception as error:  # noqa: BLE001
            # Nobody may wait for a writer that is gone.
            _LOG.exception("The store's writer failed")
            fault = FatalStoreError(f"The store's writer failed ({error!r}); start the hub, it recovers.")
            for job in jobs:
                job.error = fault
            self._suffer(fault)

    def _run(self, jobs: Sequence[Job]) -> None:
        jobs = self._admit(jobs)
        if not jobs:
            return
        fault = self._attempt(jobs)
        if fault is None:
            return
        favoured = [job for job in jobs if job.reserve] if isinstance(fault, DiskFull) else []
        if favoured and self._reserve is not None:
            self._reserve.free()
            self._make_room()
            fault = self._attempt(favoured) or fault

    def checkpoint(self) -> None:
        """Copy the log into the database file. Its failures count: see the decision on checkpoints."""
        self._since_checkpoint = 0
        BEFORE_CHECKPOINT.hit()
        try:
            self._parts.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._suffer(self._typed(error))
        AFTER_CHECKPOINT.hit()

    @property
    def checkpoint_due(self) -> bool:
        """Whether the log has grown enough."""
        return self._since_checkpoint >= self._checkpoint_after

    def _admit(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """After a failure: refuse for good, or try again once the reserve is whole."""
        trouble = self.trouble
        if trouble is None:
            return jobs
        passing = isinstance(trouble, StoreBlocked)
        whole = passing and (self._reserve is None or self._reserve.ensure())
        refused = [job for job in jobs if not (whole or (passing and job.reserve))]
        for job in refused:
            job.error = trouble
        return [job for job in jobs if job not in refused] if refused else jobs

    def _attempt(self, jobs: Sequence[Job]) -> StoreError | None:
        parts = self._parts
        execute = parts.connection.execute
        start = parts.journal.mark()
        try:
            execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._one(job)
            parts.journal.flush()
            BEFORE_COMMIT.hit()
            execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                execute("ROLLBACK")
            parts.journal.rewind(start)
            if not is_storage_error(error):
                return self._apart(jobs, error)
            fault = self._typed(error)
            for job in jobs:
                job.result, job.error, job.callbacks = None, fault, []
            self._suffer(fault)
            return fault
        AFTER_COMMIT.hit()
        parts.journal.settle()
        self._since_checkpoint += len(jobs)
        if isinstance(self.trouble, StoreBlocked) and not all(job.reserve for job in jobs):
            self.trouble = None
        return None

    def _one(self, job: Job) -> None:
        parts = self._parts
        execute = parts.connection.execute
        mark = parts.journal.mark()
        tx = Tx(parts.connection, parts.vault, parts.epoch, parts.upcasters, parts.journal, parts.pool)
        execute("SAVEPOINT job")
        try:
            job.result = job.fn(tx)
            job.error = None
        except BaseException as error:  # noqa: BLE001  handed to the caller, whatever it is
            job.error = error
        if tx.failure is not None:
            raise tx.failure
        if job.error is not None:
            execute("ROLLBACK TO job")
            parts.journal.rewind(mark)
        else:
            job.callbacks = tx.callbacks
        execute("RELEASE job")

    def _apart(self, jobs: Sequence[Job], error: sqlite3.Error) -> StoreError | None:
        # COMMIT refused the whole group for a deferred constraint of one: find it by running each alone.
        if len(jobs) == 1:
            jobs[0].result, jobs[0].error, jobs[0].callbacks = None, error, []
            return None
        faults = [self._attempt([job]) for job in jobs]
        return next((fault for fault in faults if fault is not None), None)

    def _suffer(self, fault: StoreError) -> None:
        self.trouble = fault
        if isinstance(fault, FatalStoreError):
            self._on_fatal(fault)

    def _make_room(self) -> None:
        # A log that is copied whole starts again at its beginning, so the next group needs no new blocks.
        with contextlib.suppress(sqlite3.Error):
            self._parts.connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()

    def _typed(self, error: sqlite3.Error) -> StoreError:
        database = self._database
        return classify(error, str(database or "the database"), lambda: probe(database) if database else 0)


def _sqlite_full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("no room for the reserve")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error
