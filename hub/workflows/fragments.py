"""One document out of a blueprint, the blueprint that it extends, and the fragments that it uses.

What stands nearer wins: the blueprint over its fragments, these over what is extended. States are merged key
by key and their `on` event by event, so that one arrow can be changed without copying a state. Every value
keeps the mark of the file that it stands in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import voluptuous as vol

from hub.config.forms import form
from hub.config.loader import load_shared
from hub.config.marks import Document, Marks, YamlPath
from hub.config.problems import Problems, suggest
from hub.config.schema import Wrong, check, kind_of, mapping, name, table, text
from hub.config.shipped import shipped
from hub.workflows.engine import NEXT

#: Files within files, at most.
MAX_DEPTH = 8
_TABLES = ("states", "deadlines", "routines", "keys")
_BODY = ("fragment", "fragments", *_TABLES)
#: Steps of a path after which it is clear whose a value is: states, NAME, on, EVENT.
_DECIDING = 4
_KEPT_WORDS = (NEXT, "stay")


@form({"type": "array", "items": {"type": "string"}})
def list_of_states(value: Any) -> list[str]:
    """Names of states."""
    if not isinstance(value, list):
        raise Wrong(f"expected a list of states, found {kind_of(value)}", "for example: needs: [cleared]")
    return [name(one) for one in value]


USE = mapping({
    vol.Required("use", description="add: use: fragments/clear_out.yaml"): text,
    vol.Optional("rename"): table(name),
    vol.Optional("prefix"): name,
})
HEAD = mapping({
    vol.Required("name", description="add: name: what it is for"): text,
    vol.Required("lang", description="add: lang: 1"): object,
    vol.Optional("description"): text,
    vol.Optional("input"): object,
    vol.Optional("needs"): list_of_states,
})


@dataclass(slots=True)
class _Merge:
    """Documents laid over each other, and which of them each part of the result comes from."""

    data: dict[str, Any] = field(default_factory=dict)
    owner: dict[YamlPath, int] = field(default_factory=dict)
    parts: list[Document] = field(default_factory=list)

    def lay(self, part: Document) -> None:
        """Put a document over what is there."""
        index = len(self.parts)
        self.parts.append(part)
        for key, value in part.data.items():
            if key in _TABLES and isinstance(value, dict):
                self._table((key,), value, index, deep=key == "states")
            elif key == "blueprint" and isinstance(value, dict):
                self._head(value, index)
            elif key not in ("fragments", "extends"):
                self.data[key] = value
                self.owner[(key,)] = index

    def _head(self, head: Mapping[str, Any], index: int) -> None:
        kept = self.data.setdefault("blueprint", {})
        for key, value in head.items():
            if key == "input" and isinstance(value, dict):
                kept["input"] = _without(kept.get("input", {}), value)
                self._table(("blueprint", "input"), value, index, deep=False)
            else:
                kept[key] = value
                self.owner["blueprint", key] = index

    def _table(self, path: YamlPath, entries: Mapping[str, Any], index: int, *, deep: bool) -> None:
        place = self.data
        for step in path:
            place = place.setdefault(str(step), {})
        for key, value in entries.items():
            below = place.get(key)
            if deep and isinstance(value, dict) and isinstance(below, dict):
                place[key] = dict(below)
                deeper = path[0] == "states" and len(path) == 1
                for inner, one in value.items():
                    both = isinstance(one, dict) and isinstance(below.get(inner), dict)
                    if deeper and inner == "on" and both:
                        place[key]["on"] = {**below["on"], **one}
                        self.owner.update({(*path, key, "on", event): index for event in one})
                    else:
                        place[key][inner] = one
                        self.owner[*path, key, inner] = index
            else:
                place[key] = value
                self.owner[*path, key] = index

    def document(self, path: Path) -> Document:
        """The result, with the marks and the broken places of the parts that it comes from."""
        marks = Marks(str(path))
        broken: set[YamlPath] = set()
        files: dict[Path, None] = {}
        texts: dict[str, str] = {}
        owners: dict[YamlPath, int | None] = {}  # most marks share the few steps that decide
        for index, part in enumerate(self.parts):
            for at, key, value in part.marks.items():
                top = at[:_DECIDING]
                if top not in owners:
                    owners[top] = self._owner(top)
                if owners[top] in (None, index):
                    marks.put(at, key, value)
            broken |= {at for at in part.broken if self._owner(at) in (None, index)}
            files |= dict.fromkeys(part.files)
            texts |= part.texts
        return Document(self.data, marks, path, tuple(files), frozenset(broken), texts)

    def _owner(self, path: YamlPath) -> int | None:
        for length in range(min(len(path), _DECIDING), 0, -1):
            found = self.owner.get(path[:length])
            if found is not None:
                return found
        return None


def _without(inputs: Mapping[str, Any], nearer: Mapping[str, Any]) -> dict[str, Any]:
    """`inputs` without what is declared anew in `nearer`, wherever a section holds it."""
    again = {*nearer, *(name for one in nearer.values() for name in _section(one))}
    out: dict[str, Any] = {}
    for key, spec in inputs.items():
        inner = _section(spec)
        left = {name: one for name, one in inner.items() if name not in again}
        if left:
            out[key] = {**spec, "input": left}
        elif not inner and key not in again:
            out[key] = spec
    return out


def _section(spec: Any) -> Mapping[str, Any]:
    inner = spec.get("input") if isinstance(spec, dict) else None
    return inner if isinstance(inner, dict) else {}


def assemble(
    document: Document, problems: Problems, library: Sequence[Path] = (), chain: tuple[Path, ...] = ()
) -> Document:
    """The blueprint in `document` with everything that it takes from other files.

    Those are looked for beside it, then in the folders of `library`, then among the shipped blueprints.
    What cannot be found or read is said in `problems`, at the line that asked for it.
    """
    if not isinstance(document.data, dict) or not {"extends", "fragments"} & document.data.keys():
        return document
    here = (*chain, document.path.resolve())
    merge = _Merge()
    if "extends" in document.data:
        _extend(merge, document, problems, library, here)
    needs = _use_all(merge, document, problems, library, here)
    merge.lay(document)
    whole = merge.document(document.path)
    for need, path in needs:
        if need not in (whole.at(("states",)) or {}):
            mend = f"add a state {need}, or rename it: rename: {{{need}: STATE}}"
            problems.add(document.marks.value(path), f"this fragment needs a state '{need}'", mend, path)
    return whole


def _extend(
    merge: _Merge, document: Document, problems: Problems, library: Sequence[Path], here: tuple[Path, ...]
) -> None:
    path: YamlPath = ("extends",)
    base = _read(document, document.data["extends"], path, problems, library, here)
    if base is not None and isinstance(base.data, dict):
        merge.lay(assemble(base, problems, library, here))


def _use_all(
    merge: _Merge, document: Document, problems: Problems, library: Sequence[Path], here: tuple[Path, ...]
) -> list[tuple[str, YamlPath]]:
    """Lay every fragment; returns the states that they need, with the place that asked for them."""
    uses = document.data.get("fragments", [])
    if not isinstance(uses, list):
        problems.add(
            document.marks.value(("fragments",)), f"expected a list of fragments, found {kind_of(uses)}",
            "for example: fragments: [{use: fragments/clear_out.yaml}]", ("fragments",),
        )
        return []
    needs: list[tuple[str, YamlPath]] = []
    origin: dict[str, str] = {}
    for index in range(len(uses)):
        path: YamlPath = ("fragments", index)
        use = check(USE, document, path, problems)
        if use is None:
            continue
        found = _fragment(document, use, (*path, "use"), problems, library, here)
        if found is None:
            continue
        part, needed = found
        for state in part.data.get("states") or {}:
            if origin.setdefault(state, str(part.path)) != str(part.path):
                problems.add(
                    document.marks.value((*path, "use")), f"two fragments define a state '{state}'",
                    "give the states of one of them a prefix: {use: ..., prefix: first_}", path,
                )
        merge.lay(part)
        needs += [(need, (*path, "use")) for need in needed]
    return needs


def _fragment(
    document: Document, use: Mapping[str, Any], path: YamlPath, problems: Problems,
    library: Sequence[Path], here: tuple[Path, ...],
) -> tuple[Document, list[str]] | None:
    """A fragment in the form of a blueprint's parts, its states under their new names."""
    part = _read(document, use["use"], path, problems, library, here)
    if part is None:
        return None
    if not isinstance(part.data, dict) or "fragment" not in part.data:
        mend = "a fragment begins with `fragment:`; a whole blueprint is taken by `extends:`"
        problems.add(document.marks.value(path), f"'{use['use']}' is no fragment", mend, path)
        return None
    head = check(HEAD, part, ("fragment",), problems)
    for key in part.data:
        if key not in _BODY:
            problems.add(part.marks.key((key,)), f"unknown key '{key}'", suggest(str(key), _BODY), ())
    if head is None:
        return None
    whole = assemble(part, problems, library, here)
    own = whole.data.get("states") or {}
    prefix = use.get("prefix", "")
    names = ({state: prefix + state for state in own} if prefix else {}) | use.get("rename", {})
    needed = [names.get(need, need) for need in head.get("needs", ())]
    return _as_part(whole, names), needed


