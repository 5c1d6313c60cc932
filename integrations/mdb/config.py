"""The keys of an `mdb` device in `site.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import voluptuous as vol


@dataclass(frozen=True, slots=True)
class Settings:
    """How the driver behaves. Times in seconds."""

    reader: int = 1
    level: int = 3
    poll: float = 0.1
    non_response: float = 5.0
    max_response: float | None = None
    currency_check: bool = True
    always_idle: bool = True
    wide_money: bool = False
    reply_checksum: bool = False
    answer: float = 1.0

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """From the validated mapping; absent keys take their defaults."""
        plain = cls()
        seconds = config.get("max_response_seconds")
        return cls(
            int(config.get("reader", plain.reader)),
            int(config.get("level", plain.level)),
            config.get("poll_milliseconds", 100) / 1000,
            float(config.get("non_response_seconds", plain.non_response)),
            None if seconds is None else float(seconds),
            bool(config.get("currency_check", plain.currency_check)),
            bool(config.get("always_idle", plain.always_idle)),
            bool(config.get("wide_money", plain.wide_money)),
            bool(config.get("reply_checksum", plain.reply_checksum)),
            config.get("adapter_milliseconds", 1000) / 1000,
        )


def schema() -> dict[Any, Any]:
    """The integration's own keys.

    `reader` 1 is address 10 hex, 2 is 60 hex. The poll interval is bound by MDB/ICP 4.2 (25 to 200 ms).
    """
    return {
        vol.Optional("reader", default=1): vol.In([1, 2]),
        vol.Optional("level", default=3): vol.In([1, 2, 3]),
        vol.Optional("poll_milliseconds", default=100): vol.All(int, vol.Range(25, 200)),
        vol.Optional("non_response_seconds", default=5): vol.All(int, vol.Range(1, 60)),
        vol.Optional("max_response_seconds"): vol.All(int, vol.Range(1, 255)),
        vol.Optional("currency_check", default=True): bool,
        vol.Optional("always_idle", default=True): bool,
        vol.Optional("wide_money", default=False): bool,
        vol.Optional("reply_checksum", default=False): bool,
        vol.Optional("adapter_milliseconds", default=1000): vol.All(int, vol.Range(50, 5000)),
        vol.Optional("simulate"): SIMULATE,
    }


#: What the simulated reader is, and how its customer behaves at first.
SIMULATE = vol.Schema(
    {
        vol.Optional("level", default=3): vol.In([1, 2, 3]),
        vol.Optional("always_idle", default=True): bool,
        vol.Optional("wide_money", default=False): bool,
        vol.Optional("scale", default=1): vol.All(int, vol.Range(1, 255)),
        vol.Optional("decimals", default=2): vol.All(int, vol.Range(0, 4)),
        vol.Optional("max_response_seconds", default=30): vol.All(int, vol.Range(1, 255)),
        vol.Optional("auto", default="off"): vol.In(["off", "pay", "decline"]),
    }
)
