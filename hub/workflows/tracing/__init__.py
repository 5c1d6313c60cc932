"""The trace of a handover: what its journal says, beside the lines of the blueprint that it pins."""

from hub.workflows.tracing.read import NoHandover, SeveralHandovers, find, trace
from hub.workflows.tracing.story import Act, Guard, Happening, Place, Step, Story, Turn

__all__ = [
    "Act", "Guard", "Happening", "NoHandover", "Place", "SeveralHandovers", "Step", "Story", "Turn", "find",
    "trace",
]
