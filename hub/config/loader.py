"""Reads YAML as rule S38 says: few implicit types, no duplicate keys, a mark for every value.

Implicit are `null`/`~`/nothing, `true`/`false`, decimal integers and floats with a point (YAML 1.2 core
schema, section 10.3, cut down); `on`, `no`, `0123`, `1e3`, `48:00:00` and dates stay text.
Tags: `!secret name`, `!include file`, `!input name`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from hub.config.marks import Document, Input, Mark, Marks, SecretText, YamlPath
from hub.config.problems import Problem, Problems, suggest
from hub.config.syntax import explain, too_deep

SECRETS = "secrets.yaml"
_CORE = "tag:yaml.org,2002:"
_NULL = re.compile(r"(?:~|null|)\Z")
_BOOL = re.compile(r"(?:true|false)\Z")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?\Z")
_FORMS = {"null": _NULL, "bool": _BOOL, "int": _INT, "float": _FLOAT}
#: More values than any site has: stops aliases that multiply each other.
MAX_VALUES = 200_000
_MAX_DIGITS = 18
MAX_DEPTH = 60
#: Path -> what the file said, what was read, and what was wrong.
_SHARED: dict[Path, tuple[bytes, Document | None, tuple[Problem, ...]]] = {}
_MOST_SHARED = 64
#: A site of ten thousand compartments has half of it; the time to read grows faster than the size.
_MAX_BYTES = 2_000_000


class SiteLoader(yaml.CSafeLoader):
    """CSafeLoader with our own implicit types. Used to compose nodes only."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own way of giving a subclass its resolvers


SiteLoader.add_implicit_resolver(_CORE + "null", _NULL, ["~", "n", ""])
SiteLoader.add_implicit_resolver(_CORE + "bool", _BOOL, ["t", "f"])
SiteLoader.add_implicit_resolver(_CORE + "int", _INT, list("-+0123456789"))
SiteLoader.add_implicit_resolver(_CORE + "float", _FLOAT, list("-+0123456789"))


def load_yaml(path: Path, problems: Problems, *, root: Path | None = None) -> Document | None:
    """Read `path` with its includes and secrets; None when its syntax is broken.

    `root` is the folder that includes may not leave and where `secrets.yaml` lies; by default the
    file's own. Problems that leave the rest readable do not stop the reading.
    """
    return _Reading(root or path.parent, problems).document(path)


def load_shared(path: Path, problems: Problems) -> Document | None:
    """As `load_yaml`, for files that many others use: one that still says the same is not parsed again.

    The document is shared: nobody may change its data or marks.
    """
    try:
        said = path.read_bytes()
    except OSError:
        return load_yaml(path, problems)
    known = _SHARED.get(path)
    if known is None or known[0] != said:
        found = Problems()
        known = (said, load_yaml(path, found), tuple(found))
        if len(_SHARED) >= _MOST_SHARED:
            _SHARED.clear()
        if known[1] is not None and known[1].files == (path,):  # what it includes may change by itself
            _SHARED[path] = known
    problems.extend(known[2])
    return known[1]


def forget_shared() -> None:
    """Read every file anew from now on."""
    _SHARED.clear()


def load_text(text: str, name: str, problems: Problems, *, root: Path | None = None) -> Document | None:
    """Read YAML that is already in memory, shown as the file `name`."""
    return _Reading(root or Path(), problems).document(Path(name), text)


