"""People by reference. What identifies them is sealed under their own key (S5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.access.credentials import PIN, TAG, hash_of
from hub.model import journal
from hub.model.failures import StepFailed
from hub.store import PersonForgotten, Reader, Tx

_ADD = """
INSERT INTO person (ref, key_hash, roles, known, sealed, created, updated, member_of)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
"""
_BY_KEY = "SELECT ref, known FROM person WHERE key_hash = ?"
_KNOWN = "SELECT ref, roles, member_of FROM person WHERE ref = ? AND known = 1"
_RESEAL = "UPDATE person SET sealed = ?, updated = ? WHERE ref = ?"
_LEFT = "UPDATE person SET known = 0, roles = '', member_of = '' WHERE ref = ?"
_FORGET = """
UPDATE person SET known = 0, roles = '', member_of = '', sealed = NULL, key_hash = NULL WHERE ref = ?
"""
_MEMBERS = "SELECT ref FROM person WHERE known = 1 AND instr(member_of, ?) ORDER BY ref"
_OWN = """
SELECT p.ref, p.roles, p.member_of FROM person_credential AS c JOIN person AS p ON p.ref = c.person_ref
WHERE c.hash = ? AND p.known = 1
"""
_CREDENTIAL = """
INSERT INTO person_credential (hash, kind, person_ref) SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM credential AS c JOIN access_grant AS g ON g.id = c.grant_id
  WHERE c.hash = ?1 AND c.slot = '' AND g.closed = 0)
ON CONFLICT DO NOTHING RETURNING 1
"""


class NoPerson(StepFailed):
    """Nothing is (any longer) known of that person. `reason` is unknown_person."""

    def __init__(self, person_ref: str) -> None:
        super().__init__("unknown_person", person_ref)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person of the site, and what they may be."""

    ref: str
    roles: frozenset[str]
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """One person as `people.yaml` writes them. `key` is the site's own name for the person.

    `contact` holds name, phone, email: whichever are given.
    """

    key: str
    roles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    pin: str | None = None
    contact: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()


def remember_recipient(tx: Tx, details: Mapping[str, Any], at: int) -> str:
    """Keep a recipient's name, phone, email and ref, sealed, and return their `person_ref`.

    The same `ref` is the same person; one of `people.yaml` keeps the contact details of the site.
    """
    kept = {key: value for key, value in details.items() if value}
    key = kept.get("ref")
    key_hash = None if key is None else _key_hash(tx, str(key))
    if key_hash is not None:
        row = tx.execute(_BY_KEY, (key_hash,)).fetchone()
        if row is not None:
            ref: str = row[0]
            if not row[1] and len(kept) > 1:
                tx.execute(_RESEAL, (tx.seal(ref, kept), at, ref))
            return ref
    ref = tx.new_id(at)
    tx.execute(_ADD, (ref, key_hash, "", 0, tx.seal(ref, kept), at, ""))
    return ref


def complete_contact(tx: Tx, person_ref: str, details: Mapping[str, Any], at: int) -> None:
    """Add to what is known of a recipient: name, phone, email, address. The site's own people keep theirs.

    Raises NoPerson.
    """
    if identity(tx, person_ref) is not None:
        return
    kept = {**contact(tx, person_ref), **{key: value for key, value in details.items() if value}}
    tx.execute(_RESEAL, (tx.seal(person_ref, kept), at, person_ref))


def contact(reader: Reader, person_ref: str) -> dict[str, Any]:
    """Name, phone, email, ref: whichever are known. Raises NoPerson, also after the person's key is gone."""
    row = reader.execute("SELECT sealed FROM person WHERE ref = ?", (person_ref,)).fetchone()
    if row is None or row[0] is None:
        raise NoPerson(person_ref)
    try:
        return reader.unseal(person_ref, row[0])
    except PersonForgotten:
        raise NoPerson(person_ref) from None


