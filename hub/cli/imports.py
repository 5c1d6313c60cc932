"""The record of imported blueprints beside them: where each came from, and what it was when it came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

FILE = "imports.json"


@dataclass(frozen=True, slots=True)
class Import:
    """One import: its source, the SHA-256 of the bytes that came, and when (UTC, ISO 8601)."""

    source: str
    sha256: str
    at: str


@dataclass(frozen=True, slots=True)
class Imports:
    """All imports of a folder, by file name."""

    folder: Path
    files: Mapping[str, Import] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Imports:
        """The record in `folder`, empty where there is none. Raises ValueError if it cannot be read."""
        try:
            raw = json.loads((folder / FILE).read_text("utf-8"))
            return cls(folder, {name: Import(**entry) for name, entry in raw["files"].items()})
        except FileNotFoundError:
            return cls(folder)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{folder / FILE} is no record of imports ({error}); take it away to begin a new one"
            ) from None

    def with_one(self, name: str, found: Import) -> Imports:
        """The record with one more, or a newer, import."""
        return replace(self, files={**self.files, name: found})

    def write(self) -> None:
        """Store it, whole or not at all."""
        shown = {"files": {name: asdict(found) for name, found in sorted(self.files.items())}}
        beside = self.folder / f".{FILE}.new"
        beside.write_text(json.dumps(shown, indent=2) + "\n", "utf-8")
        beside.replace(self.folder / FILE)

    def edited(self, path: Path) -> bool:
        """Whether the file is another than the one that was imported under its name."""
        known = self.files.get(path.name)
        return known is None or known.sha256 != sha256(path.read_bytes())

    def origin(self, path: Path) -> str:
        """Where a file comes from, in words."""
        known = self.files.get(path.name)
        if known is None:
            return "the site's own"
        return f"from {known.source}" + (", edited since" if self.edited(path) else "")


def sha256(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
