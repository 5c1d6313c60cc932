"""What an installer may write for an NFC reader."""

from __future__ import annotations

from typing import Any

import voluptuous as vol

from integrations.nfc.codec import TECHNOLOGIES


def device_schema() -> dict[Any, Any]:
    """`same_tag_ms`: a tag counts as taken away when it was not seen for this many milliseconds."""
    return {
        vol.Optional("technologies", default=lambda: ["106A"]): vol.All(
            [vol.In(list(TECHNOLOGIES))], vol.Length(min=1)
        ),
        vol.Optional("same_tag_ms", default=1500): vol.All(int, vol.Range(min=200, max=60000)),
    }
