"""`hub init`: a new site, commented, with a secret of its own."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

import click

from hub.core.entropy import SystemEntropy

_TEMPLATES = Path(__file__).parent / "template"
_ZONE_LINK = Path("/etc/localtime")
_TOKEN_BYTES = 24


def _site_id(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
        raise click.BadParameter("use letters, digits, _ - and . only")
    return value


def _zone(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(f"'{value}' is no IANA time zone, such as Europe/Berlin") from None
    return value


def _currency(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from hub.site.sections.iso4217 import CURRENCIES

    if value not in CURRENCIES:
        raise click.BadParameter(f"'{value}' is no ISO 4217 code, such as EUR")
    return value


def _local_zone() -> str:
    """This machine's zone by its link into the zone files, or UTC."""
    target = os.path.realpath(_ZONE_LINK)
    _, found, zone = target.partition("/zoneinfo/")
    return zone if found and zone[:1].isupper() else "Etc/UTC"


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--id", "site_id", callback=_site_id, help="Default: the folder's name.")
@click.option("--name", help="What people call the place. Default: the id.")
@click.option("--time-zone", default=_local_zone, callback=_zone, help="Default: this machine's.")
@click.option("--currency", default="EUR", show_default=True, callback=_currency)
def command(folder: Path, site_id: str | None, name: str | None, time_zone: str, currency: str) -> None:
    """Write a commented site into FOLDER. Files that exist are never touched."""
    derived = re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name).strip("-._") or "site"
    chosen = site_id or derived[:64]
    values: dict[str, Any] = {
        "id": chosen, "name": name or chosen, "quoted_name": json.dumps(name or chosen, ensure_ascii=False),
        "time_zone": time_zone, "currency": currency, "token": SystemEntropy().bytes(_TOKEN_BYTES).hex(),
    }
    texts = {path.name.removeprefix("dot"): Template(path.read_text("utf-8")).substitute(values)
             for path in sorted(_TEMPLATES.iterdir()) if path.is_file()}
    there = [name for name in texts if (folder / name).exists()]
    if there:
        raise click.ClickException(f"{folder} already has {', '.join(there)}; nothing was written.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            _write(folder / file, text)
    except OSError as error:
        raise click.ClickException(f"cannot write into {folder}: {error.strerror}") from error
    click.echo(f"{folder} is ready: {', '.join(sorted(texts))}")
    click.echo(f"Next: edit {folder / 'site.yaml'}, then\n  hub check {folder}\n  hub doctor {folder}\n"
               f"  hub run {folder}")


def _write(path: Path, text: str) -> None:
    """A new file; secrets can be read by their owner only, from the first byte on."""
    mode = 0o600 if path.name == "secrets.yaml" else 0o644
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
