"""The thread of one reader. nfcpy blocks up to a second per technology, so it never runs on the loop."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.nfc.codec import BadAnswer, uid_of

_LOG = logging.getLogger(__name__)
#: Between two looks at a tag that stays, in seconds.
_AGAIN = 0.2
_REOPEN_FIRST, _REOPEN_LONGEST = 0.5, 5.0
_MENDS = {
    errno.ENODEV: "the reader is not there: plug it in, see `lsusb`",
    errno.EACCES: "no permission: a udev rule must give the hub's user the reader's USB node",
    errno.EBUSY: "in use: stop pcscd and keep the kernel modules pn533 and pn533_usb from loading",
}


class ReaderGone(Exception):
    """The reader cannot be opened, or went away. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Events:
    """What the thread tells. Each is called in the thread."""

    opened: Callable[[], None]
    gone: Callable[[str], None]
    tag: Callable[[str, str], None]
    bad: Callable[[str], None]


class Reader:
    """Opens the reader, senses until `stop`, opens it again when it went away."""

    def __init__(self, path: str, technologies: Sequence[str], events: Events) -> None:
        self._path = path
        self._technologies = tuple(technologies)
        self._events = events
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"nfc {path}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; it does so after the sense call under way, a second at most."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the thread's end. Blocks."""
        self._thread.join()

    def _run(self) -> None:
        delay = _REOPEN_FIRST
        while not self._stopping.is_set():
            try:
                frontend = open_frontend(self._path)
            except ReaderGone as error:
                self._events.gone(str(error))
                self._stopping.wait(delay)
                delay = min(delay * 2, _REOPEN_LONGEST)
                continue
            delay = _REOPEN_FIRST
            self._events.opened()
            try:
                self._sense(frontend)
            except ReaderGone as error:
                self._events.gone(str(error))
            finally:
                _close(frontend)

    def _sense(self, frontend: Any) -> None:
        import nfc.clf

        while not self._stopping.is_set():
            for technology in self._technologies:
                if self._stopping.is_set():
                    return
                try:
                    target = frontend.sense(nfc.clf.RemoteTarget(technology))
                    if target is not None:
                        self._events.tag(technology, uid_of(technology, _answer(technology, target)))
                        self._stopping.wait(_AGAIN)
                except OSError as error:
                    raise ReaderGone(mend(error)) from error
                except (nfc.clf.CommunicationError, nfc.clf.UnsupportedTargetError, ValueError) as error:
                    # A tag pulled away in mid-answer, or bytes that are no answer.
                    self._events.bad(f"{technology}: {type(error).__name__}")
                    self._stopping.wait(_AGAIN)


def open_frontend(path: str) -> Any:
    """nfcpy's frontend at `path`. Raises ReaderGone."""
    import nfc

    from integrations.nfc.loopback import confine

    if path.startswith("udp:"):
        confine()
    frontend = nfc.ContactlessFrontend()
    try:
        found = frontend.open(path)
    except OSError as error:
        raise ReaderGone(mend(error)) from error
    except Exception as error:  # libusb's own errors have no common base with OSError
        raise ReaderGone(f"cannot be opened: {type(error).__name__}: {error}") from error
    if not found:
        raise ReaderGone(_MENDS[errno.ENODEV])
    return frontend


def mend(error: OSError) -> str:
    """What went wrong and what to do about it."""
    return _MENDS.get(error.errno or 0, f"does not answer ({error.strerror or type(error).__name__})")


def _answer(technology: str, target: Any) -> bytes:
    name = {"A": "sdd_res", "B": "sensb_res", "F": "sensf_res"}[technology[-1]]
    answer = getattr(target, name, None)
    if not answer:
        raise BadAnswer(f"{technology} target without {name}")
    return bytes(answer)


def _close(frontend: Any) -> None:
    try:
        frontend.close()
    except Exception:  # noqa: BLE001  the reader is gone already; nothing is left to save
        _LOG.debug("The reader could not be closed", exc_info=True)
