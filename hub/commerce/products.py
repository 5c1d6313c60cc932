"""The catalogue of a site."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub.model import journal
from hub.model.failures import StepFailed
from hub.model.money import Money
from hub.model.states import Size, Thermal
from hub.store import Reader, Tx

_COLUMNS = "sku, name, price, currency, size, thermal, selection, active FROM product"
_ALL = f"SELECT {_COLUMNS} WHERE active = 1 ORDER BY sku"
_ONE = f"SELECT {_COLUMNS} WHERE sku = ?"
_SELECTED = f"SELECT {_COLUMNS} WHERE selection = ? AND active = 1"
_PUT = """
INSERT INTO product (sku, name, price, currency, size, thermal, selection, active)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1)
ON CONFLICT (sku) DO UPDATE SET name = ?2, price = ?3, currency = ?4, size = ?5, thermal = ?6, selection = ?7,
  active = 1
"""


class NoProduct(StepFailed):
    """There is no such product. `reason` is unknown_product."""

    def __init__(self, sku: str) -> None:
        super().__init__("unknown_product", sku)


@dataclass(frozen=True, slots=True)
class ProductSpec:
    """One product as the site writes it. `selection` is what the customer keys."""

    sku: str
    name: str
    price: Money
    size: Size | None = None
    thermal: Thermal | None = None
    selection: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the catalogue; inactive ones are kept for the records."""

    sku: str
    name: str
    price: Money
    size: Size | None
    thermal: Thermal | None
    selection: str | None
    active: bool


def sync_products(tx: Tx, specs: Iterable[ProductSpec], at: int) -> None:
    """Make the catalogue match `specs`; what left it becomes inactive."""
    known = {row[0]: row[1:] for row in tx.execute(f"SELECT {_COLUMNS}").fetchall()}
    rows = {spec.sku: _values(spec) for spec in specs}
    added = [sku for sku in rows if sku not in known or not known[sku][-1]]
    changed = [sku for sku, row in rows.items() if sku not in added and known[sku] != (*row[1:], 1)]
    removed = [sku for sku in known if sku not in rows and known[sku][-1]]
    # Selections may be swapped between products, so all are taken off before any is put on.
    for sku in changed + removed:
        tx.execute("UPDATE product SET active = 0 WHERE sku = ?", (sku,))
    for sku in added + changed:
        tx.execute(_PUT, rows[sku])
    if added or changed or removed:
        body = {"added": [*added], "changed": [*changed], "removed": [*removed]}
        tx.journal("site", journal.PRODUCTS_SYNCED, body, at)


def products(reader: Reader) -> list[Product]:
    """The active products by SKU."""
    return [_from_row(row) for row in reader.execute(_ALL).fetchall()]


def product(reader: Reader, sku: str) -> Product:
    """One product, active or not; raises NoProduct."""
    row = reader.execute(_ONE, (sku,)).fetchone()
    if row is None:
        raise NoProduct(sku)
    return _from_row(row)


def product_for_selection(reader: Reader, selection: str) -> Product | None:
    """What the customer keyed, or None."""
    row = reader.execute(_SELECTED, (selection,)).fetchone()
    return None if row is None else _from_row(row)


def _values(spec: ProductSpec) -> tuple[Any, ...]:
    return (
        spec.sku, spec.name, spec.price.minor, spec.price.currency, spec.size and spec.size.value,
        spec.thermal and spec.thermal.value, spec.selection,
    )


def _from_row(row: Any) -> Product:
    sku, name, price, currency, size, thermal, selection, active = row
    return Product(
        sku, name, Money(price, currency), None if size is None else Size(size),
        None if thermal is None else Thermal(thermal), selection, bool(active),
    )
