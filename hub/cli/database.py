"""What the commands that read a site's database share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from hub.store.errors import StoreError


def located(site: Path, database: Path | None) -> Path:
    """The database of a site, unless another is named."""
    return database if database is not None else site / "var" / "hub.db"


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turns what can go wrong into one line and exit 1."""
    try:
        yield
    except (StoreError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