class _Reading:
    """One run over a file and everything that it includes."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self._root = root
        self._problems = problems
        self._marks = Marks("")
        self._chain: list[Path] = []
        self._files: list[Path] = []
        self._texts: dict[str, str] = {}
        self._open: set[int] = set()
        self._broken: set[YamlPath] = set()
        self._secrets: Document | None = None
        self._secrets_read = False
        self._values = 0
        self._grown = False

    def document(self, path: Path, text: str | None = None) -> Document | None:
        self._marks = Marks(str(path))
        mark = Mark(str(path), 1, 1)
        try:
            text = self._read(path) if text is None else text
        except OSError as error:
            self._problems.add(mark, f"cannot read this file: {error.strerror or error}")
            return None
        if text is None:
            return None
        self._texts[str(path)] = text
        node, good = self._compose(text, path)
        if not good:
            return None
        self._chain.append(path)
        data = None if node is None else self._build(node, ())
        return Document(
            data, self._marks, path, tuple(self._files or [path]), frozenset(self._broken), self._texts
        )

    def _read(self, path: Path) -> str | None:
        raw = path.read_bytes()
        self._files.append(path)
        try:
            if len(raw) > _MAX_BYTES:
                self._problems.add(Mark(str(path), 1, 1), "this file is larger than 2 MB", "is it YAML?")
                return None
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = raw[: error.start].decode("utf-8", "replace")
            mark = Mark(str(path), before.count("\n") + 1, len(before) - before.rfind("\n"))
            self._problems.add(mark, "this byte is not UTF-8", "save the file as UTF-8")
            return None

    def _compose(self, text: str, path: Path) -> tuple[yaml.Node | None, bool]:
        deep = too_deep(text, str(path), SiteLoader, MAX_DEPTH)
        if deep is not None:
            self._problems.put(deep)
            return None, False
        loader = SiteLoader(text)
        try:
            return loader.get_single_node(), True
        except yaml.YAMLError as error:
            self._problems.put(explain(error, text, str(path)))
            return None, False
        finally:
            loader.dispose()

    def _mark(self, node: yaml.Node) -> Mark:
        return Mark(str(self._chain[-1]), node.start_mark.line + 1, node.start_mark.column + 1)

    def _bad(self, path: YamlPath, mark: Mark, message: str, mend: str = "") -> None:
        self._problems.add(mark, message, mend, path)
        self._broken.add(path)

    def _build(self, node: yaml.Node, path: YamlPath, key: Mark | None = None) -> Any:
        mark = self._mark(node)
        self._marks.put(path, key, mark)
        self._values += 1
        if self._values > MAX_VALUES or len(path) > MAX_DEPTH:
            return self._too_much(path, mark, len(path) > MAX_DEPTH)
        if id(node) in self._open:
            self._bad(path, mark, "this alias contains itself", "write the value out")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path, mark)
        self._open.add(id(node))
        try:
            if node.tag.startswith("!"):
                return self._bad(path, mark, f"{node.tag} takes one word, not a mapping or list")
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self._build(child, (*path, index)) for index, child in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _too_much(self, path: YamlPath, mark: Mark, deep: bool) -> None:
        if not self._grown and deep:
            self._bad(path, mark, "this is nested too deep", "a site needs ten levels")
        elif not self._grown:
            self._bad(path, mark, "this file grows beyond all measure", "an alias repeats: write it out")
        self._grown = True
        self._broken.add(path)

    def _mapping(self, node: yaml.MappingNode, path: YamlPath) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        lines: dict[Any, int] = {}
        for key_node, value_node in node.value:
            mark = self._mark(key_node)
            key = self._key(key_node, path, mark)
            if key is None:
                continue
            if key in out:
                message = f"'{key}' stands here twice; it is first on line {lines[key]}"
                self._problems.add(mark, message, "keep one of the two", (*path, key))
                continue
            lines[key] = mark.line
            out[key] = self._build(value_node, (*path, key), mark)
        return out

    def _key(self, node: yaml.Node, path: YamlPath, mark: Mark) -> str | int | None:
        if isinstance(node, yaml.ScalarNode):
            kind = node.tag.removeprefix(_CORE)
            if kind == "str":
                return str(node.value)
            if kind == "int" and len(node.value) <= _MAX_DIGITS:
                return int(node.value)
            self._bad(path, mark, f"'{node.value}' cannot be a key", f"put it in quotes: \"{node.value}\"")
        elif isinstance(node, yaml.MappingNode):
            self._bad(path, mark, "{ } cannot be a key", 'an expression needs quotes: "{{ ... }}"')
        else:
            self._bad(path, mark, "a list cannot be a key", 'text that begins with [ needs quotes: "[...]"')
        return None

    def _scalar(self, node: yaml.ScalarNode, path: YamlPath, mark: Mark) -> Any:
        text = str(node.value)
        if node.tag.startswith(_CORE):
            kind = node.tag.removeprefix(_CORE)
            if kind == "str":
                return text
            form = _FORMS.get(kind)
            if form is not None and form.match(text):
                return self._plain(kind, text, path, mark)
            return self._bad(path, mark, f"'{text}' is no {kind}", "leave the tag away")
        match node.tag:
            case "!secret" | "!include" if self._chain[-1].name == SECRETS:
                return self._bad(path, mark, f"no {node.tag} in {SECRETS}", "write the value itself")
            case "!input":
                return Input(text)
            case "!secret":
                return self._secret(text, path, mark)
            case "!include":
                return self._include(text, path, mark)
        mend = suggest(node.tag, ["!secret", "!include", "!input"])
        return self._bad(path, mark, f"unknown tag {node.tag}", mend)

    def _plain(self, kind: str, text: str, path: YamlPath, mark: Mark) -> Any:
        if kind == "null":
            return None
        if kind == "bool":
            return text == "true"
        if kind == "float":
            return float(text)
        if len(text) > _MAX_DIGITS:
            return self._bad(path, mark, f"{text} is too large a number", f'text needs quotes: "{text}"')
        return int(text)

    def _secret(self, name: str, path: YamlPath, mark: Mark) -> Any:
        file = self._root / SECRETS
        if not self._secrets_read:
            self._secrets_read = True
            if file.is_file():
                self._secrets = _Reading(self._root, self._problems).document(file)
                self._files.append(file)
        known = self._secrets.data if self._secrets is not None else None
        names = known if isinstance(known, dict) else {}
        if name not in names:
            close = suggest(name, names) if names else ""
            mend = f"add this line to {file}:  {name}: \"...\"" + (f"  ({close})" if close else "")
            return self._bad(path, mark, f"secret '{name}' is not in {SECRETS}", mend)
        value = names[name]
        return SecretText(value) if isinstance(value, str) else value

    def _include(self, name: str, path: YamlPath, mark: Mark) -> Any:
        here = self._chain[-1]
        target = here.parent / name
        chain = " -> ".join(str(file.name) for file in (*self._chain, target))
        if not target.resolve().is_relative_to(self._root.resolve()):
            mend = f"move the file into {self._root} and include it from there"
            return self._bad(path, mark, f"'{name}' lies outside the site's folder", mend)
        if target.resolve() in {file.resolve() for file in self._chain}:
            return self._bad(path, mark, f"circular include: {chain}", "take this !include away")
        if not target.is_file():
            there = [file.name for file in target.parent.glob("*.yaml")] if target.parent.is_dir() else []
            close = suggest(name, there, f"create {target}")
            return self._bad(path, mark, f"included file '{name}' does not exist ({chain})", close)
        try:
            text = self._read(target)
        except OSError as error:
            return self._bad(path, mark, f"cannot read '{name}': {error.strerror or error} ({chain})")
        if text is not None:
            self._texts[str(target)] = text
        node, good = self._compose(text, target) if text is not None else (None, False)
        if not good:
            self._broken.add(path)
            return None
        if node is None:
            return None
        self._chain.append(target)
        try:
            return self._build(node, path, self._marks.key(path))
        finally:
            self._chain.pop()

