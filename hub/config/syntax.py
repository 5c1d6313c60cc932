"""Turns the YAML parser's complaints into places and mends that an installer understands."""

from __future__ import annotations

import re

import yaml

from hub.config.problems import Problem

_SPECIAL = "@`%&*!|>"
#: No text with fewer brackets and shorter lines can nest deeper than this.
_SAFE_DEPTH = 4000


def explain(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The problem behind a parser error, placed where the installer has to look."""
    if isinstance(error, yaml.reader.ReaderError):
        return _control_character(text, file)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(file, 1, 1, f"this is not YAML: {error}")
    lines = text.splitlines()
    line, column = error.problem_mark.line, error.problem_mark.column
    sign = lines[line][column] if line < len(lines) and column < len(lines[line]) else ""
    problem, context = error.problem or "", error.context or ""
    opened = (error.context_mark.line, error.context_mark.column) if error.context_mark else (line, column)
    if sign == "\t":
        return _at(file, line, column, "a tab cannot indent YAML", "use spaces, two per level")
    if "flow sequence" in context or "flow mapping" in context:
        pair = "[ ]" if "sequence" in context else "{ }"
        where = f" before line {line + 1}" if line != opened[0] else ""
        return _at(file, *opened, f"this '{pair[0]}' is not closed{where}", f"add '{pair[2]}'")
    if "quoted scalar" in context:
        return _at(file, *opened, "this quotation mark is not closed", "add the closing one")
    if "mapping values are not allowed" in problem:
        return _colon(file, line, column, lines)
    if "undefined alias" in problem:
        return _at(file, line, column, "this * names no anchor", 'text that begins with * needs quotes')
    if "another document" in problem:
        return _at(file, line, column, "a second document begins here", "remove the line '---'")
    if "cannot start any token" in problem and sign and sign in _SPECIAL:
        return _at(file, line, column, f"text cannot begin with {sign}", "put it in quotes")
    if "could not find expected ':'" in problem:
        return _at(file, *opened, "a ':' is missing after this key", "write `key: value`")
    if "block mapping" in context or "block collection" in context:
        return _at(file, line, column, "the indentation of this line fits nothing above it",
                   "line it up with the keys that it belongs to")
    return _at(file, line, column, f"this is not YAML: {problem or context}")


def too_deep(text: str, file: str, loader: type, limit: int) -> Problem | None:
    """The problem of a text nested deeper than `limit`, found without recursion.

    libyaml's composer is recursive C: some 20,000 levels end the process, so deep text must not reach it.
    """
    longest = max(map(len, text.split("\n")))
    if longest + text.count("[") + text.count("{") < _SAFE_DEPTH:
        return None
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            mark = event.start_mark
            if depth > limit and mark is not None:
                return _at(file, mark.line, mark.column, "this is nested too deep", "a site needs ten levels")
    except yaml.YAMLError:
        return None
    return None


def _at(file: str, line: int, column: int, message: str, mend: str = "") -> Problem:
    return Problem(file, line + 1, column + 1, message, mend)


def _colon(file: str, line: int, column: int, lines: list[str]) -> Problem:
    indent = len(lines[line]) - len(lines[line].lstrip()) if line < len(lines) else 0
    before = lines[line][indent:column] if line < len(lines) else ""
    if ":" in before:
        return _at(file, line, column, "a ': ' inside text", "put the text in quotes")
    return _at(file, line, indent, "this line is indented deeper than a value allows",
               "line it up with the key above, or give that key no value on its own line")


def _control_character(text: str, file: str) -> Problem:
    found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    position = found.start() if found else 0
    line = text.count("\n", 0, position)
    column = position - (text.rfind("\n", 0, position) + 1)
    return _at(file, line, column, "an invisible control character", "delete it and type the text again")
