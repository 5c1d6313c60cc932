"""The shipped pytest kit for hardware partners: virtual time, memory lines, leak checks, contracts.

The fixtures (`hub_context`, `hub_sim`, `hub_virtual`, `hub_leaks`) load by themselves through pytest's
entry point; `hub.testing.contracts` holds one suite per capability. Nothing here is used in production.
"""

from hub.testing.bus import TestBus
from hub.testing.context import LeaseEndpoint, RecordingContext
from hub.testing.kit import START, Kit, SimHandle, load_profile, make_intent

__all__ = [
    "START", "Kit", "LeaseEndpoint", "RecordingContext", "SimHandle", "TestBus", "load_profile",
    "make_intent",
]
