"""What `hub blueprint list` shows: files, where they come from, who uses them, and what runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub.cli.blueprint import plans_of
from hub.cli.imports import Imports
from hub.config.loader import load_yaml
from hub.config.problems import Problems
from hub.config.shipped import blueprint_folders
from hub.site.planning import Plan


def listing(site: Path, database: Path) -> Iterator[str]:
    """The blueprints, then the workflows."""
    plans = plans_of(site, database)
    imports = Imports.read(site / "blueprints")
    seen: set[str] = set()
    yield "Blueprints:"
    for folder in blueprint_folders(site):
        for path in sorted(folder.glob("*.yaml")):
            if path.name.endswith(".cases.yaml"):
                continue
            name, version = _head(path)
            if not name:
                continue
            origin = imports.origin(path) if folder.parent == site else "shipped"
            hidden = ", hidden by the site's own" if path.name in seen else ""
            seen.add(path.name)
            yield f"  {path.name:28} {version:8} {name} ({origin}{hidden})"
    yield "Workflows:"
    yield from (f"  {_workflow(plan)}" for plan in plans)


def _head(path: Path) -> tuple[str, str]:
    document = load_yaml(path, Problems())
    head = document.at(("blueprint",)) if document is not None else None
    if not isinstance(head, dict):
        return "", ""
    return str(head.get("name", path.stem)), str(head.get("version", ""))


def _workflow(plan: Plan) -> str:
    status = plan.status
    version = status.applied.version if status.applied is not None else "-"
    live = sum(one.count for one in status.live)
    return f"{status.name:28} {version:8} {status.state}, {live} live"
