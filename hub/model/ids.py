"""Time-sortable ids (rule S3): 48 bits of milliseconds, 80 bits of chance, Crockford base 32."""

from __future__ import annotations

from typing import NewType

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

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
    number = ((micros // 1000) & (2**48 - 1)) << 80 | int.from_bytes(chance, "big")
    return "".join([_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)])


def compartment_id(bank: str, compartment: str) -> CompartmentId:
    """The site-wide name of a compartment."""
    return CompartmentId(f"{bank}/{compartment}")
