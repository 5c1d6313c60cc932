"""Which compartment fits, and when none does, why. The first row of an index is the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.model.failures import StepFailed
from hub.model.states import Size, Thermal
from hub.store import Reader

# The smallest that fits, a low door last unless one is asked for, then the least used, then by id.
# The conditions repeat those of the partial indexes, so the first index row that passes is the answer.
_EMPTY = """
SELECT c.id FROM compartment AS c
WHERE c.hold = 'free' AND c.service = 'in_service' AND c.occupancy = 'empty' AND c.product IS NULL
  AND c.bank = ?1 AND c.size_rank >= ?2 AND (?3 IS NULL OR c.thermal = ?3) AND c.low >= ?4
"""
_EMPTY_ORDER = "ORDER BY c.size_rank, c.low, c.wear, c.id LIMIT 1"
# Stock that nobody is sure of is not for sale.
_STOCKED = """
SELECT c.id FROM compartment AS c JOIN stock AS s ON s.compartment = c.id
WHERE c.hold = 'free' AND c.service = 'in_service' AND c.product IS NOT NULL
  AND c.bank = ?1 AND c.product = ?5 AND s.quantity > 0 AND s.uncertain = 0
  AND c.size_rank >= ?2 AND (?3 IS NULL OR c.thermal = ?3) AND c.low >= ?4
ORDER BY c.wear, c.id LIMIT 1
"""
# To be refilled: what serves the product, the emptiest first, whatever is known of its stock.
_REFILL = """
SELECT c.id FROM compartment AS c LEFT JOIN stock AS s ON s.compartment = c.id
WHERE c.hold = 'free' AND c.service = 'in_service' AND c.product IS NOT NULL
  AND c.bank = ?1 AND c.product = ?5
  AND c.size_rank >= ?2 AND (?3 IS NULL OR c.thermal = ?3) AND c.low >= ?4
ORDER BY coalesce(s.quantity, 0), c.id LIMIT 1
"""
_APART = """
  AND NOT EXISTS (SELECT 1 FROM compartment AS n WHERE n.bank = c.bank
    AND n.position IN (c.position - 1, c.position + 1) AND n.apart NOT IN ('', ?5))
"""
_PLAIN = _EMPTY + _EMPTY_ORDER
_KEPT_APART = _EMPTY + _APART + _EMPTY_ORDER

_FITS = "size_rank >= ?2 AND (?3 IS NULL OR thermal = ?3) AND low >= ?4"
_WHY = f"""
SELECT count(*), max(size_rank), total(size_rank >= ?2),
  total(size_rank >= ?2 AND (?3 IS NULL OR thermal = ?3)), total({_FITS}),
  total({_FITS} AND service = 'barred'),
  total({_FITS} AND service = 'in_service' AND hold <> 'free'),
  total({_FITS} AND service = 'in_service' AND hold = 'free' AND occupancy = 'occupied'),
  total({_FITS} AND service = 'in_service' AND hold = 'free' AND occupancy = 'unknown'),
  total({_FITS} AND service = 'in_service' AND hold = 'free' AND occupancy = 'empty')
FROM compartment WHERE bank = ?1 AND product IS NULL AND removed = 0
"""  # noqa: S608
_BARS = f"""
SELECT b.reason, count(*) FROM compartment_bar AS b JOIN compartment AS c ON c.id = b.compartment
WHERE c.bank = ?1 AND c.product IS NULL AND c.removed = 0 AND {_FITS} GROUP BY b.reason ORDER BY b.reason
"""  # noqa: S608
_WHY_STOCKED = """
SELECT count(*), total(sure = 1 AND service = 'barred'),
  total(sure = 1 AND service = 'in_service' AND hold <> 'free'),
  total(sure IS NULL), total(sure = 0), total(sure = 1 AND service = 'in_service' AND hold = 'free')
FROM (SELECT c.service, c.hold,
    CASE WHEN s.uncertain = 1 THEN NULL ELSE coalesce(s.quantity, 0) > 0 END AS sure
  FROM compartment AS c LEFT JOIN stock AS s ON s.compartment = c.id
  WHERE c.bank = ?1 AND c.product = ?2 AND c.removed = 0)
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a compartment must be like. `rank` is the smallest size that will do, `thermal` None any class.

    `low` demands a low door. What lies in neighbouring compartments has the same `apart` word, or none.
    `refill` takes what serves the `product` also when none is left.
    """

    bank: str
    rank: int = 0
    thermal: str | None = None
    low: bool = False
    product: str | None = None
    apart: str = ""
    refill: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the fitting compartments are: each of the `fitting` is in exactly one of the other counts.

    `near` is empty and free, but too near to something that is kept apart.
    """

    fitting: int = 0
    barred: int = 0
    taken: int = 0
    occupied: int = 0
    unknown: int = 0
    near: int = 0
    bars: Mapping[str, int] = field(default_factory=dict)


