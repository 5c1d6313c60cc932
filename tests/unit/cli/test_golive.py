"""`hub golive`: what it prints, what it records, and how it ends."""

from __future__ import annotations

import json

import pytest

CHART = "people: {anna: {may: [handover.load], may_not: [twin.act]}}\n"


@pytest.fixture
def golive(workplace, run_hub):
    """Runs the command on the workplace, with the org chart given."""

    def run(*options: str, chart: str = ""):
        workplace.check()
        if chart:
            (workplace.path / "org-chart.yaml").write_text(chart)
        return run_hub("golive", str(workplace.path), *options)

    return run


@pytest.mark.req("GL-06")
def test_what_could_not_be_checked_ends_with_three_and_never_passes(workplace, golive):
    workplace.change("roles: [staff]", "roles: [staff, supervisor], phone: '1'", "people")
    workplace.change("path: parcel.yaml", "path: pickup.yaml").change("hold: ", "hold_window: ")
    workplace.change("supplies:", "  mailbox: {integration: mailbox}\nsupplies:")
    workplace.change("web:", "notifier: mailbox\nweb:")
    result = golive("--json", chart=CHART)
    told = json.loads(result.stdout)
    assert (result.exit_code, told["outcome"]) == (3, "NOT YET"), result.output
    assert {check["id"]: check["outcome"] for check in told["checks"]}["GL-04"] == "NOT YET"


@pytest.mark.req("GL-06")
def test_a_failed_check_ends_with_one_and_says_the_mend(golive):
    result = golive(chart=CHART.replace("may: [handover.load]", "may: [twin.act]"))
    assert result.exit_code == 1
    assert "but the policy denies it" in " ".join(result.output.split())
    assert "FAIL: mend what failed, then run this again." in result.output


@pytest.mark.req("GL-06")
def test_the_record_is_dated_kept_and_can_be_signed(workplace, golive):
    golive(chart=CHART)
    golive(chart=CHART)
    folder = workplace.path / "var" / "golive"
    records = sorted(folder.glob("*.json"))
    assert len(records) == 2
    record = json.loads(records[0].read_text())
    assert record["date"][:16].replace(":", "") == records[0].stem[:15]
    assert set(record["machines"]) == {"parcels"}
    page = records[0].with_suffix(".txt").read_text()
    assert page.startswith("Go-live checks of Test (t-1)\n")
    assert f"Result: {record['outcome']}" in page
    assert "signature" in page


def test_the_record_goes_where_it_is_asked_for(tmp_path, golive):
    golive("--record", str(tmp_path / "elsewhere"))
    assert {path.suffix for path in (tmp_path / "elsewhere").iterdir()} == {".json", ".txt"}


def test_what_passed_is_listed_on_request(golive):
    passed = "1 allowed"
    assert passed not in " ".join(golive(chart=CHART).output.split())
    assert passed in " ".join(golive("--all", chart=CHART).output.split())


def test_a_site_with_errors_is_not_rehearsed(workplace, golive):
    workplace.change("address: 1", "address: one")
    result = golive()
    assert result.exit_code == 1
    assert "site.yaml" in result.output
    assert not (workplace.path / "var" / "golive").exists()


def test_an_org_chart_that_cannot_be_read_is_told_with_its_place(golive):
    result = golive(chart="people: {anna: [\n")
    assert result.exit_code == 1
    assert "org-chart.yaml:" in result.output


def test_help_names_the_exit_codes(run_hub):
    said = " ".join(run_hub("golive", "--help").output.split())
    assert "Exit 0: everything passed. 1: something failed" in said
    assert "it never counts as a pass" in said
