"""What can go wrong with the store, each with the way to mend it (S8)."""

from __future__ import annotations


class StoreError(Exception):
    """A failure of the store itself. The text says what is wrong and what to do."""


class StoreClosed(StoreError):
    """The store was closed; nothing is written any more."""


class StoreLocked(StoreError):
    """Another process has this database (S7)."""


class SchemaTooNew(StoreError):
    """The database was written by a newer release."""


class NotAStore(StoreError):
    """The file is a database, but not one of a hub."""


class KeyMissing(StoreError):
    """The hub's key file is absent, or belongs to another database."""


class StoreCorrupt(StoreError):
    """The database or its journal is damaged."""


class StoreBlocked(StoreError):
    """Nothing can be written at present, so nothing may be actuated; it may pass."""


class DiskFull(StoreBlocked):
    """No room for the write."""


class DiskReadOnly(StoreBlocked):
    """The file system takes no writes."""


class FatalStoreError(StoreError):
    """A read, write or fsync failed. What is durable is unknown, so the process has to end (S8)."""


class PersonForgotten(StoreError):
    """The person's key was destroyed; what was sealed under it is gone."""


class CursorError(StoreError):
    """A cursor would skip or repeat an event, or a body is still to be read (S34)."""
