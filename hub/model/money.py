"""Money as integer minor units plus an ISO 4217 currency (rule S3). No floats anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

_EXPONENTS = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys((
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
        "XOF", "XPF",
    ), 0),
}
_AMOUNT = re.compile(r"(-?)(\d+)(?:\.(\d+))?\Z")

#: ISO 4217 numeric codes of the currencies a reader may announce, by alphabetic code.
NUMERIC = {
    "AUD": 36, "CAD": 124, "CHF": 756, "CLP": 152, "CZK": 203, "DKK": 208, "EUR": 978, "GBP": 826,
    "HUF": 348, "ISK": 352, "JPY": 392, "KRW": 410, "NOK": 578, "PLN": 985, "SEK": 752, "USD": 840,
}


class MoneyError(ValueError):
    """An amount that cannot be read, mixed currencies, or a scaling that is not exact."""


def exponent(currency: str) -> int:
    """Number of decimals of a currency's minor unit (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An exact amount: `minor` units of `currency`."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read "2.50" as 250 minor units. Raises MoneyError on floats' noise or too many decimals."""
        match = _AMOUNT.match(text) if isinstance(text, str) else None
        if match is None:
            raise MoneyError(f"{text!r} is not an amount; write it as text, for example \"2.50\"")
        sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
        places = exponent(currency)
        if len(fraction) > places:
            raise MoneyError(f"{text!r} has {len(fraction)} decimals; {currency} has {places}")
        minor = int(whole) * 10**places + (int(fraction.ljust(places, "0")) if places else 0)
        return cls(-minor if sign else minor, currency)

    @classmethod
    def from_scaled(cls, units: int, scale: int, decimals: int, currency: str) -> Money:
        """From a device's units: value = units * scale * 10**-decimals (MDB 4.2, section 7.4.2)."""
        places = exponent(currency)
        value = units * scale
        if decimals <= places:
            return cls(value * 10 ** (places - decimals), currency)
        minor, rest = divmod(value, 10 ** (decimals - places))
        if rest:
            raise MoneyError(f"{units} units of scale {scale}, {decimals} decimals is no whole minor unit")
        return cls(minor, currency)

    def to_scaled(self, scale: int, decimals: int) -> int:
        """To a device's units; raises MoneyError when the amount is not a whole number of them."""
        places = exponent(self.currency)
        value: int = self.minor * 10 ** max(decimals - places, 0)
        unit: int = scale * 10 ** max(places - decimals, 0)
        units, rest = divmod(value, unit)
        if rest:
            raise MoneyError(f"{self} is no whole number of units of scale {scale}, {decimals} decimals")
        return units

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __str__(self) -> str:
        places = exponent(self.currency)
        if not places:
            return f"{self.minor} {self.currency}"
        whole, part = divmod(abs(self.minor), 10**places)
        return f"{'-' if self.minor < 0 else ''}{whole}.{part:0{places}d} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(f"{self} and {other} are of different currencies")
