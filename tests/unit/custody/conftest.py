"""A bank of compartments, written in words: `bank.sync(A="S", B="M low", C="L refrigerated")`."""

from __future__ import annotations

from typing import Any

import pytest

from hub import custody
from hub.custody import AssetSpec, CompartmentSpec, NothingFits
from hub.model.states import Size, Thermal


def compartment_of(name: str, words: str) -> CompartmentSpec:
    said = words.split()
    size = next((word for word in said if word in set(Size)), "S")
    thermal = next((word for word in said if word in set(Thermal)), "ambient")
    product = next((word.removeprefix("product=") for word in said if word.startswith("product=")), None)
    return CompartmentSpec("main", name, "locks", name, Size(size), Thermal(thermal), "low" in said, product)


class Bank:
    """The bank `main`, each call in a transaction of its own."""

    def __init__(self, ledger: Any, now: int) -> None:
        self.ledger = ledger
        self.now = now
        self.count = 0
        self.last = ""

    def sync(self, **compartments: str) -> None:
        specs = [compartment_of(name, words) for name, words in compartments.items()]
        self.ledger.do(custody.sync_compartments, specs, self.now)

    def assets(self, *specs: AssetSpec) -> list[str]:
        return self.ledger.do(custody.sync_assets, specs, self.now)

    def assign(self, handover: str = "H1", **wish: Any) -> str:
        """The name of the compartment that was assigned; `last` is the allocation."""
        self.count += 1
        self.last = f"L{self.count}"
        return self.ledger.do(
            custody.assign, handover, self.last, wish.pop("bank", "main"), wish.pop("size", None),
            wish.pop("thermal", None), wish.pop("low", False), wish.pop("product", None), self.now, **wish,
        ).partition("/")[2]

    def refused(self, **wish: Any) -> NothingFits:
        with pytest.raises(NothingFits) as caught:
            self.assign(**wish)
        return caught.value

    def at(self, name: str) -> custody.Compartment:
        return self.ledger.read(custody.compartment, f"main/{name}")

    def do(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return self.ledger.do(fn, *args, self.now, **kwargs)

    def read(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return self.ledger.read(fn, *args, **kwargs)


@pytest.fixture
def open_bank(open_ledger: Any, now: int) -> Any:
    """Opens banks, each on a store of its own."""
    return lambda: Bank(open_ledger(), now)


@pytest.fixture
def bank(open_bank: Any) -> Bank:
    return open_bank()
