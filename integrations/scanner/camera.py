"""A camera as a code reader: a folder that receives pictures, or a video device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from hub.api import ConfigError, DeviceContext, Driver, Endpoint, LineBusy, NotReady
from hub.model.observations import CodeRead
from hub.model.states import FaultKind, Method
from integrations.scanner.debounce import Debounce

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"})
_RETRY = 1.0
_MOST_PER_LOOK = 8


class SourceGone(Exception):
    """The folder or the video device is not there."""


class UnreadablePicture(Exception):
    """A file stays no picture although nobody writes it any more."""


class Source(Protocol):
    """Where pictures come from. Blocking: called in a thread, one call at a time."""

    def open(self) -> None:
        """Raises SourceGone."""
        ...

    def pictures(self) -> list[Any]:
        """The pictures since the last call. Raises SourceGone, UnreadablePicture."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Folder:
    """Each new or changed picture file is one picture; what lies there at the opening is not.

    A file that is still being written is no picture yet; it changes once more when it is complete, and
    is read again then.
    """

    def __init__(self, path: Path, load: Callable[[Path], Any]) -> None:
        self._path = path
        self._load = load
        self._seen: dict[str, tuple[int, int, int]] = {}
        self._doubtful: set[str] = set()

    def open(self) -> None:
        """Make the folder if need be and take stock."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceGone(f"{self._path}: {error.strerror}") from error
        self._seen = self._listing()

    def pictures(self) -> list[Any]:
        """At most eight a call, the oldest first; the rest comes with the next call."""
        listing = self._listing()
        self._seen = {name: seen for name, seen in self._seen.items() if name in listing}
        unreadable = [n for n in sorted(self._doubtful) if n in listing and listing[n] == self._seen.get(n)]
        self._doubtful.clear()
        fresh = [name for name, seen in listing.items() if self._seen.get(name) != seen]
        fresh.sort(key=lambda name: (listing[name][2], name))
        loaded = []
        for name in fresh[:_MOST_PER_LOOK]:
            self._seen[name] = listing[name]
            picture = self._try(name)
            if picture is None:
                self._doubtful.add(name)
            else:
                loaded.append(picture)
        if unreadable and not loaded:
            raise UnreadablePicture(", ".join(unreadable))
        return loaded

    def close(self) -> None:
        """Nothing is held."""

    def _try(self, name: str) -> Any:
        try:
            return self._load(self._path / name)
        except OSError:  # taken away again meanwhile
            return None

    def _listing(self) -> dict[str, tuple[int, int, int]]:
        found = {}
        try:
            for entry in self._path.iterdir():
                if entry.suffix.lower() in _PICTURES and not entry.name.startswith("."):
                    try:
                        seen = entry.stat()
                    except FileNotFoundError:
                        continue
                    found[entry.name] = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
        except OSError as error:
            raise SourceGone(f"{self._path}: {error.strerror}") from error
        return found


class Video:
    """A video device through OpenCV. Untested on hardware."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._capture: Any = None

    def open(self) -> None:
        """Open the device."""
        import cv2

        self._capture = cv2.VideoCapture(self._device)
        if not self._capture.isOpened():
            self.close()
            raise SourceGone(f"{self._device} cannot be opened")

    def pictures(self) -> list[Any]:
        """The next picture."""
        good, picture = self._capture.read() if self._capture is not None else (False, None)
        if not good:
            raise SourceGone(f"{self._device} gives no picture")
        return [picture]

    def close(self) -> None:
        """Release the device."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class CameraScanner(Driver):
    """Emits CodeRead for what the camera sees; the same code counts once while it stays in sight."""

    def __init__(self, ctx: DeviceContext) -> None:
        super().__init__(ctx)
        settings = ctx.setup.config
        self._poll: float = settings["poll_ms"] / 1000
        self._formats = settings["formats"]
        self._debounce = Debounce(settings["same_code_ms"] / 1000)
        self._endpoint: Endpoint | None = None
        self._task: asyncio.Task[Any] | None = None
        self._stopping = asyncio.Event()

    @property
    def reads_codes(self) -> bool:
        """True."""
        return True

    async def start(self) -> None:
        """Load the libraries in a thread and open the source. NotReady while it is not there."""
        decoder, load = await asyncio.to_thread(_load_libraries, self._formats)
        if not decoder.has_zbar:
            self.ctx.log.warning("libzbar0 is not installed: codes are read without the second decoder")
        try:
            endpoint = self.ctx.endpoint()
        except LineBusy as error:
            raise NotReady(str(error)) from error
        try:
            source = _source(endpoint.url, load)
            await asyncio.to_thread(source.open)
        except SourceGone as error:
            endpoint.release()
            raise NotReady(str(error)) from error
        except ConfigError:
            endpoint.release()
            raise
        self._endpoint = endpoint
        self._task = self.ctx.spawn("camera", self._watch(source, decoder))

    async def stop(self) -> None:
        """End the watching; a look under way is awaited, since it holds the source in a thread."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task})
        if self._endpoint is not None:
            self._endpoint.release()

    async def _watch(self, source: Source, decoder: Any) -> None:
        while not self._stopping.is_set():
            pause = await self._look(source, decoder)
            try:
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            except TimeoutError:
                continue
        source.close()

    async def _look(self, source: Source, decoder: Any) -> float:
        """One look; the pause until the next in seconds."""
        try:
            found = await asyncio.to_thread(_look_and_read, source, decoder)
        except SourceGone as error:
            self.ctx.fault(FaultKind.OFFLINE, detail=str(error))
            return await self._reopen(source)
        except UnreadablePicture as error:
            self.ctx.fault(FaultKind.PROTOCOL_ERROR, detail=f"not a picture: {error}")
            return self._poll
        if found is None:
            return self._poll
        self.ctx.clear(FaultKind.PROTOCOL_ERROR)
        for code in found:
            if self._endpoint is not None:
                self._endpoint.report("in", f"{code.symbology} {code.text}".encode())
            if self._debounce.passes(code.text, self.ctx.clock.monotonic()):
                method = Method.QR if code.is_qr else Method.BARCODE
                self.ctx.emit(CodeRead(self.ctx.setup.name, code.text, method, code.symbology))
        return self._poll

    async def _reopen(self, source: Source) -> float:
        try:
            await asyncio.to_thread(source.open)
        except SourceGone:
            return _RETRY
        self.ctx.clear(FaultKind.OFFLINE)
        return self._poll


def _look_and_read(source: Source, decoder: Any) -> list[Any] | None:
    """What the new pictures say; None when there were none."""
    pictures = source.pictures()
    return [code for picture in pictures for code in decoder.read(picture)] if pictures else None


def _load_libraries(formats: list[str]) -> tuple[Any, Callable[[Path], Any]]:
    try:
        from integrations.scanner.decode import Decoder, load_picture
    except ImportError as error:
        raise ConfigError(f"a camera needs the extra `camera` ({error.name} is missing)") from error
    return Decoder(formats), load_picture


def _source(url: str, load: Callable[[Path], Any]) -> Source:
    kind, _, rest = url.partition(":")
    if kind == "folder" and rest:
        return Folder(Path(rest), load)
    if kind == "camera" and rest:
        return Video(rest)
    raise ConfigError(f"endpoint {url!r} is no camera; write folder:/path or camera:/dev/video0")