def _as_part(part: Document, names: Mapping[str, str]) -> Document:
    """A fragment's document with `fragment: input:` as the blueprint's, and with renamed states."""
    data = {key: value for key, value in part.data.items() if key in _TABLES}
    head = part.data["fragment"].get("input") or {}
    merged = (part.data.get("blueprint") or {}).get("input") or {}
    data["blueprint"] = {"input": {**merged, **head}}
    if names:
        states = data.get("states") or {}
        data["states"] = {names.get(state, state): _renamed(spec, names) for state, spec in states.items()}
        data["deadlines"] = {
            key: {**spec, "from": names.get(spec["from"], spec["from"])}
            if isinstance(spec, dict) and isinstance(spec.get("from"), str) else spec
            for key, spec in (data.get("deadlines") or {}).items()
        }
    marks = Marks(str(part.path))
    for path, key, value in part.marks.items():
        marks.put(_moved(path, names), key, value)
    broken = frozenset(_moved(path, names) for path in part.broken)
    return dataclasses.replace(part, data=data, marks=marks, broken=broken)


def _moved(path: YamlPath, names: Mapping[str, str]) -> YamlPath:
    if path[:1] == ("fragment",):
        return ("blueprint", *path[1:])
    if path[:1] == ("states",) and len(path) > 1:
        return ("states", names.get(str(path[1]), path[1]), *path[2:])
    return path


