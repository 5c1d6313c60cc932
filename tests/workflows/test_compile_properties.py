"""Whatever a blueprint says, the compiler answers with a machine or with problems at their places."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.workflows.compile import compile_blueprint

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
TEXTS = {name: (BLUEPRINTS / f"{name}.yaml").read_text("utf-8") for name in ("pickup", "sale")}
INPUTS = {"bank": "main", "terminal": "front"}
WORDS = sorted({word for text in TEXTS.values() for word in text.replace(":", " ").replace(",", " ").split()})


def answered(text: str, name: str) -> None:
    inputs = INPUTS if name == "sale" else {"bank": "main"}
    machine, problems, *_ = compile_blueprint(text, name, inputs)
    assert (machine is None) == bool(len(problems))
    for problem in problems:
        assert 1 <= problem.line <= text.count("\n") + 2
        assert problem.column >= 1
        assert problem.message


@settings(max_examples=250, deadline=None)
@given(st.data(), st.sampled_from(sorted(TEXTS)))
def test_a_blueprint_with_words_exchanged(data: st.DataObject, name: str) -> None:
    text = TEXTS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        old = data.draw(st.sampled_from(WORDS))
        new = data.draw(st.sampled_from([*WORDS, "", "null", "7", "[]", "{}"]))
        text = text.replace(old, new, data.draw(st.integers(1, 2)))
    answered(text, name)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(sorted(TEXTS)))
def test_a_blueprint_with_lines_missing_or_doubled(data: st.DataObject, name: str) -> None:
    lines = TEXTS[name].splitlines()
    for spot in data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=1, max_size=4)):
        lines[spot : spot + 1] = data.draw(st.sampled_from([[], [lines[min(spot, len(lines) - 1)]] * 2]))
        if not lines:
            break
        lines.append("")
    answered("\n".join(lines), name)


_JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["enter", "on", "after", "final", "parent", "initial", "each", "status", "label"]),
        _JSONISH,
        max_size=4,
    )
)
def test_a_state_of_any_shape(state: object) -> None:
    text = TEXTS["pickup"].replace("  cancelled:\n", f"  odd: {_flow(state)}\n  cancelled:\n")
    answered(text, "pickup")


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {_flow(one)}' for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else str(value).lower()
