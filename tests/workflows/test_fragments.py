"""Shared behaviour stands once: fragments, `extends` and routines, each line with the mark of its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.workflows.compile import Compiled, compile_blueprint

HEAD = "blueprint: {name: Test, domain: handover, version: 1.0.0, lang: 1}\nstart: [{on: api}]\n"
DOOR = """\
fragment:
  name: Door
  lang: 1
  input:
    patience: {default: {minutes: 2}, selector: {duration: {}}}
  needs: [finished]
states:
  open:
    label: Open
    on: {door.closed: finished, command.cancel: finished}
    after: {for: !input patience, to: ajar}
  ajar: {on: {door.closed: finished}}
"""
MAIN = HEAD + """\
fragments: [{use: door.yaml}]
initial: open
states:
  finished: {final: true}
"""


def built(folder: Path, files: dict[str, str], inputs: dict[str, Any] | None = None) -> Compiled:
    """Compile `main.yaml` of `files`, all written into `folder`."""
    for name, text in files.items():
        (folder / name).write_text(text)
    return compile_blueprint(folder / "main.yaml", "test", inputs)


def sound(folder: Path, files: dict[str, str], inputs: dict[str, Any] | None = None) -> Compiled:
    found = built(folder, files, inputs)
    assert found.machine is not None, found.problems.render()
    return found


def complaint(folder: Path, files: dict[str, str]) -> tuple[str, str, str]:
    """File and line, message and mend of the one problem."""
    found = list(built(folder, files).problems)
    assert len(found) == 1, [str(one) for one in found]
    return f"{Path(found[0].file).name}:{found[0].line}", found[0].message, found[0].mend


def test_the_states_and_inputs_of_a_fragment_are_the_blueprints(tmp_path: Path) -> None:
    machine = sound(tmp_path, {"door.yaml": DOOR, "main.yaml": MAIN}, {"patience": "00:05:00"}).machine
    assert machine is not None
    assert {"open", "ajar", "finished"} <= machine.states.keys()
    assert machine.states["open"].after[0].micros == 300_000_000


def test_the_blueprint_changes_one_arrow_and_keeps_the_rest(tmp_path: Path) -> None:
    own = MAIN + "  open: {on: {command.cancel: gone}}\n  gone: {final: true}\n"
    machine = sound(tmp_path, {"door.yaml": DOOR, "main.yaml": own}).machine
    assert machine is not None
    state = machine.states["open"]
    assert {event: arrows[0].to for event, arrows in state.on.items()} == {
        "door.closed": "finished", "command.cancel": "gone",
    }
    assert (state.label, state.after[0].arrows[0].to) == ("Open", "ajar")


def test_a_fragment_is_used_twice_under_two_prefixes(tmp_path: Path) -> None:
    main = HEAD + """\
fragments:
  - {use: door.yaml, prefix: first_, rename: {finished: first_done}}
  - {use: door.yaml, prefix: second_}
initial: first_open
states:
  first_done: {on: {command.open: second_open}}
  finished: {final: true}
"""
    machine = sound(tmp_path, {"door.yaml": DOOR, "main.yaml": main}).machine
    assert machine is not None
    assert machine.states["first_open"].on["door.closed"][0].to == "first_done"
    assert machine.states["second_open"].on["door.closed"][0].to == "finished"
    assert machine.states["second_open"].after[0].arrows[0].to == "second_ajar"


def test_every_line_keeps_its_file(tmp_path: Path) -> None:
    found = sound(tmp_path, {"door.yaml": DOOR, "main.yaml": MAIN})
    marks = found.marks
    assert Path(marks.key(("states", "ajar")).file).name == "door.yaml"
    assert marks.key(("states", "ajar")).line == 12
    assert Path(marks.key(("states", "finished")).file).name == "main.yaml"
    assert {Path(name).name for name in found.sources} == {"door.yaml", "main.yaml"}


def test_a_wrong_line_in_a_fragment_is_reported_there(tmp_path: Path) -> None:
    wrong = DOOR.replace("door.closed: finished, ", "door.closd: finished, ")
    place, message, mend = complaint(tmp_path, {"door.yaml": wrong, "main.yaml": MAIN})
    assert place == "door.yaml:10"
    assert "door.closd" in message and "door.closed" in mend


def test_what_a_blueprint_extends_gives_way_to_it(tmp_path: Path) -> None:
    base = HEAD + """\
promise: {urgency: high, minutes: 5}
initial: waiting
states:
  waiting: {label: Waits, on: {command.load: done}}
  done: {status: completed, final: true}
"""
    own = """\
blueprint: {name: Mine, version: 2.0.0}
extends: base.yaml
states:
  waiting: {label: Waits longer}
