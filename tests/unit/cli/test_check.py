"""`hub check` on every kind of wrong configuration: exit 1, file:line:column, and what to write."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest


def answers(output: str) -> list[tuple[str, str]]:
    """(`name:line:column`, message) of each problem in a report."""
    return re.findall(r"^\S*?([^/\s]+\.yaml:\d+:\d+): (.*)$", output, re.MULTILINE)


def test_a_right_site_is_summed_up(workplace):
    result = workplace.check()
    assert result.output == (
        "OK  Test (t-1): 2 lines, 3 devices, 1 bank, 2 compartments, 1 terminal, 1 person, 1 workflow\n"
    )
    assert result.exit_code == 0


SITE_CASES = {
    "tab": ("  main:\n    thermal", "  main:\n\tthermal", "site.yaml:13:1", "a tab cannot indent YAML",
            "use spaces, two per level"),
    "unclosed bracket": ("readers: [scanner]", "readers: [scanner", "site.yaml:19:20",
                         "this '[' is not closed", "add ']'"),
    "duplicate key": ("A2: {door: locks/2", "A1: {door: locks/2", "site.yaml:17:7",
                      "'A1' stands here twice; it is first on line 16", "keep one of the two"),
    "unknown key": ("compartments:", "compartmnts:", "site.yaml:15:5", "unknown key 'compartmnts'",
                    "did you mean 'compartments'?"),
    "misspelt integration": ("modbus_locker", "modbus_loker", "site.yaml:6:24",
                             "unknown integration 'modbus_loker'", "did you mean 'modbus_locker'?"),
    "wrong type": ("address: 9", "address: nine", "site.yaml:7:60",
                   'expected a whole number, found "nine"', "for example: 0"),
    "wrong unit": ("hold: {days: 2}", "hold: {day: 2}", "site.yaml:27:16", "'day' is no unit of time",
                   "did you mean 'days'?"),
    "missing secret": ("!secret api_token", "!secret token", "site.yaml:30:18",
                       "secret 'token' is not in secrets.yaml", "secrets.yaml:  token: "),
    "missing include": ("!include people.yaml", "!include persons.yaml", "site.yaml:20:9",
                        "included file 'persons.yaml' does not exist (site.yaml -> persons.yaml)",
                        "people.yaml"),
    "circular include": ("!include people.yaml", "!include site.yaml", "site.yaml:20:9",
                         "circular include: site.yaml -> site.yaml", "take this !include away"),
    "unknown device": ("door: locks/2", "door: lokcs/2", "site.yaml:17:18", "unknown device 'lokcs'",
                       "did you mean 'locks'?"),
    "door used twice": ("door: locks/2", "door: locks/1", "site.yaml:17:18",
                        "door locks/1 already belongs to main/A1 (site.yaml line 16)",
                        "give each compartment its own door"),
    "two devices at one address": ("address: 9", "address: 1", "site.yaml:7:60",
                                   "address 1 of line 'bus1' is already device 'locks' (site.yaml line 6)",
                                   "give each device of a line its own address"),
    "unknown blueprint": ("path: parcel.yaml", "path: parcels.yaml", "site.yaml:24:13",
                          "unknown blueprint 'parcels.yaml'", "did you mean 'parcel.yaml'?"),
    "missing input": ("        bank: main\n", "", "site.yaml:25:7", "input 'bank' is missing", "add: bank:"),
    "wrong selector": ("        bank: main\n", "        bank: 7\n", "site.yaml:26:15",
                       "expected the name of a bank, found 7", "known here: main"),
}
BLUEPRINT_CASES = {
    "unknown selector": ("selector: {bank: {}}", "selector: {banc: {}}", "parcel.yaml:7:35",
                         "unknown selector 'banc'", "did you mean 'bank'?"),
    "unreachable state": ("  done: {status", "  lost: {status: expired, final: true}\n  done: {status",
                          "parcel.yaml:24:3", "state 'lost' cannot be reached", "lead an arrow to it"),
    "state without a way out": ("refused: {status: cancelled, final: true}", "refused: {status: cancelled}",
                                "parcel.yaml:23:3", "state 'refused' has no way out", "final: true"),
    "unknown step": ("- assign:", "- asign:", "parcel.yaml:14:9", "unknown step 'asign'",
                     "did you mean 'assign'?"),
    "unhandled step failure": ("{assign.failed: refused, entered", "{entered", "parcel.yaml:14:9",
                               "nothing handles assign.failed in 'placing'", "assign.failed: STATE"),
    "blind retry": ("evidence: door_sensor", "evidence: ack", "parcel.yaml:21:7",
                    "open in 'opening' is blind: nothing observes it, it is never retried",
                    "ask for better evidence"),
}


@pytest.mark.parametrize("case", SITE_CASES)
def test_a_wrong_site_is_named_with_its_place(workplace, case):
    old, new, place, message, mend = SITE_CASES[case]
    result = workplace.change(old, new).check()
    assert result.exit_code == 1
    assert (place, message) in answers(result.output)
    assert mend in result.output


@pytest.mark.parametrize("case", BLUEPRINT_CASES)
def test_a_wrong_blueprint_is_named_with_its_place(workplace, case):
    old, new, place, message, mend = BLUEPRINT_CASES[case]
    result = workplace.change(old, new, "blueprints/parcel").check()
    assert result.exit_code == 1
    assert (place, message) in answers(result.output)
    assert mend in result.output


def test_several_errors_are_reported_in_one_run(workplace):
    workplace.change("currency: EUR", "currency: EURO").change("door: locks/2", "door: locks/1")
    workplace.change("address: 9", "address: 1").change("!secret api_token", "!secret token")
    workplace.change("- assign:", "- asign:", "blueprints/parcel")
    result = workplace.check()
    assert {place for place, _ in answers(result.output)} >= {
        "site.yaml:1:65", "site.yaml:7:60", "site.yaml:17:18", "site.yaml:30:18",
    }
    assert "parcel.yaml:" in result.output
    assert result.exit_code == 1


def test_json_holds_the_same_problems(workplace):
    found = json.loads(workplace.change("address: 9", "address: 1").check("--json").output)
    assert found["ok"] is False
    assert [(p["line"], p["column"], p["path"]) for p in found["problems"]] == [
        (7, 60, ["devices", "climate", "address"]),
    ]


def test_json_of_a_right_site_counts(workplace):
    found = json.loads(workplace.check("--json").output)
    assert (found["ok"], found["counts"]["compartments"]) == (True, 2)


def test_a_folder_without_a_site_is_no_traceback(tmp_path, run_hub):
    result = run_hub("check", str(tmp_path / "nothing"))
    assert result.exit_code == 1
    assert "hub init" in result.output


def test_a_site_of_two_thousand_lines_has_no_more_problems_than_a_small_one(workplace):
    boards = "\n".join(
        f"  b{n}: {{integration: modbus_locker, line: l{n // 8}, address: {n % 8 + 1}, "
        "profile: waveshare_relay_8_d}" for n in range(200)
    )
    lines = "\n".join(f'  l{n}: {{url: "tcp://10.0.0.{n}:502"}}' for n in range(25))
    doors = "\n".join(f"      B{n}: {{door: b{n // 8}/{n % 8 + 1}, size: S}}" for n in range(1600))
    workplace.change("supplies:", f"{boards}\nsupplies:").change("devices:", f"{lines}\ndevices:")
    workplace.change("terminals:", f"{doors}\nterminals:")
    assert workplace.check().exit_code == 0


def test_help_imports_no_part_of_the_hub_but_its_version():
    code = (
        "import sys; from hub.cli.main import hub; hub(['--help'], standalone_mode=False);"
        "print(sorted(m for m in sys.modules if m.startswith('hub.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "['hub.cli', 'hub.cli.main']"
    assert "Check a site" in done.stdout


def test_a_misspelt_command_is_answered_with_the_nearest(run_hub):
    result = run_hub("chek")
    assert result.exit_code == 2
    assert "did you mean 'check'?" in result.output


def test_an_unexpected_error_says_how_to_report_it(monkeypatch, capsys, tmp_path):
    from hub.cli import check, main

    def fail(**options):
        raise RuntimeError("boom")

    monkeypatch.setattr(check.command, "callback", fail)
    monkeypatch.setattr(sys, "argv", ["hub", "check", str(tmp_path)])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 70
    said = capsys.readouterr().err
    assert "report it" in said
    assert "Traceback" not in said
    report, = tmp_path.glob("hub-report-*.txt")
    assert "RuntimeError: boom" in report.read_text()
