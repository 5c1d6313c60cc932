"""Personal data under per-person keys, and keyed hashes of credentials (S5).

Sealed form: one version byte, a 12-byte nonce, AES-256-GCM ciphertext and tag (NIST SP 800-38D), bound to the
person by the associated data. Person keys lie in the database wrapped under the hub's own key, so destroying
one row makes everything sealed under it unreadable, in old backups too only if the hub's key is renewed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import orjson

from hub.model.effects import Json
from hub.store.connection import Cursor, Params
from hub.store.errors import KeyMissing, PersonForgotten

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Random = Callable[[int], bytes]

_VERSION = b"\x01"
_NONCE_BYTES = 12
_KEPT = 256
_FIND = "SELECT wrapped FROM person_keys WHERE person_ref = ?"
_ADD = "INSERT INTO person_keys (person_ref, wrapped) VALUES (?, ?)"
_DESTROY = (
    "INSERT INTO person_keys (person_ref, wrapped) VALUES (?, NULL) "
    "ON CONFLICT (person_ref) DO UPDATE SET wrapped = NULL"
)


class Executes(Protocol):
    """Where person keys are looked up: a transaction or a read."""

    def execute(self, sql: str, params: Params = ()) -> Cursor:
        """Run one statement."""
        ...


class Vault:
    """Seals and opens. The database decides at every use whether a person's key still exists."""

    def __init__(self, hub_key: bytes) -> None:
        self._hashing = hmac.digest(hub_key, b"credential", "sha256")
        self._wrapping = hmac.digest(hub_key, b"wrap", "sha256")
        self.fingerprint = hmac.digest(hub_key, b"fingerprint", "sha256")[:16]
        self._open: dict[bytes, AESGCM] = {}

    def keyed_hash(self, text: str) -> bytes:
        """HMAC-SHA-256 of a credential's text: useless to a thief of the database alone."""
        return hmac.digest(self._hashing, text.encode(), "sha256")

    def seal(self, database: Executes, person: str, data: Mapping[str, Json], random: Random) -> bytes:
        """Encrypt under the person's key, made at the first use. Raises PersonForgotten."""
        row = database.execute(_FIND, (person,)).fetchone()
        if row is None:
            wrapped = _encrypt(_aead(self._wrapping), random(32), person, random)
            database.execute(_ADD, (person, wrapped))
        else:
            wrapped = row[0]
        return _encrypt(self._person(person, wrapped), orjson.dumps(data), person, random)

    def unseal(self, database: Executes, person: str, blob: bytes) -> dict[str, Json]:
        """Decrypt. Raises PersonForgotten without a key, KeyMissing when the bytes do not open."""
        row = database.execute(_FIND, (person,)).fetchone()
        data: dict[str, Json] = orjson.loads(
            _decrypt(self._person(person, row[0] if row else None), blob, person)
        )
        return data

    def forget(self, database: Executes, person: str) -> None:
        """Destroy the person's key for good; the reference stays taken."""
        database.execute(_DESTROY, (person,))
        self._open.clear()

    def _person(self, person: str, wrapped: bytes | None) -> AESGCM:
        if wrapped is None:
            raise PersonForgotten(f"{person} has no key: the data was destroyed or never sealed")
        known = self._open.get(wrapped)
        if known is None:
            known = _aead(_decrypt(_aead(self._wrapping), wrapped, person))
            if len(self._open) >= _KEPT:
                self._open.clear()
            self._open[wrapped] = known
        return known


def _aead(key: bytes) -> AESGCM:
    # Costs 34 ms and 8 MB, so only a process that seals pays for it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _encrypt(key: AESGCM, text: bytes, person: str, random: Random) -> bytes:
    nonce = random(_NONCE_BYTES)
    return _VERSION + nonce + key.encrypt(nonce, text, person.encode())


def _decrypt(key: AESGCM, blob: bytes, person: str) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return key.decrypt(blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :], person.encode())
    except InvalidTag:
        raise KeyMissing(
            f"what is sealed for {person} does not open: altered, or sealed under another hub's key"
        ) from None
