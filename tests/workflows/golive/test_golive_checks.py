"""The go-live checks pass for a site that may open, and each of them can fail."""

from __future__ import annotations

import pytest

from hub.workflows.golive import CHECKS, Finding, Outcome, overall

PICKUP = "path: pickup.yaml\n      input: {bank: main, hold_window: {days: 2}, access: [pin, qr]}"


@pytest.mark.req("GL-01", "GL-02", "GL-05", "GL-06", "RO-04")
def test_a_good_site_passes_what_can_be_checked(place, found):
    report = place.examine()
    assert [one for check in CHECKS for one in found(report, check, "FAIL")] == []
    assert [overall(report.of(check)) for check in ("GL-01", "GL-02", "GL-05")] == [Outcome.PASS] * 3


@pytest.mark.req("GL-01")
def test_credentials_are_tried_in_time_early_late_revoked_and_elsewhere(place):
    said = {one.subject: one.detail for one in place.examine().of("GL-01")}
    assert said == {
        "parcels, waiting: in time": "qr was accepted (recipient)",
        "parcels, waiting: early": "qr refused: early; nothing opened",
        "parcels, waiting: late": "qr refused: revoked; nothing opened",
        "parcels, waiting: revoked":
            "after a fresh one was issued: qr refused: revoked; nothing opened",
        "parcels, waiting: wrong reader": "at another site: qr refused: wrong_terminal; nothing opened",
    }


@pytest.mark.req("GL-01")
def test_the_sites_own_second_terminal_is_the_wrong_reader(place, found):
    place.change("site", "  scan1:", '  scan2: {url: "serial:///dev/ttyUSB2"}\n  scan1:')
    place.change("site", "  mailbox:", "  back_scanner: {integration: scanner, line: scan2, profile: gm65}\n"
                                       "  mailbox:")
    place.change("site", "terminals:", "terminals:\n  back: {readers: [back_scanner], banks: [stock]}")
    place.change("site", "banks:", "banks:\n  stock:\n    thermal: ambient\n"
                                   "    compartments: {B1: {door: locks/3, size: S}}")
    assert any(
        "wrong reader: at back: qr refused: wrong_terminal" in one
        for one in found(place.examine(), "GL-01", "PASS")
    )


@pytest.mark.req("GL-01")
def test_a_credential_that_is_good_for_more_than_a_year_fails(place, found):
    (place.folder / "blueprints").mkdir()
    (place.folder / "blueprints" / "lax.yaml").write_text(LAX)
    place.change("site", PICKUP, "path: lax.yaml\n      input: {bank: main}")
    failed = found(place.examine(), "GL-01", "FAIL")
    assert len(failed) == 1
    assert "late: it is good for more than a year [look at state 'waiting'" in failed[0]


@pytest.mark.req("GL-01")
def test_a_hub_that_refuses_nothing_fails_every_trial_but_the_first(place, found, monkeypatch):
    monkeypatch.setattr("hub.access.presenting._judge", lambda row, terminal, at: "")
    tried = {one.subject.rpartition(": ")[2]: one.outcome.value for one in place.examine().of("GL-01")}
    assert tried["in time"] == "PASS"
    assert tried["wrong reader"] == "FAIL"


@pytest.mark.req("GL-05", "RO-01")
def test_incidents_that_nobody_may_end_fail(place, found):
    policy = 'policy:\n  staff: ["handover.*"]\n  supervisor: ["handover.*"]\n'
    place.change("site", "notifier:", policy + "notifier:")
    failed = found(place.examine(), "GL-05", "FAIL")
    assert len(failed) == 4
    assert all("no person of the site may do incident.resolve" in one for one in failed)


@pytest.mark.req("GL-05", "ES-04")
def test_a_workflow_that_loses_its_way_without_telling_anybody_fails(place, found):
    (place.folder / "blueprints").mkdir()
    (place.folder / "blueprints" / "lax.yaml").write_text(LAX.replace("days: 500", "days: 5"))
    place.change("site", PICKUP, "path: lax.yaml\n      input: {bank: main}")
    failed = found(place.examine(), "GL-05", "FAIL")
    assert [one for one in failed if "door fault: no incident was opened" in one], failed


@pytest.mark.req("GL-05")
def test_each_trouble_is_owned_resolved_and_verified(place):
    for one in place.examine().of("GL-05"):
        assert "owned by" in one.detail, one
        assert "of the record verify" in one.detail, one


@pytest.mark.req("GL-03", "ES-04")
def test_a_site_with_nobody_to_page_fails(place, found):
    place.change("people", "anna: {name: Anna, roles: [staff]", "anna: {name: Anna, roles: [technician]")
    report = place.examine()
    assert any("nobody has the role 'staff'" in one and "roles: [staff]" in one
               for one in found(report, "GL-03", "FAIL"))
    assert any("nobody of the site has that role" in one for one in found(report, "GL-05", "FAIL"))


@pytest.mark.req("GL-03", "AL-05")
def test_an_owner_who_cannot_be_reached_fails(place, found):
    place.change("people", ', phone: "+49 30 23125100"', "").change("site", "notifier: mailbox\n", "")
    failed = found(place.examine(), "GL-03", "FAIL")
    assert any("anna: no phone, no email, and the site has no notifier" in one for one in failed)
    assert any("messages to recipient" in one and "never delivered" in one for one in failed)


