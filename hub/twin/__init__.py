"""The wire-level twin of a site: a process of its own that outlives every hub."""

from hub.twin.client import TwinClient
from hub.twin.errors import TwinError
from hub.twin.info import TwinInfo, default_state, read_info
from hub.twin.ledger import read_ledger

__all__ = ["TwinClient", "TwinError", "TwinInfo", "default_state", "read_info", "read_ledger"]
