"""Writes docs/installer/reference/ from the schemas, tables and texts of the hub itself: `make docs`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import shipped_workflows

from hub.access.default_policy import DEFAULT_POLICY
from hub.config import schema
from hub.config.forms import Form, form_of, form_of_mapping
from hub.config.selectors import SELECTORS
from hub.workflows import fragments, shape
from hub.workflows.checks.expressions import ENGINE_NAMES, ORDER_NAMES
from hub.workflows.expressions import FILTERS, TESTS
from hub.workflows.steps import STEPS, StepType
from hub.workflows.vocabulary import COMMANDS, FACTS, INTERNAL

FOLDER = Path(__file__).parent / "installer" / "reference"
_WRITTEN = "<!-- Written by `make docs` from the hub's own schemas: change those, not this page. -->"
_CLASSES = {
    "database": "in the transaction of the transition",
    "idempotent": "repeated until its result is definite",
    "observable": "resolved first when in doubt, then decided",
    "blind": "never retried",
}
_EFFECT_RESULTS = {
    "effect.confirmed": "There is proof that the effect happened.",
    "effect.refuted": "There is proof that it did not: event.reason.",
    "effect.in_doubt": "Nobody knows. Without an arrow of its own the handover goes to `recovery`.",
}
_FILTERS = {
    "abs": "the size of a number", "default": "another value where there is none",
    "first": "the first of a list", "int": "a whole number",
    "last": "the last of a list", "length": "how many", "lower": "small letters",
    "max": "the largest of a list", "min": "the smallest of a list", "round": "the nearest whole number",
    "string": "as text", "sum": "the sum of a list", "trim": "without space around it",
    "upper": "capital letters",
    "next_opening": "when the schedule opens next: `now | next_opening(inputs.opening)`",
    "next_closing": "when it closes next",
}
_TESTS = {
    "during": "the schedule is open: `now is during(inputs.opening)`", "defined": "there is such a value",
    "undefined": "there is none", "none": "it is empty", "number": "it is a number", "string": "it is text",
    "eq": "equal, as `==`", "ne": "not equal, as `!=`", "lt": "less, as `<`", "le": "at most, as `<=`",
    "gt": "more, as `>`", "ge": "at least, as `>=`", "in": "one of a list, as `in`", "true": "it is true",
    "false": "it is false",
}
_ALWAYS = {
    "extend": "Moves a deadline: `until`, `deadline`. In every state.",
    "reissue": "Revokes the credential and sends a fresh one. In every state with one.",
}


def pages() -> dict[str, str]:
    """File name -> text of every page of the reference."""
    return {
        "README.md": _page("Reference", _index()),
        "steps.md": _page("Steps", _steps()),
        "events.md": _page("Events", _events()),
        "keys.md": _page("Keys of a blueprint", _keys()),
        "selectors.md": _page("Selectors", _selectors()),
        "expressions.md": _page("Expressions", _expressions()),
        "commands.md": _page("Commands and who may give them", _commands()),
        "workflows.md": _page("The shipped workflows", shipped_workflows.lines()),
    }


def main() -> int:
    """Write the pages; with --check, say which are stale instead."""
    stale = [
        name for name, text in pages().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for name in stale:
            sys.stderr.write(f"{FOLDER / name} is stale: make docs\n")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
    return 0


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", _WRITTEN, "", *lines]).rstrip() + "\n"


def _index() -> Iterator[str]:
    yield _wrapped(
        "Everything that a blueprint can say, from the schemas that check it. How it fits together stands in "
        "[Blueprints](../blueprints.md)."
    )
    yield from (
        "", "- [Keys](keys.md) of a blueprint, a state, a start, a deadline, a fragment",
        "- [Steps](steps.md): arguments, what they lead to, why they fail",
        "- [Events](events.md) that states react to", "- [Selectors](selectors.md) of inputs",
        "- [Expressions](expressions.md): names, filters, tests",
        "- [Commands](commands.md) and the roles that may give them",
        "- [The shipped workflows](workflows.md): inputs, incidents, messages", "",
    )
    yield _wrapped(
        "Editors complete and check all of it with the schemas that `hub schema --write schemas` writes. "
        "A file says which is its own:"
    )
    yield from ("", "```yaml", "# yaml-language-server: $schema=schemas/blueprint.schema.json", "```", "")
    yield "The editor is told our tags once, in its settings:"
    tags = '{"yaml.customTags": ["!input scalar", "!secret scalar", "!include scalar"]}'
    yield from ("", "```json", tags, "```", "")
    yield _wrapped(
        "It sees the name behind `!input` as text, so it accepts text where a number or a list is meant. "
        "Whether a blueprint can run is for `hub check` to say."
    )


def _steps() -> Iterator[str]:
    yield _wrapped(
        "A state's `enter` lists steps. Those that change only the database come first, in any number; one "
        "that acts on doors or money comes last, alone. Any argument may be an expression."
    )
    for title, acting in (("Steps in the database", False), ("Steps that act", True)):
        yield from ("", f"## {title}")
        for step in STEPS.values():
            if step.is_effect is acting:
                yield from _step(step)
    yield from (
        "", "## `call`", "", "Does the steps of a routine of this name: `- call: recall`, with",
        "`routines: {recall: [revoke_credential, release]}` at the top.",
    )


def _step(step: StepType) -> Iterator[str]:
    yield from ("", f"### `{step.name}`", "", _wrapped(step.doc), "")
    form = form_of(shape.branch_list) if step.name == "choose" else form_of(step.schema)
    if step.name == "choose":
        yield "```yaml"
        yield "- choose:"
        yield '    - {when: "{{ attempts < 2 }}", do: [release]}'
        yield "    - {do: [{raise_incident: {kind: stuck}}]}"
        yield "```"
    else:
        yield from ("```yaml", f"- {_example(step.name, form)}", "```")
        yield from _arguments(form)
    yield ""
    kind = f"{step.effect_class.value}, {_CLASSES[step.effect_class.value]}"
    yield f"- effect class: {kind}"
    for noun, words in (
        ("results", step.results), (f"`{step.name}.failed` reasons", step.fails),
        ("`effect.refuted` reasons", step.refutes), ("needs", step.needs), ("gives", step.gives),
        ("sets the variables", step.sets),
    ):
        if words:
            yield f"- {noun}: {_listed(words)}"


def _arguments(form: Form) -> Iterator[str]:
    properties = form.get("properties", {})
    if not properties:
        return
    yield from ("", "| argument | what it takes |", "|---|---|")
    for name, found in properties.items():
        must = "" if name in form.get("required", ()) else " (may be left out)"
        yield f"| `{name}` | {_said(found)}{must} |"


def _example(name: str, form: Form) -> str:
    """A step with the arguments that it must have, each as its own mend would write it."""
    parts = [
        f"{key}: {_sample(form['properties'][key])}" for key in form.get("required", ())
    ]
    if name == "set":
        parts = ["tried: true"]
    return f"{name}: {{{', '.join(parts)}}}" if parts else name


def _sample(found: Form) -> str:
    example = found.get("x-example")
    return str(example) if example is not None else "..."


def _events() -> Iterator[str]:
    yield _wrapped(
        "What a state's `on` may name. Nobody but the hub makes facts, results and internal events; commands "
        "are given by people and programs ([commands](commands.md))."
    )
    for title, table in (
        ("Facts", FACTS), ("Commands", {f"command.{word}": text for word, text in COMMANDS.items()}),
        ("Results of effects", _EFFECT_RESULTS),
        ("From the engine", {
            **INTERNAL, "STEP.failed": "A step of that name could not be done: event.reason, event.detail.",
            "deadline.NAME": "The deadline of that name has passed.",
        }),
    ):
        yield from ("", f"## {title}", "", "| event | when |", "|---|---|")
        yield from (f"| `{name}` | {text} |" for name, text in table.items())


def _keys() -> Iterator[str]:
    body = form_of_mapping(shape.BODY)
    head = form_of(shape.HEAD)
    yield _wrapped(
        "`!input NAME` may stand for any value; `extends` and `fragments` bring in other files, whose "
        "states, deadlines, routines and inputs are merged by name: what the blueprint says itself wins."
    )
    one, section = head["properties"]["input"]["additionalProperties"]["anyOf"]
    top = {
        "blueprint": {"type": "object"}, **body["properties"],
        "extends": form_of(schema.text), "fragments": {"type": "array"}, "routines": {"type": "object"},
    }
    yield from _table("At the top", {"properties": top, "required": ["blueprint", *body["required"]]})
    yield from _table("`blueprint:`", head)
    yield from _table("`blueprint: input:`, each", one)
    yield from _table("A section of inputs, with a heading over several", section)
    yield from _table("`states:`, each", form_of(shape.STATE))
    yield from _table("`start:`, each", body["properties"]["start"]["items"])
    yield from _table("`deadlines:`, each", body["properties"]["deadlines"]["additionalProperties"])
    for key in ("promise", "source"):
        yield from _table(f"`{key}:`", body["properties"][key])
    yield from _table("`fragments:`, each", form_of(fragments.USE))
    yield from _table("`fragment:`, at the top of a fragment", form_of(fragments.HEAD))


def _table(title: str, form: Form) -> Iterator[str]:
    yield from ("", f"## {title}", "", "| key | what it takes |", "|---|---|")
    for name, found in form["properties"].items():
        must = " (required)" if name in form.get("required", ()) else ""
        value = str(found.get("x-example", ""))
        is_yaml = value and (" " not in value or value[0] in "[{")
        example = f"; for example `{value}`" if is_yaml else ""
        yield f"| `{name}` | {_said(found)}{must}{example} |"


def _selectors() -> Iterator[str]:
    yield _wrapped(
        "What an input accepts, written `selector: {WORD: {OPTION: ...}}`, or `selector: WORD` without "
        "options. It is enforced on YAML and on the API alike. Those that name a thing of the site accept "
        "only what the site has."
    )
    yield from ("", "| selector | options |", "|---|---|")
    for word, selector in SELECTORS.items():
        options = form_of_mapping(selector.options)["properties"]
        said = ", ".join(f"`{name}`: {_said(found)}" for name, found in options.items()) or "none"
        yield f"| `{word}` | {said} |"


def _expressions() -> Iterator[str]:
    yield _wrapped(
        "A text that is one whole `{{ }}` is an expression and keeps its type; any other text is text. There "
        "are no loops and no calls; a name that is not there is an error, which a `when` counts as false."
    )
    yield from ("", "## Names", "")
    yield f"- of the order and of steps: {_listed(ORDER_NAMES)}"
    yield f"- of the engine: {_listed(ENGINE_NAMES)}"
    yield "- those of your own, stored by `set`"
    for title, known, texts, form in (
        ("Filters", FILTERS, _FILTERS, "`VALUE | {}`"), ("Tests", TESTS, _TESTS, "`VALUE is {}`"),
    ):
        yield from ("", f"## {title}", "", "| write | meaning |", "|---|---|")
        cells = ((form.format(name), texts[name]) for name in sorted(known))
        yield from ("| {} | {} |".format(*(cell.replace("|", "\\|") for cell in row)) for row in cells)


def _commands() -> Iterator[str]:
    yield "A command is accepted, or refused with the reason; it is never dropped. The permission of each is"
    yield "`handover.COMMAND`. These are the roles of the shipped table; a site may bring its own."
    yield from ("", "| command | meaning | roles |", "|---|---|---|")
    for word, text in {**COMMANDS, **_ALWAYS}.items():
        yield f"| `{word}` | {text} | {', '.join(_roles(f'handover.{word}')) or 'nobody'} |"


def _roles(verb: str) -> Iterator[str]:
    for role, rules in DEFAULT_POLICY.items():
        said = [_condition(rule) for rule in rules if _covers(rule, verb)]
        if said:
            yield role + ("" if "" in said else f" ({said[0]})")


def _covers(rule: Any, verb: str) -> bool:
    verbs = [rule] if isinstance(rule, str) else rule["verbs"]
    return any(one in ("*", verb) or (one.endswith(".*") and verb.startswith(one[:-1])) for one in verbs)


def _condition(rule: Any) -> str:
    if isinstance(rule, str):
        return ""
    parts = [f"with approval of {rule['approval']}"] if rule.get("approval") else []
    parts += ["their own"] if rule.get("own") else []
    parts += [f"while {' or '.join(rule['status'])}"] if rule.get("status") else []
    return ", ".join(parts)


_ANYWHERE = ("#/$defs/expression", "#/$defs/input")
_NAMED = {
    "#/$defs/duration": "a duration", "#/$defs/input": "an input", "#/$defs/expression": "an expression",
    "#/$defs/steps": "a list of [steps](steps.md)", "#/$defs/selector": "a [selector](selectors.md)",
}


_KINDS = {"string": "text", "boolean": "true or false", "number": "a number", "null": "nothing"}


def _said(found: Form) -> str:
    """A form in words."""
    if "anyOf" in found:
        # That any argument may be an expression, and any value an input, is said once at the top.
        rest = [one for one in found["anyOf"] if one.get("$ref") not in _ANYWHERE]
        return ", or ".join(dict.fromkeys(_said(one) for one in rest)) or "an input"
    if "$ref" in found:
        return _NAMED.get(found["$ref"], "a value")
    if "enum" in found:
        return _listed(found["enum"])
    kind = found.get("type")
    if kind == "array":
        return f"a list of {_said(found['items'])}" if "items" in found else "a list"
    if kind == "object":
        return _mapping(found)
    if kind == "integer":
        least, most = found.get("minimum"), found.get("maximum")
        limits = [f"from {least}"] * (least is not None) + [f"to {most}"] * (most is not None)
        return " ".join(["a whole number", *limits])
    return _KINDS.get(str(kind), "a value")


def _mapping(found: Form) -> str:
    if found.get("properties"):
        return "{" + ", ".join(f"`{key}`" for key in found["properties"]) + "}"
    if isinstance(found.get("additionalProperties"), Mapping):
        return "entries by name"
    return "names with values"


def _listed(words: Iterable[Any]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _wrapped(text: str) -> str:
    return re.sub(r"(.{1,118})(?:\s+|$)", r"\1\n", text).rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
