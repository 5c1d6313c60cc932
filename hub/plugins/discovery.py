"""Where plugins lie: search folders with one sub-folder per domain, and the entry points of partners."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

import hub
from hub.plugins.manifest import FILE

#: Entry point group of partners: the name is the domain, the value the module.
GROUP = "handoverhub.integrations"


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that was found. `module` is its importable name, empty when only its folder is known."""

    domain: str
    folder: Path
    module: str = ""


def default_search() -> tuple[Path, ...]:
    """The folder of the integrations that are installed together with the hub."""
    return (Path(hub.__file__).resolve().parent.parent / "integrations",)


def find(search: Iterable[Path], *, entry_points: bool = True) -> Iterator[Found]:
    """All plugins; the first search folder wins over later ones, folders over entry points."""
    seen: set[str] = set()
    for place in search:
        package = _package_of(place)
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if folder.name in seen or not (folder / FILE).is_file():
                continue
            seen.add(folder.name)
            yield Found(folder.name, folder, f"{package}.{folder.name}" if package else "")
    if entry_points:
        for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: p.name):
            if point.name not in seen:
                seen.add(point.name)
                yield Found(point.name, _folder_of(point.value), point.value)


def import_plugin(found: Found) -> ModuleType:
    """Run the plugin's code. Whatever it raises comes out."""
    if found.module:
        return importlib.import_module(found.module)
    # Two sites may have different plugins of one name: the folder is part of the module's name.
    name = f"site_integration_{found.domain}_{zlib.crc32(str(found.folder.resolve()).encode()):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        name, found.folder / "__init__.py", submodule_search_locations=[str(found.folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{found.folder} holds no package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _package_of(place: Path) -> str:
    """The name under which `place` is importable as a package, or nothing."""
    if not (place / "__init__.py").is_file():
        return ""
    try:
        spec = importlib.util.find_spec(place.name)
    except (ImportError, ValueError):
        return ""
    if spec is None or spec.origin is None:
        return ""
    return place.name if Path(spec.origin).resolve().parent == place.resolve() else ""


def _folder_of(module: str) -> Path:
    """Where `module` lies, found without running it; a path that does not exist when it cannot be found."""
    parent, _, last = module.rpartition(".")
    try:
        spec = importlib.util.find_spec(module) if not parent else None
        if spec is not None and spec.origin is not None:
            return Path(spec.origin).parent
        above = importlib.util.find_spec(parent.partition(".")[0]) if parent else None
    except (ImportError, ValueError):
        above = None
    for root in (above.submodule_search_locations or ()) if above is not None else ():
        return Path(root).joinpath(*parent.split(".")[1:], last)
    return Path(module)
