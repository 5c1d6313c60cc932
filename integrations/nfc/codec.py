"""What a tag answers when it is found, and where the UID stands in it. No I/O.

Sources: ISO/IEC 14443-3 (SDD_RES, SENSB_RES), JIS X 6319-4 (SENSF_RES); protocol reference section 5.3.
"""

from __future__ import annotations

import re

#: nfcpy's names: bit rate and type.
TECHNOLOGIES = ("106A", "106B", "212F", "424F")
_ENDPOINT = re.compile(r"(usb(:[0-9a-fA-F]{3,4}){0,2}|tty:\w+:\w+|udp:[\w.-]+:\d{1,5})\Z")
_LOOPBACK = ("127.0.0.1", "localhost")


class BadAnswer(ValueError):
    """A tag's answer holds no UID."""


def uid_of(technology: str, answer: bytes) -> str:
    """The identifier as lower-case hex, from SDD_RES (A), SENSB_RES (B) or SENSF_RES (F).

    Type A has 4 (random when the first byte is 08), 7 or 10 bytes; B a PUPI of 4; F an IDm of 8.
    """
    if technology.endswith("A") and len(answer) in (4, 7, 10):
        return answer.hex()
    if technology.endswith("B") and len(answer) >= 12 and answer[0] == 0x50:
        return answer[1:5].hex()
    if technology.endswith("F") and len(answer) >= 17 and answer[0] == 0x01:
        return answer[1:9].hex()
    raise BadAnswer(f"{technology} answer of {len(answer)} bytes holds no identifier")


def check_endpoint(url: str) -> str:
    """The path for nfcpy: `usb:vendor:product`, `tty:PORT:DRIVER`, or `udp:` on this machine only.

    Raises ValueError with what to write instead.
    """
    if not _ENDPOINT.match(url):
        raise ValueError(f"endpoint {url!r} is no NFC reader; write usb:072f:2200 or udp:127.0.0.1:54321")
    if url.startswith("udp:") and url.split(":")[1] not in _LOOPBACK:
        raise ValueError("an NFC reader over UDP must be on this machine: write udp:127.0.0.1:PORT")
    return url
