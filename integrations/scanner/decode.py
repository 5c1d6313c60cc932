"""Reads codes in a picture. Imported only where there is a camera: OpenCV and numpy cost 50 MiB.

The order is that of the measured cascade: the fast decoder as the picture is, the other decoder, then the
fast one again after raising the contrast, turning by 45 degrees and doubling the size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import zxingcpp

Picture = Any
_PLAIN = zxingcpp.TextMode.Plain
#: Our format names -> those of zbar, which knows no DataMatrix, Aztec or PDF417 in Debian's build.
_ZBAR_NAMES = {
    "QRCode": "QRCODE", "Code128": "CODE128", "Code39": "CODE39", "Code93": "CODE93", "Codabar": "CODABAR",
    "ITF": "I25", "EAN13": "EAN13", "EAN8": "EAN8", "UPCA": "UPCA", "UPCE": "UPCE", "DataBar": "DATABAR",
    "DataBarExp": "DATABAR_EXP",
}
_MATRIX = frozenset({"QRCode", "MicroQRCode", "RMQRCode"})


@dataclass(frozen=True, slots=True)
class Found:
    """A code in a picture. `is_qr` is True for the QR family; `step` names what made it readable."""

    text: str
    symbology: str
    is_qr: bool
    step: str


class Decoder:
    """The cascade for the given formats. Blocking: call it in a thread (all parts release the GIL)."""

    def __init__(self, formats: Sequence[str], *, use_zbar: bool = True) -> None:
        self._formats = zxingcpp.barcode_formats_from_str(",".join(formats))
        self._zbar = _load_zbar(formats) if use_zbar else None
        cv2.setNumThreads(1)

    @property
    def has_zbar(self) -> bool:
        """Whether libzbar0 is there."""
        return self._zbar is not None

    def read(self, picture: Picture) -> list[Found]:
        """The codes in a grey or colour picture; the first step that finds any ends the search."""
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
        for name, attempt in self._steps(grey):
            found = attempt()
            if found:
                return [Found(text, symbology, symbology in _MATRIX, name) for text, symbology in found]
        return []

    def _steps(self, grey: Picture) -> Iterator[tuple[str, Callable[[], list[tuple[str, str]]]]]:
        yield "plain", lambda: self._zxing(grey)
        zbar = self._zbar
        if zbar is not None:
            yield "zbar", lambda: zbar(grey)
        yield "contrast", lambda: self._zxing(cv2.createCLAHE(4.0, (8, 8)).apply(grey))
        yield "turned", lambda: self._zxing(_turned(grey))
        yield "enlarged", lambda: self._zxing(
            cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        )

    def _zxing(self, grey: Picture) -> list[tuple[str, str]]:
        return [
            (code.text, "".join(c for c in str(code.format).rpartition(".")[2] if c.isalnum()))
            for code in zxingcpp.read_barcodes(grey, formats=self._formats, text_mode=_PLAIN)
        ]


def load_picture(path: Path) -> Picture | None:
    """The picture in a file, or None when it is no picture (yet)."""
    data = np.frombuffer(path.read_bytes(), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None


def _turned(grey: Picture) -> Picture:
    """By 45 degrees on a white ground large enough to lose no corner."""
    height, width = grey.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 45, 1)
    side = int((height + width) * 0.7072) + 2
    matrix[:, 2] += [side / 2 - width / 2, side / 2 - height / 2]
    return cv2.warpAffine(grey, matrix, (side, side), borderValue=255)


def _load_zbar(formats: Sequence[str]) -> Callable[[Picture], list[tuple[str, str]]] | None:
    """A reader through pyzbar, or None: the package imports always, its module only with the library."""
    try:
        pyzbar: Any = import_module("pyzbar.pyzbar")
    except ImportError:
        return None
    symbols = {name: theirs for name, theirs in _ZBAR_NAMES.items() if name in formats}
    ours = {getattr(pyzbar.ZBarSymbol, theirs): name for name, theirs in symbols.items()}
    if not ours:
        return None

    def read(grey: Picture) -> list[tuple[str, str]]:
        found = []
        for code in pyzbar.decode(grey, symbols=list(ours)):
            try:
                text = code.data.decode("utf-8")
            except UnicodeDecodeError:
                continue
            found.append((text, ours[pyzbar.ZBarSymbol[code.type]]))
        return found

    return read
