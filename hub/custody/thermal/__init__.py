"""Goods that must stay cold or hot: limits of a class, exposure of a bank's air, the clock of each lot."""

from hub.custody.thermal.exposure import Air, Known, Segment, Why, counted
from hub.custody.thermal.limits import DEFAULTS, Limits, say_degrees
from hub.custody.thermal.lots import (
    BARRED_FOR,
    Lot,
    banks_with_lots,
    barred_for_good,
    breach,
    deposit,
    dispose,
    expose,
    keep_air,
    known_air,
    live_lots,
    lot,
    lots_of,
    told,
    warn,
)

__all__ = [
    "BARRED_FOR", "DEFAULTS", "Air", "Known", "Limits", "Lot", "Segment", "Why", "banks_with_lots",
    "barred_for_good", "breach",
    "counted", "deposit", "dispose", "expose", "keep_air", "known_air", "live_lots", "lot", "lots_of",
    "say_degrees", "told", "warn",
]
