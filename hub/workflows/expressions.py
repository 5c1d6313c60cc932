"""Expressions (S30): text that is one whole `{{ }}`. Compiled once, typed, strict, without loops or I/O.

Jinja2's expression grammar, cut down to what decides: names, attributes and items of plain data,
arithmetic, comparison, `and or not`, `in`, `if else`, lists, and a short list of filters and tests.
Amounts of money are integer minor units.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Undefined
from jinja2.sandbox import SandboxedEnvironment

from hub.config.marks import YamlPath
from hub.model import schedules
from hub.model.failures import StepFailed

_WHOLE = re.compile(r"\s*\{\{(?P<body>.*)\}\}\s*\Z", re.DOTALL)
_DOTTED = re.compile(r"\s*[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*\s*\Z")
_WORDS = frozenset(
    ("true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else")
)
_MAX_LENGTH = 500
_MAX_NODES = 120

#: Our own: what a schedule of the site says about a moment.
_CALENDAR = {"next_opening": schedules.next_opening, "next_closing": schedules.next_closing}
FILTERS = frozenset((
    "abs", "default", "first", "int", "last", "length", "lower", "max", "min", "round", "string", "sum",
    "trim", "upper", *_CALENDAR,
))
TESTS = frozenset((
    "during", "defined", "undefined", "none", "number", "string", "eq", "ne", "lt", "le", "gt", "ge", "in",
    "true", "false",
))
_NODES: tuple[type[nodes.Node], ...] = (
    nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair,
    nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.FloorDiv,
    nodes.Mod, nodes.Compare, nodes.Operand, nodes.CondExpr, nodes.Concat, nodes.Filter, nodes.Test,
    nodes.Keyword,
)
_FORBIDDEN: dict[type[nodes.Node], str] = {
    nodes.Call: "calls are not allowed in an expression; filters are: " + ", ".join(sorted(FILTERS)),
    nodes.Div: "/ makes fractions and money has none; use // for whole parts",
    nodes.Pow: "** is not allowed in an expression",
    nodes.Slice: "slices are not allowed in an expression",
}


class ExpressionError(StepFailed):
    """An expression that cannot be compiled, or that failed on its data: `detail` says which and why."""

    def __init__(self, detail: str) -> None:
        super().__init__("expression", detail)

    def __str__(self) -> str:
        return self.detail


class _Data(SandboxedEnvironment):
    """Attributes are keys of mappings and nothing else: no method or dunder of any object is reachable."""

    intercepted_binops = frozenset({"*", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise TypeError(f"{operator} takes numbers")  # "x" * 10**9, "%999999999d" would fill the memory
        return left * right if operator == "*" else left % right

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            if isinstance(obj, (Mapping, list, tuple)):
                return obj[argument]
        except (LookupError, TypeError):
            pass
        return self.undefined(obj=obj, name=argument)


def _of_schedule(ask: Callable[[Mapping[str, Any], int], Any]) -> Callable[[Any, Any], Any]:
    """`{{ now | next_opening(inputs.opening) }}`: the moment comes first, then the schedule."""

    def answer(at: Any, schedule: Any) -> Any:
        if not isinstance(at, int) or not isinstance(schedule, Mapping) or "week" not in schedule:
            raise TypeError("expected a moment and a schedule, for example: now is during(inputs.opening)")
        return ask(schedule, at)

    return answer


def _environment() -> Environment:
    env = _Data(undefined=StrictUndefined, autoescape=False, optimized=False)
    env.filters |= {name: _of_schedule(ask) for name, ask in _CALENDAR.items()}
    env.tests["during"] = lambda at, schedule: _of_schedule(schedules.is_open)(at, schedule)
    env.filters = {name: env.filters[name] for name in FILTERS}
    env.tests = {name: env.tests[name] for name in TESTS | {"==", "!=", "<", "<=", ">", ">="}}
    env.globals = {}
    return env


_ENV = _environment()


def body_of(value: object) -> str | None:
    """The inside of a value that is one whole `{{ }}`; None for every other value."""
    return _body(value) if isinstance(value, str) else None


@lru_cache(maxsize=4096)
def _body(text: str) -> str | None:
    match = _WHOLE.match(text)
    if match is None or "}}" in match["body"] or "{{" in match["body"]:
        return None
    return match["body"].strip()


def check(source: str) -> frozenset[str]:
    """Compile the body `source`; returns the names that it uses. Raises ExpressionError with what to mend."""
    compiled(source)
    return names_used(source)


def names_used(source: str) -> frozenset[str]:
    """The top-level names of an expression body, such as `item` in `item.size`."""
    return frozenset(node.name for node in parsed(source).find_all(nodes.Name))


def attributes_used(source: str, name: str) -> frozenset[str]:
    """The keys of `name` that an expression body reads, such as `bank` in `inputs.bank`."""
    return frozenset(
        node.attr for node in parsed(source).find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == name
    )


def evaluate(source: str, scope: Mapping[str, Any]) -> Any:
    """The typed value of the body `source`. Raises ExpressionError when a name or key is missing."""
    return compiled(source)(scope)


def render(tree: Any, scope: Mapping[str, Any]) -> Any:
    """`tree` with every whole `{{ }}` replaced by its value; other text stays text."""
    if isinstance(tree, str):
        source = body_of(tree)
        return tree if source is None else evaluate(source, scope)
    if isinstance(tree, Mapping):
        return {key: render(value, scope) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [render(value, scope) for value in tree]
    return tree


def truth(source: str, scope: Mapping[str, Any]) -> bool:
    """The truth of a guard, with or without `{{ }}`. Raises ExpressionError, which S26 counts as false."""
    body = body_of(source)
    return bool(evaluate(source if body is None else body, scope))


def expressions_in(tree: Any, path: YamlPath = ()) -> Iterator[tuple[YamlPath, str]]:
    """Every expression body in a value with its path."""
    if isinstance(tree, str):
        source = body_of(tree)
        if source is not None:
            yield path, source
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from expressions_in(value, (*path, key))
    elif isinstance(tree, (list, tuple)):
        for index, value in enumerate(tree):
            yield from expressions_in(value, (*path, index))


@lru_cache(maxsize=4096)
def compiled(source: str) -> Callable[[Mapping[str, Any]], Any]:
    """A function from scope to value for an expression body. Raises ExpressionError."""
    if _DOTTED.match(source) and not _WORDS & set(source.strip().split(".")):
        return _dotted(source.strip())
    _allowed(parsed(source))
    try:
        run = _ENV.compile_expression(source, undefined_to_none=False)
    except TemplateSyntaxError as error:  # sound between braces, but more than one expression: `1,`
        raise ExpressionError(str(error.message)) from error

    def value(scope: Mapping[str, Any]) -> Any:
        try:
            found = run(scope)
            if isinstance(found, Undefined):
                str(found)  # a strict undefined says by itself what is missing, by raising
        except (UndefinedError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise ExpressionError(f"{source}: {error}") from error
        return found

    return value


def _dotted(source: str) -> Callable[[Mapping[str, Any]], Any]:
    """The common case, `name` or `name.key.key`, without Jinja2: ten times faster."""
    parts = source.split(".")

    def value(scope: Mapping[str, Any]) -> Any:
        found: Any = scope
        for part in parts:
            if not isinstance(found, Mapping) or part not in found:
                raise ExpressionError(f"{source}: '{part}' is undefined")
            found = found[part]
        return found

    return value


@lru_cache(maxsize=1024)
def parsed(source: str) -> nodes.Template:
    """The syntax tree of an expression body, for whoever reads it otherwise. Raises ExpressionError."""
    if len(source) > _MAX_LENGTH:
        raise ExpressionError(f"an expression is at most {_MAX_LENGTH} characters long")
    if not source.strip():
        raise ExpressionError("the expression is empty")
    try:
        tree = _ENV.parse("{{ " + source + " }}")
    except (TemplateSyntaxError, RecursionError) as error:
        raise ExpressionError(str(getattr(error, "message", error) or error)) from error
    body = tree.body
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        raise ExpressionError("write one expression between {{ and }}")
    return tree


def _allowed(tree: nodes.Template) -> None:
    output = tree.body[0]
    assert isinstance(output, nodes.Output)
    count = 0
    stack: list[nodes.Node] = list(output.nodes)
    while stack:
        node = stack.pop()
        count += 1
        _check_node(node)
        stack.extend(node.iter_child_nodes())
    if count > _MAX_NODES:
        raise ExpressionError("this expression is too long; put parts of it into `set`")


def _check_node(node: nodes.Node) -> None:
    if not isinstance(node, _NODES):
        said = _FORBIDDEN.get(type(node), f"{type(node).__name__.lower()} is not allowed in an expression")
        raise ExpressionError(said)
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise ExpressionError(f"'{node.attr}': names that begin with _ are not allowed")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise ExpressionError(f"unknown filter '{node.name}'; known: {', '.join(sorted(FILTERS))}")
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        raise ExpressionError(f"unknown test '{node.name}'; known: {', '.join(sorted(TESTS))}")
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        raise ExpressionError("`if` needs an `else` in an expression")
