"""A notifier that writes each message into a folder: for simulated sites, tests and first steps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hub.api import ConfigError, DeviceContext, Driver, Message, NotReady
from integrations.mailbox import codec

_PICTURE, _TEXT, _RECORD = ".png", ".txt", ".json"
T = TypeVar("T")


class Mailbox(Driver):
    """Delivery is idempotent by message id: the record is written last, and a message that has one is there.

    Files are readable by the hub's user only, since they hold names and credentials.
    """

    def __init__(self, ctx: DeviceContext) -> None:
        super().__init__(ctx)
        self.folder = Path(ctx.setup.state_dir) / "mailbox" / ctx.setup.name
        self._keep: int = ctx.setup.config["keep"]
        self._turn = asyncio.Lock()
        #: File stem -> record, oldest first.
        self._records: dict[str, dict[str, Any]] = {}

    async def start(self) -> None:
        """Read what is there."""
        self._records = await self._in_thread(self._read)

    async def stop(self) -> None:
        """Nothing is held."""

    async def notify(self, message: Message, deadline: float) -> None:
        """Write the message. NotReady when the disk is full or read-only or the deadline passes."""
        stem = codec.file_stem(message.message_id)
        found = codec.record(message, self.ctx.clock.now())
        try:
            drawn = codec.picture(message.code) if message.code is not None else None
        except ValueError as error:
            raise ConfigError(f"message {message.message_id}: its code does not fit a QR code") from error
        letter = codec.letter(message).encode()
        try:
            async with asyncio.timeout_at(deadline), self._turn:
                if stem in self._records:
                    return
                await self._in_thread(lambda: self._write(stem, found, letter, drawn))
                self._records[stem] = found
                await self._in_thread(self._forget_old)
        except TimeoutError as error:
            raise NotReady("the folder did not take the message in time") from error

    def messages(self) -> list[dict[str, Any]]:
        """All messages, newest first: id, at (UTC microseconds), to, subject, text, code, pin, picture.

        `picture` is the path of the QR picture, or None. They hold personal data: for simulated sites only.
        """
        return [
            {**found, "picture": str(self._path(stem, _PICTURE)) if found["code"] is not None else None}
            for stem, found in reversed(self._records.items())
        ]

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise NotReady(f"the mailbox cannot be used: {error.strerror or type(error).__name__}") from error

    def _path(self, stem: str, suffix: str) -> Path:
        return self.folder / (stem + suffix)

    def _read(self) -> dict[str, dict[str, Any]]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = []
        for path in self.folder.glob("*" + _RECORD):
            record = codec.load(path.read_bytes())
            if record is not None:
                found.append((record["at"], path.stem, record))
        return {stem: record for _, stem, record in sorted(found, key=lambda entry: entry[:2])}

    def _write(self, stem: str, found: dict[str, Any], letter: bytes, drawn: bytes | None) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if drawn is not None:
            _replace(self._path(stem, _PICTURE), drawn)
        _replace(self._path(stem, _TEXT), letter)
        _replace(self._path(stem, _RECORD), codec.dump(found))

    def _forget_old(self) -> None:
        while len(self._records) > self._keep:
            stem = next(iter(self._records))
            for suffix in (_RECORD, _TEXT, _PICTURE):
                self._path(stem, suffix).unlink(missing_ok=True)
            del self._records[stem]


def _replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` whole or not at all, also over a power cut."""
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
