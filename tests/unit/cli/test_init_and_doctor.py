"""`hub init` writes a site that passes; `hub doctor` names what a machine lacks."""

from __future__ import annotations

import re
import stat

import pytest

from hub.cli.doctor import State, examine
from hub.cli.machine import Machine


def test_a_new_site_passes_every_check(tmp_path, run_hub):
    folder = tmp_path / "my shop"
    made = run_hub("init", str(folder), "--name", 'Bob\'s "Shop": nice', "--time-zone", "Europe/Rome")
    assert made.exit_code == 0, made.output
    checked = run_hub("check", str(folder))
    assert checked.output == 'OK  Bob\'s "Shop": nice (my-shop): nothing in it yet\n'


def test_every_new_site_has_a_token_of_its_own_that_others_cannot_read(tmp_path, run_hub):
    tokens = set()
    for name in ("a", "b"):
        run_hub("init", str(tmp_path / name))
        secrets = tmp_path / name / "secrets.yaml"
        assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
        tokens.add(re.search(r'api_token: "([0-9a-f]{48})"', secrets.read_text()).group(1))
    assert len(tokens) == 2


def test_init_touches_nothing_that_exists(tmp_path, run_hub):
    (tmp_path / "people.yaml").write_text("mine")
    result = run_hub("init", str(tmp_path))
    assert result.exit_code == 1
    assert "people.yaml" in result.output
    assert (tmp_path / "people.yaml").read_text() == "mine"
    assert not (tmp_path / "site.yaml").exists()


@pytest.mark.parametrize("options", [
    ("--time-zone", "Europe/Rom"), ("--currency", "EURO"), ("--id", "a b"),
])
def test_init_refuses_what_check_would_refuse(tmp_path, run_hub, options):
    result = run_hub("init", str(tmp_path / "x"), *options)
    assert result.exit_code == 2
    assert not (tmp_path / "x").exists()


def test_the_commented_lines_of_a_new_site_are_right_too(tmp_path, run_hub):
    run_hub("init", str(tmp_path / "s"))
    file = tmp_path / "s" / "site.yaml"
    file.write_text(re.sub(r"^( +)# (?=[ \w]+:)", r"\1", file.read_text(), flags=re.MULTILINE))
    result = run_hub("check", str(tmp_path / "s"))
    assert result.exit_code == 0, result.output
    assert "2 compartments" in result.output


class FixedClock:
    def __init__(self, year: int) -> None:
        self._now = (year - 1970) * 31_557_600 * 1_000_000 + 86_400_000_000 * 30

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def machine(tmp_path):
    def make(**changes):
        (tmp_path / "root/dev/serial/by-id").mkdir(parents=True, exist_ok=True)
        (tmp_path / "root/proc").mkdir(exist_ok=True)
        facts = {
            "root": tmp_path / "root", "clock": FixedClock(2026), "synchronised": lambda: True,
            "library": lambda name: True, "user_id": 0,
        }
        return Machine(**{**facts, **changes})

    return make


def found(machine, subject, folder=None):
    return next(finding for finding in examine(machine, folder) if finding.subject == subject)


def test_a_good_machine_has_nothing_to_mend(machine, tmp_path):
    assert {finding.state for finding in examine(machine(), tmp_path / "root")} <= {State.OK, State.FAIL}
    assert all(f.state is State.OK for f in examine(machine(), None))


@pytest.mark.parametrize(("changes", "subject", "state", "mend"), [
    ({"clock": FixedClock(1970)}, "clock", State.FAIL, "timedatectl"),
    ({"synchronised": lambda: False}, "clock", State.WARN, "timedatectl"),
    ({"library": lambda name: False}, "libzbar0", State.WARN, "apt-get install libzbar0"),
    ({"user_id": 1234, "group_ids": ()}, "serial ports", State.WARN, "usermod -aG"),
])
def test_each_lack_is_named_with_its_mend(machine, changes, subject, state, mend):
    finding = found(machine(**changes), subject)
    assert finding.state is state
    assert mend in finding.mend


def test_modem_manager_is_noticed(machine):
    here = machine()
    (here.root / "proc/42").mkdir()
    (here.root / "proc/42/comm").write_text("ModemManager\n")
    assert found(here, "ModemManager").state is State.WARN


def test_a_missing_port_of_the_site_fails_and_names_the_nearest(machine, workplace):
    workplace.change("/dev/ttyUSB1", "/dev/serial/by-id/usb-scaner-if00").check()
    here = machine()
    (here.root / "dev/serial/by-id/usb-scanner-if00").touch()
    finding = found(here, "line scan1", workplace.path)
    assert finding.state is State.FAIL
    assert finding.mend == "did you mean '/dev/serial/by-id/usb-scanner-if00'?"


def test_a_port_by_its_unstable_name_is_a_warning(machine, workplace):
    workplace.check()
    here = machine()
    (here.root / "dev/ttyUSB0").touch()
    finding = found(here, "line bus1", workplace.path)
    assert finding.state is State.WARN
    assert "/dev/serial/by-id/" in finding.mend


def test_a_user_outside_the_serial_group_fails_when_the_site_has_serial_lines(machine, workplace):
    workplace.check()
    here = machine(user_id=1234, group_ids=())
    assert found(here, "serial ports", workplace.path).state is State.FAIL


def test_secrets_that_others_can_read_are_a_warning(machine, workplace):
    workplace.check()
    (workplace.path / "secrets.yaml").chmod(0o644)
    finding = found(machine(), "secrets.yaml", workplace.path)
    assert finding.state is State.WARN
    assert finding.mend.startswith("chmod 600")


def test_a_site_with_problems_points_to_check(machine, workplace):
    workplace.change("address: 9", "address: 1").check()
    assert found(machine(), "site", workplace.path).mend == f"hub check {workplace.path}"


def test_the_table_exits_with_one_only_when_something_fails(run_hub, workplace):
    workplace.check()
    result = run_hub("doctor", str(workplace.path))
    assert result.exit_code == 1
    assert "line bus1" in result.output
    assert run_hub("doctor").exit_code == 0