def _renamed(spec: Any, names: Mapping[str, str]) -> Any:
    """A state whose arrows, parent and first child go by the new names."""
    if not isinstance(spec, dict):
        return spec
    new = dict(spec)
    for key in ("parent", "initial"):
        if isinstance(spec.get(key), str):
            new[key] = names.get(spec[key], spec[key])
    if isinstance(spec.get("on"), dict):
        new["on"] = {event: _targets(arrows, names) for event, arrows in spec["on"].items()}
    if "after" in spec:
        new["after"] = _timers(spec["after"], names)
    return new


def _targets(arrows: Any, names: Mapping[str, str]) -> Any:
    if isinstance(arrows, str):
        return arrows if arrows in _KEPT_WORDS else names.get(arrows, arrows)
    if isinstance(arrows, list):
        return [_targets(arrow, names) for arrow in arrows]
    if isinstance(arrows, dict) and isinstance(arrows.get("to"), str):
        return {**arrows, "to": _targets(arrows["to"], names)}
    return arrows


def _timers(after: Any, names: Mapping[str, str]) -> Any:
    if isinstance(after, list):
        return [_timers(one, names) for one in after]
    if isinstance(after, dict) and "to" in after:
        return {**after, "to": _targets(after["to"], names)}
    return after


def _read(
    document: Document, word: Any, path: YamlPath, problems: Problems, library: Sequence[Path],
    here: tuple[Path, ...],
) -> Document | None:
    """The file that `word` names, read; None when it cannot be, and why is in `problems`."""
    mark = document.marks.value(path)
    if not isinstance(word, str) or not word.strip():
        problems.add(mark, f"expected a file, found {kind_of(word)}", "for example: pickup.yaml", path)
        return None
    folders = (document.path.parent, *library, shipped("blueprints"))
    file = next(iter(_inside(folders, word)), None)
    if file is None:
        known = {str(one.relative_to(folder)) for folder in folders for one in _yaml_in(folder)}
        problems.add(mark, f"there is no file '{word}'", suggest(word, known, "write its path"), path)
        return None
    if file.resolve() in here or len(here) >= MAX_DEPTH:
        chain = " -> ".join(one.name for one in (*here, file.resolve()))
        circle = file.resolve() in here
        what = "these files use each other in a circle" if circle else "too many files within files"
        problems.add(mark, f"{what}: {chain}", "take this line away", path)
        return None
    return load_shared(file, problems)


def _inside(folders: Sequence[Path], word: str) -> Iterator[Path]:
    for folder in dict.fromkeys(folders):
        file = folder / word
        if file.resolve().is_relative_to(folder.resolve()) and file.is_file():
            yield file


def _yaml_in(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for pattern in ("*.yaml", "fragments/*.yaml"):
            yield from (one for one in folder.glob(pattern) if not one.name.endswith(".cases.yaml"))