"""
    machine = sound(tmp_path, {"base.yaml": base, "main.yaml": own}).machine
    assert machine is not None
    assert (machine.blueprint, machine.version, machine.urgency) == ("Mine", "2.0.0", "high")
    assert machine.states["waiting"].label == "Waits longer"
    assert machine.states["waiting"].on["command.load"][0].to == "done"


def test_an_input_of_a_section_is_declared_anew_by_its_flat_name(tmp_path: Path) -> None:
    base = HEAD.replace("lang: 1}", "lang: 1, input: {time: {input: {wait: {default: {hours: 1}, selector: "
                        "{duration: {}}}, rest: {default: {hours: 2}, selector: {duration: {}}}}}}}")
    base += "initial: a\nstates:\n  a: {after: {for: !input wait, to: z}}\n  z: {final: true}\n"
    own = ("blueprint: {name: Mine, version: 2.0.0, input: {wait: {default: {minutes: 5}, selector: "
           "{duration: {}}}}}\nextends: base.yaml\n")
    machine = sound(tmp_path, {"base.yaml": base, "main.yaml": own}).machine
    assert machine is not None
    assert machine.inputs == {"wait": 300_000_000, "rest": 7_200_000_000}


def test_a_routine_stands_for_its_steps_and_keeps_its_lines(tmp_path: Path) -> None:
    main = HEAD + """\
initial: a
routines:
  warn:
    - notify: {to: staff, template: staff_attention}
    - call: note
  note: [{set: {noted: true}}]
states:
  a:
    enter: [{set: {first: true}}, {call: warn}]
    on: {entered: z}
  z: {final: true}
"""
    found = sound(tmp_path, {"main.yaml": main})
    assert found.machine is not None
    assert [call.type for call in found.machine.states["a"].enter] == ["set", "notify", "set"]
    assert found.marks.key(("states", "a", "enter", 1, "notify")).line == 6
    assert found.marks.key(("states", "a", "enter", 2, "set")).line == 8


def test_moving_a_line_into_a_fragment_does_not_change_the_machine(tmp_path: Path) -> None:
    whole = HEAD + DOOR.partition("  input:\n")[2].replace("needs: [finished]\n", "").partition("states:")[2]
    plain = HEAD + "initial: open\nstates:" + whole.partition(HEAD)[2].replace(
        "!input patience", "{minutes: 2}"
    ) + "  finished: {final: true}\n"
    one = sound(tmp_path, {"main.yaml": plain}).machine
    shared = DOOR.replace("!input patience", "{minutes: 2}").replace(
        "  input:\n    patience: {default: {minutes: 2}, selector: {duration: {}}}\n", ""
    )
    other = sound(tmp_path, {"door.yaml": shared, "main.yaml": MAIN}).machine
    assert one is not None and other is not None
    assert one.digest() == other.digest()


@pytest.mark.parametrize(
    ("files", "place", "message", "mend"),
    [
        ({"main.yaml": MAIN.replace("door.yaml", "dor.yaml"), "door.yaml": DOOR},
         "main.yaml:3", "there is no file 'dor.yaml'", "door.yaml"),
        ({"main.yaml": MAIN, "door.yaml": DOOR.replace("needs: [finished]", "needs: [left]")},
         "main.yaml:3", "this fragment needs a state 'left'", "add a state left"),
        ({"main.yaml": MAIN, "door.yaml": DOOR + "fragments: [{use: door.yaml}]\n"},
         "door.yaml:13", "in a circle: main.yaml -> door.yaml", "take this line away"),
        ({"main.yaml": MAIN, "door.yaml": DOOR.replace("states:", "starts: 1\nstates:")},
         "door.yaml:7", "unknown key 'starts'", "states"),
        ({"main.yaml": MAIN, "door.yaml": HEAD + "states: {}\ninitial: a\n"},
         "main.yaml:3", "'door.yaml' is no fragment", "extends"),
        ({"main.yaml": HEAD + "fragments: door.yaml\ninitial: z\nstates: {z: {final: true}}\n"},
         "main.yaml:3", "expected a list of fragments", "[{use:"),
        ({"main.yaml": HEAD + "initial: a\nstates:\n  a: {enter: [{call: wrn}], on: {entered: z}}\n"
                       "  z: {final: true}\nroutines: {warn: [{set: {a_b: 1}}]}\n"},
         "main.yaml:5", "unknown routine 'wrn'", "warn"),
        ({"main.yaml": HEAD + "initial: a\nstates:\n  a: {enter: [{call: x}], on: {entered: z}}\n"
                       "  z: {final: true}\nroutines:\n  x: [{call: y}]\n  y: [{call: x}]\n"},
         "main.yaml:9", "in a circle: x -> y -> x", "take this call away"),
    ],
)
def test_what_cannot_be_put_together_is_said_where_it_was_asked_for(
    tmp_path: Path, files: dict[str, str], place: str, message: str, mend: str
) -> None:
    where, said, how = complaint(tmp_path, files)
    assert where == place
    assert message in said
    assert mend in how
