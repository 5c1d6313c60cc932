"""A file that still says the same is read once; one that says something else is read again."""

from __future__ import annotations

from pathlib import Path

from hub.config.loader import load_shared
from hub.config.problems import Problems


def test_what_has_not_changed_is_the_same_document_and_has_the_same_problems(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\na: 2\n")
    first, second = Problems(), Problems()
    assert load_shared(file, first) is load_shared(file, second)
    assert [str(one) for one in first] == [str(one) for one in second] != []


def test_a_change_of_the_same_length_is_seen_at_once(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\n")
    before = load_shared(file, Problems())
    file.write_text("a: 2\n")
    after = load_shared(file, Problems())
    assert before is not None and after is not None
    assert (before.data, after.data) == ({"a": 1}, {"a": 2})


def test_a_change_of_an_included_file_is_seen(tmp_path: Path) -> None:
    file, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text("b: !include b.yaml\n")
    other.write_text("1")
    load_shared(file, Problems())
    other.write_text("2")
    found = load_shared(file, Problems())
    assert found is not None and found.data == {"b": 2}


def test_a_file_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\n")
    load_shared(file, Problems())
    file.unlink()
    problems = Problems()
    assert load_shared(file, problems) is None
    assert "cannot read this file" in str(next(iter(problems)))
