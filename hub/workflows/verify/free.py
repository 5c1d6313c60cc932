"""Guards over what nobody knows: three-valued, with a question asked only where the answer is free.

What the model knows (state, attempts, the event, variables that the blueprint sets) is evaluated exactly.
The order, the inputs and what people type are free: both answers are explored. An answer about something
that never changes is remembered by whoever asks, so that one way through the machine stays consistent.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from hub.workflows.expressions import body_of, parsed

Scope = Mapping[str, Any]
#: Asked for a condition (its normal form, the names it reads); gives its truth on this way.
Ask = Callable[[str, frozenset[str]], bool]
_Value = Callable[[Scope, Ask], Any]


class Unknown:
    """A value that the model does not know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
#: One that is there for certain, whatever it is.
SOMETHING = Unknown()


class Loose(dict[str, Any]):
    """Data of which more may exist than is known: a key that is not there is free, not missing.

    Unless it stands in `without`.
    """

    without: frozenset[str] = frozenset()


class Missing(Exception):
    """A name or key that certainly does not exist was read."""


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "lteq": operator.le, "gt": operator.gt,
    "gteq": operator.ge, "in": lambda a, b: a in b, "notin": lambda a, b: a not in b,
}
#: Each of these is the other one's negation: only one of a pair is ever asked.
_NEGATED = {"ne": "eq", "notin": "in", "gteq": "lt", "lteq": "gt"}


def truth(source: str, scope: Scope, ask: Ask) -> bool:
    """The truth of a guard. Raises Missing, which S26 counts as false."""
    body = body_of(source)
    return bool(_compiled(source if body is None else body)[0](scope, ask))


def value(source: Any, scope: Scope) -> Any:
    """What an argument renders to, UNKNOWN where that depends on what nobody knows."""
    body = body_of(source)
    if body is None:
        return source
    try:
        return _compiled(body)[1](scope, _nobody)
    except (Missing, _Free):
        return UNKNOWN


def atoms(source: str) -> frozenset[str]:
    """Every condition of a guard that may ever be asked about."""
    body = body_of(source)
    output = parsed(source if body is None else body).body[0]
    assert isinstance(output, nodes.Output)
    return frozenset(_atoms(output.nodes[0]))


