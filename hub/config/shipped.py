"""Where the project's own blueprints and sites lie: in an installed wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(what: str) -> Path:
    """The folder `blueprints` or `config` that came with the hub."""
    installed = _PACKAGE / "_shipped" / what
    return installed if installed.is_dir() else _PACKAGE.parent / what


def blueprint_folders(site: Path) -> tuple[Path, ...]:
    """Where a site's blueprints are looked for, first match wins: its own, then the shipped ones."""
    return (site / "blueprints", shipped("blueprints"))
