"""Who can be accountable for an item: the hub, the staff, a recipient, a depositor, or nobody knows.

A holder is a text: `hub`, `unknown`, `staff`, `staff:REF`, `recipient:REF`, `depositor:REF`.
"""

from __future__ import annotations

from typing import Final

HUB: Final = "hub"
STAFF: Final = "staff"
UNKNOWN: Final = "unknown"


def staff(person_ref: str) -> str:
    """The holder that is this member of the staff."""
    return f"staff:{person_ref}"


def recipient(person_ref: str) -> str:
    """The holder that is this recipient."""
    return f"recipient:{person_ref}"


def depositor(person_ref: str) -> str:
    """The holder that is this depositor: a courier, or somebody who brings something back."""
    return f"depositor:{person_ref}"


def party(holder: str) -> str:
    """What the holder is: hub, staff, recipient, depositor or unknown."""
    return holder.partition(":")[0]


def person_of(holder: str) -> str | None:
    """The `person_ref` of the holder; None where it is nobody in particular."""
    return holder.partition(":")[2] or None


def is_person(holder: str) -> bool:
    """Whether the holder is somebody outside the staff."""
    return party(holder) in ("recipient", "depositor")