@pytest.mark.req("GL-03", "AL-02", "AL-04", "AL-05", "ES-03")
def test_every_kind_of_incident_has_an_owner_an_urgency_and_a_time(place):
    hub, workflow = (one.subject for one in place.examine().of("GL-03") if one.subject.startswith("role"))
    assert hub.startswith("role staff, the hub itself: ")
    assert {"stuck", "offline", "breach"} <= set(hub.split(": ")[1].split(", "))
    assert workflow.startswith("role staff, parcels, within 30 min: ")
    assert {"clear_out (normal)", "disputed (normal)"} <= set(workflow.split(": ")[1].split(", "))


@pytest.mark.req("GL-02", "RO-04")
@pytest.mark.parametrize(("old", "new", "said"), [
    ("may_not: [workflow.apply", "may_not: [handover.load",
     "org-chart.yaml:8:15 anna: may not handover.load, but the policy lets them, alone"),
    ("- handover.load", "- workflow.apply",
     "org-chart.yaml:5:9 anna: may workflow.apply, but the policy denies it"),
    (", approval: supervisor", "",
     "org-chart.yaml:7:9 anna: may handover.refund, but the policy asks for the consent of supervisor"),
    ("may: [handover.refund]", "may: [{verb: handover.refund, approval: supervisor}]",
     "org-chart.yaml:10:11 ben: may handover.refund only with the consent of supervisor, but the"),
    ("roles: [staff]", "roles: [technician]",
     "org-chart.yaml:3:5 anna: the chart says roles technician, the site gives roles staff"),
    ("handover.load", "handover.loda", "org-chart.yaml:5:9 anna: unknown verb 'handover.loda'"),
    ("  ben:", "  bern:", "org-chart.yaml:9:3 bern: nobody of the site has this name [did you mean"),
    ("    may_not: [twin.act]\n", "",
     "org-chart.yaml:9:3 ben: the chart has nothing under may_not: only one half can be checked"),
])
def test_a_difference_from_the_org_chart_is_told_with_its_place(place, found, old, new, said):
    failed = found(place.change("org-chart", old, new).examine(), "GL-02", "FAIL")
    assert any(one.startswith(said) for one in failed), failed


@pytest.mark.req("GL-02", "OV-04")
def test_a_policy_that_is_too_wide_fails(place, found):
    place.change("site", "notifier:", 'policy:\n  staff: ["*"]\n  supervisor: ["handover.*", "incident.*"]\n'
                                      "notifier:")
    failed = found(place.examine(), "GL-02", "FAIL")
    assert any("may not workflow.apply, but the policy lets them, alone [narrow the rule staff[0]" in one
               for one in failed), failed


@pytest.mark.req("GL-02")
def test_somebody_whom_the_chart_forgot_fails(place, found):
    place.change("people", "anna:", "eve: {name: Eve, roles: [supervisor]}\nanna:")
    failed = found(place.examine(), "GL-02", "FAIL")
    assert len(failed) == 1
    assert "eve: works at the site with roles supervisor, and the chart does not name them" in failed[0]


@pytest.mark.req("GL-02")
def test_a_consent_that_nobody_can_give_fails(place, found):
    place.change("site", PICKUP,
                 "path: secure_handover.yaml\n      input: {bank: main, approver: supervisor, approvals: 2}")
    failed = found(place.examine(), "GL-02", "FAIL")
    assert any("consent of supervisor: 2 wanted, and the site has ben" in one for one in failed), failed


@pytest.mark.req("GL-04", "RP-05", "PR-02", "PR-03")
def test_what_does_not_exist_is_not_yet_and_the_site_never_passes(place, found):
    report = place.examine()
    assert len(found(report, "GL-04", "NOT YET")) == len(found(report, "PR-03", "NOT YET")) == 1
    assert report.outcome is Outcome.NOT_YET


@pytest.mark.req("GL-02")
def test_without_an_org_chart_the_check_is_not_yet(place, found):
    del place.texts["org-chart"]
    assert "there is no org-chart.yaml" in found(place.examine(), "GL-02", "NOT YET")[0]


@pytest.mark.req("GL-06")
@pytest.mark.parametrize(("outcomes", "worst"), [
    ([], "NOT YET"), (["PASS", "NOT YET"], "NOT YET"), (["NOT YET", "FAIL", "PASS"], "FAIL"),
    (["PASS", "n/a"], "PASS"), (["n/a"], "n/a"),
])
def test_a_check_is_as_good_as_its_worst_finding(outcomes, worst):
    assert overall(Finding("GL-01", "", Outcome(one), "") for one in outcomes) == worst


LAX = """\
blueprint:
  name: Lax
  domain: handover
  version: 1.0.0
  lang: 1
  input:
    bank: {name: Bank, selector: {bank: {}}}
start: [{on: api}]
deadlines: {hold: {after: {days: 500}}}
initial: placing
states:
  placing:
    enter:
      - assign: {bank: !input bank, size: S, thermal: ambient}
      - issue_credential: {methods: [pin, qr], until: hold}
      - notify: {to: recipient, template: ready_for_pickup}
    on: {assign.failed: refused, issue_credential.failed: refused, entered: waiting}
  waiting:
    on:
      credential.accepted: opening
      deadline.hold: given_up
      command.cancel: given_up
  opening:
    enter:
      - open: {evidence: door_sensor, within: {seconds: 5}}
    on:
      effect.confirmed: open
      effect.refuted: waiting
      effect.in_doubt: recovery
  open:
    on: {door.closed: done}
  given_up: {status: cancelled, enter: [release], final: true}
  refused: {status: cancelled, final: true}
  done: {status: completed, enter: [release], final: true}
"""