def _atoms(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.And() | nodes.Or():
            yield from _atoms(node.left)
            yield from _atoms(node.right)
        case nodes.Not():
            yield from _atoms(node.node)
        case nodes.Test(name="defined" | "undefined"):
            yield f"{_said(node.node)} is defined"
        case _:
            yield _said(_positive(node)[0])


class _Free(Exception):
    """A condition that only a choice could decide."""


def _nobody(_atom: str, _roots: frozenset[str]) -> bool:
    raise _Free


@lru_cache(maxsize=4096)
def _compiled(body: str) -> tuple[_Value, _Value]:
    output = parsed(body).body[0]
    assert isinstance(output, nodes.Output)
    node = output.nodes[0]
    return _condition(node), _term(node)


def _condition(node: nodes.Node) -> _Value:
    """A function that decides `node`, asking about the parts that are free."""
    match node:
        case nodes.And():
            left, right = _condition(node.left), _condition(node.right)
            return lambda scope, ask: left(scope, ask) and right(scope, ask)
        case nodes.Or():
            left, right = _condition(node.left), _condition(node.right)
            return lambda scope, ask: left(scope, ask) or right(scope, ask)
        case nodes.Not():
            inner = _condition(node.node)
            return lambda scope, ask: not inner(scope, ask)
        case nodes.Test(name="defined" | "undefined") if isinstance(node.node, nodes.Name | nodes.Getattr):
            return _defined(node)
    return _atom(node)


def _positive(node: nodes.Node) -> tuple[nodes.Node, bool]:
    """The question behind a condition, and whether the condition is its negation."""
    if isinstance(node, nodes.Compare) and len(node.ops) == 1 and node.ops[0].op in _NEGATED:
        operand = nodes.Operand(_NEGATED[node.ops[0].op], node.ops[0].expr)
        return nodes.Compare(node.expr, [operand]), True
    return node, False


def _atom(node: nodes.Node) -> _Value:
    asked, turned = _positive(node)
    known, key, roots = _term(node), _said(asked), _roots(node)

    def decide(scope: Scope, ask: Ask) -> bool:
        found = known(scope, ask)
        return ask(key, roots) is not turned if found is UNKNOWN else bool(found)

    return decide


def _defined(node: nodes.Test) -> _Value:
    inner, key, roots = _term(node.node), f"{_said(node.node)} is defined", _roots(node)
    positive = node.name == "defined"

    def decide(scope: Scope, ask: Ask) -> bool:
        try:
            found = inner(scope, ask)
        except Missing:
            return not positive
        there = ask(key, roots) if found is UNKNOWN else True
        return there is positive

    return decide


def _term(node: nodes.Node) -> _Value:
    """A function that gives the value of `node`, or UNKNOWN; raises Missing as strict undefined does."""
    match node:
        case nodes.Const():
            return lambda scope, ask: node.value
        case nodes.Name():
            return lambda scope, ask: _read(scope, node.name)
        case nodes.Getattr():
            inner = _term(node.node)
            return lambda scope, ask: _read(inner(scope, ask), node.attr)
        case nodes.List() | nodes.Tuple():
            items = [_term(one) for one in node.items]
            return lambda scope, ask: _all([one(scope, ask) for one in items])
        case nodes.And() | nodes.Or() | nodes.Not():
            return _condition(node)
        case nodes.Test(name="defined" | "undefined"):
            return _condition(node)
        case nodes.Test(name="none"):
            inner = _term(node.node)
            return lambda scope, ask: _known(lambda a: a is None, inner(scope, ask))
        case nodes.Compare() if len(node.ops) == 1:
            left, right = _term(node.expr), _term(node.ops[0].expr)
            compare = _COMPARE[node.ops[0].op]
            return lambda scope, ask: _known(compare, left(scope, ask), right(scope, ask))
        case nodes.Filter(name="default") if len(node.args) == 1:
            return _default(node)
    return lambda scope, ask: UNKNOWN


def _default(node: nodes.Filter) -> _Value:
    assert node.node is not None
    inner, other = _term(node.node), _term(node.args[0])

    def get(scope: Scope, ask: Ask) -> Any:
        try:
            return inner(scope, ask)
        except Missing:
            return other(scope, ask)

    return get


def _read(found: Any, key: str) -> Any:
    if found is UNKNOWN:
        return UNKNOWN
    if isinstance(found, Mapping) and key in found:
        return found[key]
    if isinstance(found, Loose) and key not in found.without:
        return UNKNOWN
    raise Missing(key)


def _all(values: list[Any]) -> Any:
    return UNKNOWN if any(one is UNKNOWN for one in values) else values


def _known(call: Callable[..., Any], *values: Any) -> Any:
    if any(isinstance(one, Unknown) for one in values):
        return UNKNOWN
    try:
        return call(*values)
    except TypeError as error:
        raise Missing(str(error)) from error


def _roots(node: nodes.Node) -> frozenset[str]:
    names = {one.name for one in node.find_all(nodes.Name)}
    return frozenset(names | ({node.name} if isinstance(node, nodes.Name) else set()))


def _said(node: nodes.Node) -> str:
    """A normal form of an expression, the same for the same question."""
    match node:
        case nodes.Name():
            return str(node.name)
        case nodes.Const():
            return repr(node.value)
        case nodes.Getattr():
            return f"{_said(node.node)}.{node.attr}"
        case nodes.Compare():
            tail = " ".join(f"{one.op} {_said(one.expr)}" for one in node.ops)
            return f"{_said(node.expr)} {tail}"
    return repr(node)
