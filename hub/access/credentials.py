"""What may be presented: drawing it, normalising it, and its keyed hash (S5). No text is ever stored here."""

from __future__ import annotations

from dataclasses import dataclass

from hub.core.entropy import below
from hub.model.ids import base32
from hub.model.states import Method
from hub.store import Reader, Tx

PIN_DIGITS = 6
#: Starts every code that this hub issues. With upper-case base 32 it fits QR's alphanumeric mode.
CODE_PREFIX = "HH1:"
_CODE_BYTES = 16

PIN = "pin"
CODE = "code"
TAG = "tag"
#: QR, barcode and app link carry the same opaque text, so they are one kind of credential.
KIND = {
    Method.PIN: PIN, Method.QR: CODE, Method.BARCODE: CODE, Method.APP: CODE, Method.TAG: TAG,
}


@dataclass(frozen=True, slots=True)
class _TxEntropy:
    tx: Tx

    def bytes(self, count: int) -> bytes:
        return self.tx.random(count)


def draw_pin(tx: Tx) -> str:
    """Six digits, every combination equally likely."""
    return f"{below(_TxEntropy(tx), 10**PIN_DIGITS):0{PIN_DIGITS}d}"


def draw_code(tx: Tx) -> str:
    """An opaque text of 128 random bits."""
    return CODE_PREFIX + base32(int.from_bytes(tx.random(_CODE_BYTES), "big"))


def hash_of(reader: Reader, kind: str, text: str) -> bytes:
    """The keyed hash under which a presented text is found."""
    if kind == TAG:
        text = text.replace(":", "").replace(" ", "").lower()
    elif kind == CODE:
        text = text.strip()
    return reader.keyed_hash(f"{kind}:{text}")
