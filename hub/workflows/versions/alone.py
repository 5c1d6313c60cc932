"""Compiles a blueprint without a site: every input that has no default gets something that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.config.loader import load_shared
from hub.config.problems import Problems
from hub.workflows.compile import Compiled, compile_blueprint
from hub.workflows.fragments import assemble


def compile_alone(path: Path, library: Sequence[Path] = ()) -> Compiled:
    """The blueprint at `path` with its defaults, and stand-ins for what only a site can say."""
    return compile_blueprint(path, path.stem, stand_ins(path, library), library=library)


def stand_ins(path: Path, library: Sequence[Path] = ()) -> dict[str, Any]:
    """Something that fits for every input of a blueprint that has no default."""
    document = load_shared(path, Problems())
    declared: Mapping[str, Any] = {}
    if document is not None and isinstance(document.data, dict):
        found = assemble(document, Problems(), library).at(("blueprint", "input"))
        declared = dict(_flat(found)) if isinstance(found, dict) else {}
    return {
        name: _stand_in(name, spec["selector"]) for name, spec in declared.items()
        if isinstance(spec, dict) and "default" not in spec and spec.get("required", True)
        and "selector" in spec
    }


def _flat(declared: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Inputs by name, those of sections among them."""
    for name, spec in declared.items():
        section = spec.get("input") if isinstance(spec, dict) else None
        if isinstance(section, dict):
            yield from section.items()
        else:
            yield name, spec


def _stand_in(name: str, selector: Any) -> Any:
    word, options = (
        next(iter(selector.items())) if isinstance(selector, dict) and selector else (selector, None)
    )
    options = options if isinstance(options, dict) else {}
    one: Any = {
        "boolean": False, "number": options.get("min", 1), "duration": options.get("min", {"hours": 1}),
        "time": "12:00", "money": options.get("min", "1.00"),
        "select": next(iter(options.get("options") or ()), name),
    }.get(str(word), name)
    return [one] if options.get("multiple") else one
