"""SQLite: one writer with group commit, journal, cursors, sealed data, audit chain, backup."""

from hub.store.cursors import Event
from hub.store.errors import (
    CursorError,
    DiskFull,
    DiskReadOnly,
    FatalStoreError,
    KeyMissing,
    NotAStore,
    PersonForgotten,
    SchemaTooNew,
    StoreBlocked,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreLocked,
)
from hub.store.store import Store
from hub.store.tx import Reader, Tx
from hub.store.upcasters import Upcasters

__all__ = [
    "CursorError", "DiskFull", "DiskReadOnly", "Event", "FatalStoreError", "KeyMissing", "NotAStore",
    "PersonForgotten", "Reader", "SchemaTooNew", "Store", "StoreBlocked", "StoreClosed", "StoreCorrupt",
    "StoreError", "StoreLocked", "Tx", "Upcasters",
]
