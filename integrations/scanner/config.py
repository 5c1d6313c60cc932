"""What an installer may write for a scanner, and what a profile holds."""

from __future__ import annotations

from typing import Any

import voluptuous as vol

SUFFIXES = {"line": b"\r\n", "tab": b"\t", "idle": b""}
FORMATS = (
    "QRCode", "MicroQRCode", "RMQRCode", "DataMatrix", "Aztec", "PDF417", "Code128", "Code39", "Code93",
    "Codabar", "ITF", "EAN13", "EAN8", "UPCA", "UPCE", "DataBar", "DataBarExp",
)


def _hex(value: Any) -> str:
    try:
        bytes.fromhex(value)
    except (TypeError, ValueError):
        raise vol.Invalid("expected bytes as hexadecimal text, such as '16 54 0D'") from None
    return str(value)


def device_schema() -> dict[Any, Any]:
    """Times are milliseconds. The first group is for serial engines, the second for cameras."""
    return {
        vol.Optional("suffix", default="line"): vol.In(list(SUFFIXES)),
        vol.Optional("idle_ms", default=60): vol.All(int, vol.Range(min=40, max=100)),
        vol.Optional("longest", default=7200): vol.All(int, vol.Range(min=16, max=65536)),
        vol.Optional("reads", default="qr"): vol.In(["qr", "barcode"]),
        vol.Optional("trigger", default="engine"): vol.In(["engine", "hub"]),
        vol.Optional("key_timeout_ms", default=10000): vol.All(int, vol.Range(min=500, max=60000)),
        vol.Optional("keys_end_by", default="enter"): vol.In(["enter", "pause"]),
        vol.Optional("same_code_ms", default=1000): vol.All(int, vol.Range(min=0, max=60000)),
        vol.Optional("poll_ms", default=100): vol.All(int, vol.Range(min=20, max=5000)),
        vol.Optional("formats", default=lambda: ["QRCode", "Code128", "EAN13"]): vol.All(
            [vol.In(list(FORMATS))], vol.Length(min=1)
        ),
    }


def profile_schema() -> vol.Schema:
    """`keys`: `prefix` (frames `K:` plus keys), `single` (a frame of one key) or `none`.

    `replies: gm65` strips that engine's acknowledgements from the stream. `aim: true` says that the
    engine is set to send AIM symbology identifiers; it matters to the simulator only, since the driver
    recognises them anyway. Commands are bytes in hexadecimal.
    """
    return vol.Schema(
        {
            vol.Required("name"): str,
            vol.Optional("keys", default="none"): vol.In(["none", "single", "prefix"]),
            vol.Optional("key_prefix", default="K:"): vol.All(str, vol.Length(min=1, max=8)),
            vol.Optional("replies", default="none"): vol.In(["none", "gm65"]),
            vol.Optional("aim", default=False): bool,
            vol.Optional("commands", default=dict): {
                vol.Optional("start"): _hex,
                vol.Optional("stop"): _hex,
                vol.Optional("at_start"): [_hex],
            },
        }
    )