def forget(tx: Tx, person_ref: str) -> None:
    """Destroy everything that identifies the person; the reference stays in the records (S5)."""
    tx.forget_person(person_ref)
    tx.execute(_FORGET, (person_ref,))
    tx.execute("DELETE FROM person_credential WHERE person_ref = ?", (person_ref,))


def identity(reader: Reader, person_ref: str) -> Identity | None:
    """The site's person of that reference, or None for a recipient or a stranger."""
    return _identity(reader.execute(_KNOWN, (person_ref,)).fetchone())


def owner_of(reader: Reader, digest: bytes) -> Identity | None:
    """Whose own credential has this keyed hash, among the people of the site."""
    return _identity(reader.execute(_OWN, (digest,)).fetchone())


def person_by_tag(reader: Reader, uid: str) -> Identity | None:
    """Whose tag it is, among the people of the site."""
    return owner_of(reader, hash_of(reader, TAG, uid))


def person_by_pin(reader: Reader, pin: str) -> Identity | None:
    """Whose own PIN it is. At a terminal use `present`, which counts wrong ones."""
    return owner_of(reader, hash_of(reader, PIN, pin))


def people_of_group(reader: Reader, group: str) -> list[str]:
    """The `person_ref` of everybody in a group of the site."""
    return [row[0] for row in reader.execute(_MEMBERS, (f" {group} ",)).fetchall()]


def sync_people(tx: Tx, specs: Iterable[PersonSpec], at: int) -> list[str]:
    """Make the people of the site match `people.yaml`; people who left lose roles and credentials.

    Their details stay readable for the records until `forget`. Returns the keys of people whose PIN or tag
    is not usable, since somebody else's live one is the same.
    """
    gone = {row[0] for row in tx.execute("SELECT ref FROM person WHERE known = 1").fetchall()}
    clashes = []
    added = 0
    tx.execute("DELETE FROM person_credential")
    for spec in specs:
        ref, new = _upsert(tx, spec, at)
        added += new
        gone.discard(ref)
        if not _enrol(tx, ref, spec):
            clashes.append(spec.key)
    for ref in sorted(gone):
        tx.execute(_LEFT, (ref,))
    if added or gone:
        tx.journal("site", journal.PEOPLE_SYNCED, {"added": added, "removed": len(gone)}, at)
    return clashes


def _upsert(tx: Tx, spec: PersonSpec, at: int) -> tuple[str, bool]:
    key_hash = _key_hash(tx, spec.key)
    roles = " ".join(sorted(spec.roles))
    groups = "".join(f" {group}" for group in sorted(spec.groups)) + " " * bool(spec.groups)
    details = {**spec.contact, "ref": spec.key}
    row = tx.execute(_BY_KEY, (key_hash,)).fetchone()
    if row is None:
        ref = tx.new_id(at)
        tx.execute(_ADD, (ref, key_hash, roles, 1, tx.seal(ref, details), at, groups))
        return ref, True
    ref = row[0]
    tx.execute(
        "UPDATE person SET roles = ?, member_of = ?, known = 1, sealed = ?, updated = ? WHERE ref = ?",
        (roles, groups, tx.seal(ref, details), at, ref),
    )
    return ref, not row[1]


def _enrol(tx: Tx, ref: str, spec: PersonSpec) -> bool:
    wanted = [(hash_of(tx, TAG, tag), TAG) for tag in spec.tags]
    if spec.pin is not None:
        wanted.append((hash_of(tx, PIN, spec.pin), PIN))
    enrolled = [tx.execute(_CREDENTIAL, (digest, kind, ref)).fetchall() for digest, kind in wanted]
    return all(enrolled)


def _key_hash(tx: Tx, key: str) -> bytes:
    return tx.keyed_hash(f"person:{key}")


def _identity(row: Any) -> Identity | None:
    return None if row is None else Identity(
        row[0], frozenset(row[1].split()), frozenset(row[2].split())
    )
