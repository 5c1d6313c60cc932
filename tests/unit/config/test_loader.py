"""S38: few implicit types, no duplicate keys, marks, secrets, includes."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.config import Input, Problems, SecretText, load_text

_words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Co", "Cn")), max_size=12)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | _floats | _words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(("text", "value"), [
    ("null", None), ("~", None), ("", None), ("true", True), ("false", False), ("0", 0), ("-12", -12),
    ("2.50", 2.5), ("1.5e3", 1500.0),
    ("on", "on"), ("no", "no"), ("yes", "yes"), ("True", "True"), ("0123", "0123"), ("0x1F", "0x1F"),
    ("1_000", "1_000"), ("1e3", "1e3"), ("48:00:00", "48:00:00"), ("2026-11-21", "2026-11-21"),
    (".inf", ".inf"), ("=", "="), ("'5'", "5"), ("!!str 5", "5"), ("!input bank", Input("bank")),
])
def test_only_null_booleans_decimals_and_floats_are_implicit(value_of, text, value):
    got = value_of(text)
    assert got == value
    assert type(got) is type(value)


@given(_values)
def test_whatever_yaml_writes_is_read_back(value):
    problems = Problems()
    document = load_text(yaml.safe_dump({"v": value}, allow_unicode=True), "x.yaml", problems)
    assert document is not None and not len(problems)
    assert document.data == {"v": value}


@given(st.lists(_words.filter(str.strip), min_size=1, max_size=8, unique=True), st.data())
def test_a_repeated_key_is_always_found_at_its_second_place(keys, data):
    repeated = data.draw(st.sampled_from(keys))
    lines = [f"{yaml.safe_dump(key, width=10**6, default_style=chr(34), allow_unicode=True).strip()}: 1"
             for key in [*keys, repeated]]
    problems = Problems()
    load_text("\n".join(lines), "x.yaml", problems)
    assert [(p.line, p.column) for p in problems] == [(len(lines), 1)]
    assert f"first on line {keys.index(repeated) + 1}" in next(iter(problems)).message


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60))
def test_no_text_at_all_makes_the_loader_fall_over(text):
    problems = Problems()
    document = load_text(text, "x.yaml", problems)
    assert document is not None or len(problems) == 1


@pytest.mark.parametrize(("text", "line", "column", "message", "mend"), [
    ("a:\n\tb: 1\n", 2, 1, "a tab cannot indent YAML", "spaces"),
    ("a: [1, 2\nb: 3\n", 1, 4, "this '[' is not closed before line 2", "add ']'"),
    ("a: {x: 1\n", 1, 4, "this '{' is not closed before line 2", "add '}'"),
    ('a: "x\nb: 1\n', 1, 4, "this quotation mark is not closed", "add the closing one"),
    ("a: b: c\n", 1, 5, "a ': ' inside text", "quotes"),
    ("a: 1\n  b: 2\n", 2, 3, "this line is indented deeper than a value allows", "line it up"),
    ("a: @x\n", 1, 4, "text cannot begin with @", "quotes"),
    ("a: *x\n", 1, 4, "this * names no anchor", "quotes"),
    ("a: |\n  x\n y\n", 3, 2, "the indentation of this line fits nothing above it", "line it up"),
    ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here", "---"),
    ("a: x\x01\n", 1, 5, "an invisible control character", "delete"),
    ("a: {{ x }}\n", 1, 5, "{ } cannot be a key", '"{{ ... }}"'),
    ("a: &x [*x]\n", 1, 4, "this alias contains itself", "write the value out"),
    ("a: !secrets x\n", 1, 4, "unknown tag !secrets", "did you mean '!secret'?"),
    ("true: 1\n", 1, 1, "'true' cannot be a key", '"true"'),
    ("a: 12345678901234567890\n", 1, 4, "12345678901234567890 is too large a number", "quotes"),
])
def test_broken_text_is_explained_where_it_breaks(folder, text, line, column, message, mend):
    folder.read(text)
    assert folder.places() == [("site.yaml", line, column)]
    assert folder.messages() == [message]
    assert mend in folder.mends()[0]


def test_bytes_that_are_not_utf8_are_placed(folder):
    folder.read(b"a: 1\nb: \xff\n")
    assert folder.places() == [("site.yaml", 2, 4)]


def test_aliases_that_multiply_each_other_are_stopped(folder):
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    folder.read("\n".join(rows))
    assert folder.messages() == ["this file grows beyond all measure"]


@pytest.mark.parametrize("text", [
    "[" * 400 + "]" * 400, "[" * 300_000, "{a: " * 300_000, "\n" + "- " * 100_000 + "x",
])
def test_endless_nesting_is_refused(folder, text):
    folder.read("a: " + text)
    assert folder.messages() == ["this is nested too deep"]


def test_every_key_and_value_has_its_place(folder):
    document = folder.read("banks:\n  main: {thermal: frozen, doors: [a, bb]}\n")
    marks = document.marks
    assert [str(marks.key(path)).rpartition("site.yaml:")[2] for path in (
        ("banks", "main"), ("banks", "main", "thermal"), ("banks", "main", "doors", 1), ("banks", "none"))
    ] == ["2:3", "2:10", "2:38", "1:1"]
    value = marks.value(("banks", "main", "thermal"))
    assert (value.line, value.column) == (2, 19)


def test_a_secret_is_filled_in_and_does_not_show_itself(folder):
    document = folder.read("token: !secret api\n", secrets="api: s3cr3t\n")
    assert document.data == {"token": "s3cr3t"}
    assert isinstance(document.data["token"], SecretText)
    assert "s3cr3t" not in repr(document.data)


def test_a_missing_secret_names_the_file_and_the_line_to_add(folder):
    folder.read("a: 1\ntoken: !secret api_tokn\n", secrets="api_token: x\n")
    assert folder.places() == [("site.yaml", 2, 8)]
    assert "secrets.yaml:  api_tokn:" in folder.mends()[0]
    assert "did you mean 'api_token'?" in folder.mends()[0]


def test_a_missing_secrets_file_is_the_same_error(folder):
    folder.read("token: !secret api\n")
    assert folder.messages() == ["secret 'api' is not in secrets.yaml"]


def test_a_secret_cannot_refer_to_a_secret(folder):
    folder.read("token: !secret a\n", secrets="a: !secret b\n")
    assert folder.places() == [("secrets.yaml", 1, 4)]


def test_source_lines_of_secrets_are_not_printed(folder):
    folder.read("token: !secret a\n", secrets="a: hidden\na: hidden2\n")
    assert "stands here twice" in folder.problems.render()
    assert "hidden" not in folder.problems.render()


def test_an_include_keeps_the_places_of_its_own_file(folder):
    document = folder.read("people: !include people.yaml\n", people="- {ref: p1}\n- {ref: p2}\n")
    assert document.data == {"people": [{"ref": "p1"}, {"ref": "p2"}]}
    mark = document.marks.value(("people", 1, "ref"))
    assert (mark.file.rpartition("/")[2], mark.line, mark.column) == ("people.yaml", 2, 9)
    assert [file.name for file in document.files] == ["site.yaml", "people.yaml"]


def test_a_missing_include_suggests_the_nearest_file(folder):
    folder.read("a: 1\npeople: !include peple.yaml\n", people="[]\n")
    assert folder.places() == [("site.yaml", 2, 9)]
    assert folder.mends() == ["did you mean 'people.yaml'?"]


def test_a_circular_include_shows_its_chain(folder):
    folder.read("a: !include b.yaml\n", b="x: !include c.yaml\n", c="y: 1\nz: !include b.yaml\n")
    assert folder.places() == [("c.yaml", 2, 4)]
    assert folder.messages() == ["circular include: site.yaml -> b.yaml -> c.yaml -> b.yaml"]


def test_an_include_cannot_leave_the_folder(folder):
    folder.read("a: !include ../other.yaml\n")
    assert folder.messages() == ["'../other.yaml' lies outside the site's folder"]


def test_a_syntax_error_in_an_include_does_not_hide_the_rest(folder):
    document = folder.read("a: !include b.yaml\nc: 1\nc: 2\n", b="x: [1\n")
    assert folder.places() == [("b.yaml", 1, 4), ("site.yaml", 3, 1)]
    assert document.is_broken(("a", "x"))


def test_the_report_shows_line_caret_and_mend(folder):
    folder.read("a: 1\nb: !secret x\n")
    lines = folder.problems.render().splitlines()
    assert lines[0].endswith("site.yaml:2:4: secret 'x' is not in secrets.yaml")
    assert lines[1:3] == ["    | b: !secret x", "    |    ^"]
    assert lines[3].startswith("    add this line to ")
