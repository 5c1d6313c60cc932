"""What an installer may write for a mailbox."""

from __future__ import annotations

from typing import Any

import voluptuous as vol


def device_schema() -> dict[Any, Any]:
    """`keep`: the newest so many messages stay in the folder, older ones are deleted."""
    return {vol.Optional("keep", default=500): vol.All(int, vol.Range(min=1, max=100_000))}
