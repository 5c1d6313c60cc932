"""Time-sortable ids (rule S3): 48 bits of milliseconds, 80 bits of chance, Crockford base 32."""

from __future__ import annotations

from functools import lru_cache
from typing import NewType

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: Two characters at a time halve the work: several ids are made in every transition.
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_SHIFTS = tuple(range(120, -1, -10))
_CHANCE_SHIFTS = tuple(range(70, -1, -10))

EffectId = NewType("EffectId", str)
HandoverId = NewType("HandoverId", str)
AllocationId = NewType("AllocationId", str)
GrantId = NewType("GrantId", str)
IncidentId = NewType("IncidentId", str)
LegId = NewType("LegId", str)
#: A compartment's site-wide name, `bank/compartment`.
CompartmentId = NewType("CompartmentId", str)


def make_id(micros: int, chance: bytes) -> str:
    """26 characters from a UTC time in microseconds and 10 bytes of entropy."""
    if len(chance) != 10:
        raise ValueError("an id takes 10 bytes of entropy")
    number = int.from_bytes(chance, "big")
    return _moment(micros // 1000) + "".join([_PAIRS[(number >> shift) & 1023] for shift in _CHANCE_SHIFTS])


@lru_cache(maxsize=64)
def _moment(millis: int) -> str:
    """The first ten characters, which ids of the same millisecond share."""
    return base32((millis & (2**48 - 1)) << 80)[:10]


def base32(number: int) -> str:
    """128 bits as 26 characters of Crockford's base 32, which QR's alphanumeric mode holds."""
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])


def compartment_id(bank: str, compartment: str) -> CompartmentId:
    """The site-wide name of a compartment."""
    return CompartmentId(f"{bank}/{compartment}")
