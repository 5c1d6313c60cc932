"""A synthetic site: the real store, engine and runner over scripted devices on the virtual clock (S16)."""

from hub.workflows.rehearsal.answers import WORDS, Answer, Ask, Script
from hub.workflows.rehearsal.ground import Ground, Letter
from hub.workflows.rehearsal.plan import Plan
from hub.workflows.rehearsal.site import Rehearsal

__all__ = ["WORDS", "Answer", "Ask", "Ground", "Letter", "Plan", "Rehearsal", "Script"]