class NothingFits(StepFailed):
    """No compartment can be assigned; `detail` says why in words, `counts` in numbers.

    `reason`: full, too_big, wrong_class, barred, kept_apart, sold_out or no_asset.
    """

    def __init__(self, reason: str, detail: str = "", counts: Counts | None = None) -> None:
        super().__init__(reason, detail)
        self.counts = counts or Counts()


def wish(
    bank: str, size: Size | str | None = None, thermal: Thermal | str | None = None, low: bool = False,
    product: str | None = None, apart: str | None = None, refill: bool = False,
) -> Wish:
    """A wish in the words of the language. Raises ValueError for a size or class that there is not."""
    return Wish(
        bank, 0 if size is None else Size(size).rank, None if thermal is None else Thermal(thermal).value,
        bool(low), product, apart or "", refill,
    )


def find(reader: Reader, wanted: Wish) -> str | None:
    """The compartment that fits best, or None."""
    given: tuple[Any, ...] = (wanted.bank, wanted.rank, wanted.thermal, int(wanted.low))
    if wanted.product is not None:
        sql = _REFILL if wanted.refill else _STOCKED
        row = reader.execute(sql, (*given, wanted.product)).fetchone()
    elif wanted.apart:
        row = reader.execute(_KEPT_APART, (*given, wanted.apart)).fetchone()
    else:
        row = reader.execute(_PLAIN, given).fetchone()
    return None if row is None else str(row[0])


def why_nothing(reader: Reader, wanted: Wish) -> NothingFits:
    """Why `find` found nothing, for installers and staff to read."""
    return _why_stocked(reader, wanted) if wanted.product is not None else _why_empty(reader, wanted)


def _why_empty(reader: Reader, wanted: Wish) -> NothingFits:
    given = (wanted.bank, wanted.rank, wanted.thermal, int(wanted.low))
    total, largest, *rest = reader.execute(_WHY, given).fetchone()
    big, classed, fitting, barred, taken, occupied, unknown, empty = (int(number) for number in rest)
    sizes, bank = list(Size), wanted.bank
    if not total:
        return NothingFits("full", f"{bank} has no compartment for goods that come and go")
    if not big:
        asked, most = sizes[wanted.rank], sizes[largest]
        return NothingFits("too_big", f"{asked} is asked for, the largest of {total} in {bank} is {most}")
    if not fitting:
        size = f"{big} in {bank} of size {sizes[wanted.rank]} or larger"
        if not classed:
            return NothingFits("wrong_class", f"none of the {size} is {wanted.thermal}")
        klass = f" and {wanted.thermal}" if wanted.thermal else ""
        return NothingFits("wrong_class", f"none of the {classed}{klass} has a low door ({size})")
    bars = {word: int(number) for word, number in reader.execute(_BARS, given).fetchall()} if barred else {}
    counts = Counts(fitting, barred, taken, occupied, unknown, empty, bars)
    if empty:
        return NothingFits("kept_apart", _sentence(counts, bank, wanted.apart), counts)
    return NothingFits("barred" if barred == fitting else "full", _sentence(counts, bank), counts)


def _sentence(counts: Counts, bank: str, apart: str = "") -> str:
    bars = ", ".join(word if number == 1 else f"{word} {number}" for word, number in counts.bars.items())
    parts = [
        (counts.taken, "taken"), (counts.barred, f"barred ({bars})"), (counts.occupied, "not empty"),
        (counts.unknown, "of unknown content"), (counts.near, f"next to what is kept apart from '{apart}'"),
    ]
    said = ", ".join(f"{n} {'is' if n == 1 else 'are'} {text}" for n, text in parts if n)
    return f"of {counts.fitting} in {bank} that fit, {said}"


def _why_stocked(reader: Reader, wanted: Wish) -> NothingFits:
    row = reader.execute(_WHY_STOCKED, (wanted.bank, wanted.product)).fetchone()
    stocking, barred, held, doubted, gone, unfit = (int(number) for number in row)
    if not stocking:
        return NothingFits("sold_out", f"no compartment of {wanted.bank} stocks {wanted.product}")
    parts = [
        (held, "held"), (barred, "barred"), (gone, "sold out"), (doubted, "not counted"),
        (unfit, "not of the size, class or height that is asked for"),
    ]
    said = ", ".join(f"{n} {'is' if n == 1 else 'are'} {text}" for n, text in parts if n)
    reason = "barred" if barred and not held and not unfit else "sold_out"
    counts = Counts(stocking, barred, held, unknown=doubted)
    return NothingFits(reason, f"of {stocking} in {wanted.bank} with {wanted.product}, {said}", counts)
