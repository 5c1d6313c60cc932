"""Named points at which a test may end the process (rule S18). Inert unless armed by environment.

`HUB_FAILPOINT=name` kills at the first hit, `name:3` at the third. The registry is the list that the
crash campaign walks; a name that is not in it cannot be hit.
"""

from __future__ import annotations

import os
import signal

_ENV = "HUB_FAILPOINT"
_names: set[str] = set()


class Failpoint:
    """One named point. Create it at module level, call `hit()` where the process may die."""

    __slots__ = ("_left", "name")

    def __init__(self, name: str) -> None:
        if name in _names:
            raise ValueError(f"failpoint {name!r} exists already")
        _names.add(name)
        self.name = name
        self._left = _armed(name)

    def hit(self) -> None:
        """Die here by SIGKILL if this point is armed and its count is reached."""
        if self._left:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


def names() -> list[str]:
    """All failpoints of the modules imported so far, sorted."""
    return sorted(_names)


def _armed(name: str) -> int:
    wanted, _, count = os.environ.get(_ENV, "").partition(":")
    return int(count or "1") if wanted == name else 0
