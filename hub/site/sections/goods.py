"""`products:`, by SKU."""

from __future__ import annotations

import re
from typing import Any

import voluptuous as vol

from hub.config import Wrong, mapping, money, one_of, text
from hub.config.forms import either, form
from hub.config.schema import Validator, kind_of
from hub.model.states import Size, Thermal
from hub.site.sections.reading import Reading
from hub.site.specs import ProductSpec

_SELECTION = re.compile(r"[0-9A-Z*#]{1,8}\Z")


@form(either({"type": "string", "pattern": "^[0-9A-Z*#]{1,8}$"}, {"type": "integer", "minimum": 0}))
def _selection(value: Any) -> str:
    word = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(word, str) or not _SELECTION.match(word):
        raise Wrong(f"expected what a customer keys, found {kind_of(value)}", 'for example: selection: "11"')
    return word


def product(currency: str) -> Validator:
    """One entry of `products:`; prices are of `currency`."""
    return mapping({
        vol.Required("name", description='add: name: "..."'): text,
        vol.Optional("price"): money(currency),
        vol.Required("size", description=f"add: size: S  (one of {', '.join(Size)})"): one_of(Size, "size"),
        vol.Required("thermal", description=f"add: thermal: ...  (one of {', '.join(Thermal)})"):
            one_of(Thermal, "thermal class"),
        vol.Optional("selection"): _selection,
    })


def read_products(reading: Reading) -> dict[str, ProductSpec]:
    """Every product that is right; a selection belongs to one product."""
    schema = product(reading.currency)
    products: dict[str, ProductSpec] = {}
    selections: dict[str, str] = {}
    for sku, path in reading.entries("products"):
        good = reading.check(schema, path)
        if good is None:
            continue
        price, selection = good.get("price"), good.get("selection")
        if price is not None and price.minor < 0:
            reading.bad((*path, "price"), f"a price of {price}", "a price is zero or more")
        if selection is not None:
            first = selections.setdefault(selection, sku)
            if first != sku:
                message = f"selection {selection} is already '{first}' ({reading.place(('products', first))})"
                reading.bad((*path, "selection"), message, "give each product its own selection")
            if price is None:
                reading.bad((*path, "selection"), "a selection without a price", 'add: price: "2.50"')
        products[sku] = ProductSpec(
            sku, good["name"], price, Size(good["size"]), Thermal(good["thermal"]), selection
        )
    return products
