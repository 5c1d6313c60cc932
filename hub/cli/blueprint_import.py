"""`hub blueprint import`: copies a blueprint into a site, with its source and hash on record."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click

from hub.cli.imports import Import, Imports, sha256
from hub.config.shipped import shipped
from hub.core.clock import SystemClock

#: No blueprint is as long; a page that is not one may be.
LARGEST = 1_000_000
_WITHIN = 20.0
_REDIRECTS = 3
_HASH = re.compile(r"[0-9a-fA-F]{64}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\.yaml\Z")


@click.command("import")
@click.argument("source")
@click.argument("site", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--sha256", "expected", metavar="HASH", help="Refuse anything that has another SHA-256.")
@click.option("--name", help="The file's name in the site; that of the source if not given.")
@click.option("--overwrite", is_flag=True, help="Replace a file that was edited here; it is kept aside.")
@click.option("--yes", is_flag=True, help="Do not ask before replacing an unedited file.")
def command(
    source: str, site: Path, expected: str | None, name: str | None, overwrite: bool, yes: bool
) -> None:
    """Copy the blueprint at SOURCE, a file or an https address, into the blueprints of SITE.

    Nothing runs differently until it is applied: hub blueprint plan SITE.
    """
    if expected is not None and not _HASH.match(expected):
        raise click.BadParameter("a SHA-256 has 64 hexadecimal digits", param_hint="--sha256")
    remote = "://" in source
    data = asyncio.run(fetch(source, pinned=expected is not None)) if remote else _file(Path(source))
    found = sha256(data)
    if expected is not None and found != expected.lower():
        raise click.ClickException(f"not imported: its SHA-256 is {found}, not {expected.lower()}")
    name = name or Path(urlsplit(source).path if remote else source).name
    if not _NAME.match(name) or name.endswith(".cases.yaml"):
        raise click.ClickException(f"'{name}' is no name for a blueprint; give one with --name pickup.yaml")
    folder = site / "blueprints"
    if _expect_right(data, name, [folder, shipped("blueprints")]) == "fragment":
        folder /= "fragments"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        imports = Imports.read(folder)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    target = folder / name
    if target.exists():
        if target.read_bytes() == data:
            click.echo(f"{target} has this content already (SHA-256 {found}).")
            return
        _expect_replaceable(target, data, imports, overwrite=overwrite, yes=yes)
    _write(target, data)
    where = source if remote else str(Path(source).resolve())
    moment = datetime.fromtimestamp(SystemClock().now() // 1_000_000, UTC)
    imports.with_one(name, Import(where, found, moment.isoformat())).write()
    click.echo(f"{target} imported, SHA-256 {found}.")
    click.echo(f"Nothing runs differently yet. See: hub blueprint plan {site}")


async def fetch(url: str, *, pinned: bool) -> bytes:
    """The bytes behind an address. Raises ClickException with what is wrong, also without a network."""
    import aiohttp

    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise click.ClickException(f"'{url}' is no address: it begins with https://")
    if parts.scheme == "http" and not pinned and not _is_loopback(parts.hostname):
        raise click.ClickException("anybody on the way can change what comes over http; add --sha256 HASH")
    timeout = aiohttp.ClientTimeout(total=_WITHIN)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(
            url, max_redirects=_REDIRECTS
        ) as answer:
            if answer.status != 200:
                raise click.ClickException(f"{url} answered {answer.status} {answer.reason}")
            if answer.url.scheme != parts.scheme and not pinned:
                raise click.ClickException(f"{url} leads to {answer.url}; add --sha256 HASH to follow")
            data = await answer.content.read(LARGEST + 1)
            while len(data) <= LARGEST and (more := await answer.content.read(LARGEST + 1 - len(data))):
                data += more
    except TimeoutError:
        raise click.ClickException(f"{url} did not answer within {_WITHIN:.0f} seconds") from None
    except aiohttp.TooManyRedirects:
        raise click.ClickException(f"{url} leads from one address to the next without an end") from None
    except aiohttp.ClientError as error:
        raise click.ClickException(
            f"{url} cannot be reached: {error}. Without a network, import a file instead"
        ) from None
    if len(data) > LARGEST:
        raise click.ClickException(f"{url} is larger than {LARGEST:,} bytes: that is no blueprint")
    return data


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise click.ClickException(f"{path} is larger than {LARGEST:,} bytes: that is no blueprint")
        return path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}") from None


def _expect_right(data: bytes, name: str, library: Sequence[Path]) -> str:
    """`blueprint` or `fragment`. Refuses what is neither or could not run, naming every place."""
    from hub.config.loader import load_yaml
    from hub.config.problems import Problems
    from hub.workflows.versions.alone import compile_alone

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        problems = Problems()
        document = load_yaml(path, problems)
        if document is not None and not (
            isinstance(document.data, dict) and document.data.keys() & {"blueprint", "fragment"}
        ):
            raise click.ClickException(f"not imported: {name} has no `blueprint:` section, it is none")
        if document is not None and "blueprint" in document.data:
            problems = compile_alone(path, library).problems
        if len(problems) or document is None:
            raise click.ClickException(
                f"not imported, it could not run:\n{problems.render().replace(folder + os.sep, '')}"
            )
        return "blueprint" if "blueprint" in document.data else "fragment"


def _expect_replaceable(
    target: Path, data: bytes, imports: Imports, *, overwrite: bool, yes: bool
) -> None:
    """Show what would change. An edited file is replaced on demand only, and kept aside."""
    for line in _difference(target, data):
        click.echo(line)
    if imports.edited(target):
        if not overwrite:
            raise click.ClickException(
                f"{target} was written or edited here and is left as it is; compare the two, then "
                "use --overwrite (it is kept aside) or --name to import beside it"
            )
        aside = target.with_name(f"{target.name}.before")
        _write(aside, target.read_bytes())
        click.echo(f"The edited file is kept as {aside}.")
    elif not (overwrite or yes):
        click.confirm(f"Replace {target}?", abort=True)


def _difference(target: Path, data: bytes) -> list[str]:
    from hub.workflows.versions.alone import compile_alone
    from hub.workflows.versions.diff import diff
    from hub.workflows.versions.report import lines, summary
    from hub.workflows.versions.written import Written

    library = (target.parent, shipped("blueprints"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.name
        path.write_bytes(data)
        old, new = compile_alone(target, library), compile_alone(path, library)
    if old.machine is None or new.machine is None:
        return [f"{target.name}: the two cannot be compared, the file here could not run"]
    changes = diff(old.machine, new.machine)
    return [*lines(changes, Written.of(old.sources, old.marks), Written.of(new.sources, new.marks)),
            summary(changes)]


def _write(target: Path, data: bytes) -> None:
    beside = target.with_name(f".{target.name}.new")
    beside.write_bytes(data)
    beside.replace(target)
