"""`hub blueprint apply`: gives what the files say to new handovers, through a running hub or without one."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.blueprint import plans_of
from hub.cli.database import located

if TYPE_CHECKING:
    from hub.site.planning import Plan
    from hub.site.specs import SiteConfig

_WITHIN = 30.0


@click.command("apply")
@click.argument("site", type=click.Path(path_type=Path), default=".")
@click.argument("workflow", required=False)
@click.option("--why", default="", help="Why, for the record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--db", type=click.Path(path_type=Path), help="The database; SITE/var/hub.db if not given.")
@click.option("--url", help="Where the running hub serves; the address of site.yaml if not given.")
@click.option("--token", envvar="HUB_TOKEN", help="A token that may apply; one of site.yaml if not given.")
def command(
    site: Path, workflow: str | None, why: str, yes: bool, db: Path | None, url: str | None,
    token: str | None,
) -> None:
    """Make the files of SITE current for new handovers. Live ones keep the version that they began with."""
    from hub.site.planning import say
    from hub.store import StoreError, StoreLocked

    database = located(site, db)
    try:
        plans = plans_of(site, database, workflow)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    broken = [plan.status.name for plan in plans if plan.status.state == "invalid"]
    wanted = [plan for plan in plans if plan.status.state in ("offered", "new")]
    for plan in plans:
        if plan in wanted or plan.status.name in broken:
            click.echo("\n".join(say(plan, str(site))) + "\n")
    if broken and (workflow or not wanted):
        raise click.ClickException(f"not applied: {', '.join(broken)} cannot run as written")
    if not wanted:
        click.echo("Nothing to apply: the files say what runs.")
        return
    if not yes:
        click.confirm(f"Apply {', '.join(plan.status.name for plan in wanted)}?", abort=True)
    try:
        asyncio.run(_offline(database, wanted, why))
    except StoreLocked:
        asyncio.run(_through(site, wanted, why, url, token))
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    if broken:
        raise click.ClickException(f"not applied: {', '.join(broken)} cannot run as written")


async def _offline(database: Path, plans: Sequence[Plan], why: str) -> None:
    """Nobody runs on the database: write into it. Raises StoreLocked when somebody does."""
    from hub.core.clock import SystemClock
    from hub.core.entropy import SystemEntropy
    from hub.store import Store, Tx
    from hub.workflows.run import versions
    from hub.workflows.run.records import Machines

    clock = SystemClock()
    store = await Store.open(database, clock, SystemEntropy())
    at, who = clock.now(), f"cli:{getpass.getuser()}"

    def write(tx: Tx) -> None:
        for plan in plans:
            offer = plan.status.offer
            assert offer is not None and offer.draft is not None
            versions.apply(tx, Machines(), plan.status.name, offer.draft, at, who=who, why=why)

    try:
        await store.write(write)
    finally:
        await store.close()
    for plan in plans:
        _done(plan.status.name, sum(one.count for one in plan.staying))


async def _through(
    site: Path, plans: Sequence[Plan], why: str, url: str | None, token: str | None
) -> None:
    """Ask the hub that runs on the database, naming the very hash that was shown here."""
    import aiohttp

    config = _config(site)
    base = (url or f"http://{_host(config.web.host)}:{config.web.port}").rstrip("/")
    headers = {"Authorization": f"Bearer {token or _token(config)}"}
    timeout = aiohttp.ClientTimeout(total=_WITHIN)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        for plan in plans:
            name, offer = plan.status.name, plan.status.offer
            body = {"machine": offer.machine if offer else "", "why": why}
            where = f"{base}/api/v1/workflows/{name}/apply"
            try:
                async with session.post(where, json=body) as answer:
                    found: dict[str, Any] = await answer.json(content_type=None)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                raise click.ClickException(
                    f"a hub runs on this site, but {base} does not answer as one ({error}); "
                    "name its address with --url"
                ) from None
            if answer.status != 200:
                mend = f" ({found['mend']})" if found.get("mend") else ""
                raise click.ClickException(f"{name}: {found.get('detail') or found.get('title')}{mend}")
            _done(name, found["stay"])


def _done(name: str, stay: int) -> None:
    who = "1 live handover keeps its own" if stay == 1 else f"{stay} live handovers keep theirs"
    kept = f"; {who}" if stay else ""
    click.echo(f"{name}: new handovers get this version now{kept}.")


def _config(site: Path) -> SiteConfig:
    from hub.plugins.integrations import Integrations
    from hub.site.load import load_site

    config, problems = load_site(site, Integrations.load(), tolerant=True)
    if config is None:
        raise click.ClickException(f"the site is not right:\n{problems.render()}")
    return config


def _token(config: SiteConfig) -> str:
    """A token of the site that may apply."""
    from hub.web.access import Tokens

    tokens = Tokens(config.web.tokens)
    for spec in config.web.tokens:
        actor = tokens.actor(spec.token)
        decision = config.policy.decide(actor, "workflow.apply") if actor is not None else None
        if decision is not None and decision.allowed and not decision.needs_approval:
            return spec.token
    raise click.ClickException(
        "no token of site.yaml may apply (workflow.apply); add one with scope admin, or use --token"
    )


def _host(host: str) -> str:
    if host in ("0.0.0.0", "::", "[::]"):  # noqa: S104  compared with, never bound to
        return "127.0.0.1"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
