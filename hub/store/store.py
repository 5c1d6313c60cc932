"""The store: one writer, durable when the future resolves; readers beside it (S4, S7, S8)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from hub.core.clock import Clock
from hub.core.entropy import Entropy
from hub.store.beside import RESERVE_BYTES, Lock
from hub.store.connection import Connect, Connection, connect, prepare_reader
from hub.store.errors import FatalStoreError, StoreBlocked, StoreClosed, StoreCorrupt, StoreError
from hub.store.faults import classify, from_os, is_storage_error
from hub.store.group import CHECKPOINT_JOBS, GroupRunner, Job
from hub.store.opening import Opened, open_database
from hub.store.tx import Reader, Tx
from hub.store.upcasters import Upcasters

_LOG = logging.getLogger(__name__)
_MEMORY = ":memory:"
_EX_IOERR = 74
_ADD_BOOT = "INSERT INTO boots (epoch, opened) VALUES (?, ?)"
#: More functions than this in one transaction lengthen everybody's wait for no gain.
_LARGEST_GROUP = 256
T = TypeVar("T")


def end_process(error: FatalStoreError) -> None:
    """What a failed fsync asks for: end at once, so that nothing acts on what may not be durable (S8)."""
    _LOG.critical("%s", error)
    logging.shutdown()
    os._exit(_EX_IOERR)


class Store:
    """A site's database. Make it with `Store.open`."""

    def __init__(self, opened: Opened, runner: GroupRunner, lock: Lock | None, make: Connect) -> None:
        self._opened = opened
        self._runner = runner
        self._lock = lock
        self._connect = make
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._reader: Connection | None = None
        self._readers = ThreadPoolExecutor(1, "store-reader")
        self._closed = False
        self._committed: list[Callable[[], None]] = []
        self.path = opened.path
        self.epoch = opened.parts.epoch
        self.upcasters = opened.parts.upcasters

    @classmethod
    async def open(
        cls, path: Path | str, clock: Clock, entropy: Entropy, *, inline: bool = False,
        connect: Connect = connect, upcasters: Upcasters | None = None, reserve: int = RESERVE_BYTES,
        on_fatal: Callable[[FatalStoreError], None] = end_process, checkpoint_after: int = CHECKPOINT_JOBS,
    ) -> Store:
        """Open or create the database at `path`; `":memory:"` keeps it in memory and implies `inline`.

        `inline` runs every function in the caller, as the virtual clock demands (S1). `reserve` is the room
        kept for outcomes, in bytes; `checkpoint_after` counts functions. Raises StoreError: StoreLocked,
        SchemaTooNew, NotAStore, KeyMissing, StoreCorrupt, DiskReadOnly.
        """
        memory = str(path) == _MEMORY
        place = None if memory else Path(path)
        with _typed_os_errors(str(path)):
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
            lock = None if place is None else Lock(place)
            try:
                opened = open_database(place, entropy, connect, upcasters or Upcasters(), reserve)
            except BaseException:
                if lock is not None:
                    lock.release()
                raise
        runner = GroupRunner(opened.parts, place, opened.reserve, on_fatal, checkpoint_after)
        store = cls(opened, runner, lock, connect)
        try:
            store._record_boot(clock.now())
        except BaseException:
            await store.close()
            raise
        if not (inline or memory):
            store._thread = Thread(target=store._work, name="store-writer", daemon=True)
            store._thread.start()
        return store

    @property
    def healthy(self) -> bool:
        """Whether the last group was written and nothing is damaged."""
        return self._runner.trouble is None and not self._closed

    @property
    def can_act(self) -> bool:
        """Whether an intent could be made durable now; without it nothing is actuated (S8)."""
        return self.healthy

    @property
    def trouble(self) -> StoreError | None:
        """Why the store is not healthy, with the way to mend it."""
        return self._runner.trouble

    async def write(self, fn: Callable[[Tx], T], *, reserve: bool = False) -> T:
        """Run `fn(tx)` in the next group and return its value once it is durable.

        `reserve` is for outcomes, money decisions and emergency records only: on a full disk the reserve is
        freed for them. What `fn` raises undoes only `fn` and is raised here. A cancelled caller does not
        undo the write. Raises StoreError: DiskFull, DiskReadOnly, StoreCorrupt, StoreClosed.
        """
        if self._closed:
            raise StoreClosed(f"{self.path or _MEMORY} was closed")
        if self._thread is None:
            result: T = self._write_inline(Job(fn, None, reserve))
            return result
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(Job(fn, future, reserve))
        return await future

    async def read(self, fn: Callable[[Reader], T]) -> T:
        """Run `fn(reader)` on one consistent state, beside the writer. Raises StoreError."""
        if self._closed:
            raise StoreClosed(f"{self.path or _MEMORY} was closed")
        if self._thread is None:
            return self._read(self._opened.parts.connection, fn)
        return await self._loop.run_in_executor(self._readers, self._read_beside, fn)

    def listen(self, committed: Callable[[], None]) -> Callable[[], None]:
        """Call `committed` on the event loop after each group; returns a function that ends it.

        For readers of the journal, which look behind their own cursor for what is new (S34).
        """
        self._committed.append(committed)
        return lambda: self._committed.remove(committed)

    async def probe(self) -> bool:
        """Try a small write, so that a store whose disk was full can find room again. `can_act` after it."""
        try:
            await self.write(_touch)
        except StoreError:
            return False
        return self.can_act

    async def close(self) -> None:
        """Write what was given, copy the log into the database, let the next process in."""
        if self._closed:
            return
        self._closed = True
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            await asyncio.to_thread(self._readers.shutdown)
        if self._reader is not None:
            self._reader.close()
        if self._runner.trouble is None:
            self._runner.checkpoint()
        self._opened.parts.connection.close()
        if self._lock is not None:
            self._lock.release()

    def _record_boot(self, at: int) -> None:
        job = Job(lambda tx: tx.execute(_ADD_BOOT, (tx.epoch, at)))
        self._runner.run([job])
        if job.error is not None and not isinstance(job.error, StoreBlocked):
            raise job.error

    def _write_inline(self, job: Job) -> Any:
        self._runner.run([job])
        self._resolve([job])
        if self._runner.checkpoint_due:
            self._runner.checkpoint()
        if job.error is not None:
            raise job.error
        return job.result

    def _work(self) -> None:
        queue, runner = self._queue, self._runner
        going = True
        while going:
            jobs, going = _waiting(queue)
            runner.run(jobs)
            if jobs:
                self._hand_back(jobs)
            if runner.checkpoint_due:
                runner.checkpoint()

    def _hand_back(self, jobs: list[Job]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._resolve, jobs)
        except RuntimeError:
            _LOG.warning("The event loop closed before %d writes could be answered", len(jobs))

    def _resolve(self, jobs: list[Job]) -> None:
        _resolve(jobs)
        for committed in self._committed:
            _call(committed)

    def _read_beside(self, fn: Callable[[Reader], T]) -> T:
        if self._reader is None:
            self._reader = self._connect(str(self.path))
            prepare_reader(self._reader)
        return self._read(self._reader, fn)

    def _read(self, connection: Connection, fn: Callable[[Reader], T]) -> T:
        parts = self._opened.parts
        try:
            connection.execute("BEGIN")
            try:
                return fn(Reader(connection, parts.vault, parts.epoch, parts.upcasters))
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            if not is_storage_error(error):
                raise
            fault = classify(error, str(self.path or _MEMORY), lambda: 0)
            if isinstance(fault, StoreCorrupt):
                self._runner.trouble = fault
            raise fault from error


@contextlib.contextmanager
def _typed_os_errors(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        typed = from_os(error, path)
        if typed is None:
            raise
        raise typed from error


def _waiting(queue: SimpleQueue[Job | None]) -> tuple[list[Job], bool]:
    """Wait for the next group: what is in the queue by then. False with the last one."""
    jobs: list[Job] = []
    job = queue.get()
    while job is not None:
        jobs.append(job)
        if len(jobs) == _LARGEST_GROUP:
            return jobs, True
        try:
            job = queue.get_nowait()
        except Empty:
            return jobs, True
    return jobs, False


def _resolve(jobs: list[Job]) -> None:
    for job in jobs:
        for callback in job.callbacks:
            _call(callback)
        future = job.future
        if future is None or future.done():
            continue
        error = job.error
        if error is None:
            future.set_result(job.result)
        elif isinstance(error, StopIteration):
            future.set_exception(RuntimeError("a written function raised StopIteration"))
        else:
            future.set_exception(error)


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:  # noqa: BLE001  the other writes of the group still need their answers
        _LOG.exception("A callback after COMMIT failed: %r", callback)


def _touch(tx: Tx) -> None:
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', x'00')")
