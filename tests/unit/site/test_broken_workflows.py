"""Read to run, a site goes on without the workflow that is not right; read to check, it is refused."""

from __future__ import annotations

import pytest

from hub.site.load import load_site
from hub.site.versions import drafts_of, offers_of

TWO = """\
workflows:
  parcels: {use_blueprint: {path: parcel.yaml, input: {bank: main}}}
  others:  {use_blueprint: {path: parcel.yaml, input: {bank: main}}}
"""


def _two(site_folder, old, new, file="site"):
    site_folder.change(
        "workflows:\n  parcels: {use_blueprint: {path: parcel.yaml, input: {bank: main}}}\n", TWO
    )
    return site_folder.change(old, new, file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("others:  {use_blueprint: {path: parcel.yaml,", "others:  {use_blueprint: {path: gone.yaml,",
         "unknown blueprint 'gone.yaml'"),
        ("others:  {use_blueprint: {path: parcel.yaml, input: {bank: main}}}",
         "others:  {use_blueprint: {path: parcel.yaml, input: {bank: main, hld: 3}}}", "unknown input 'hld'"),
        ("others:  {use_blueprint: {path: parcel.yaml, input: {bank: main}}}", "others:  {}",
         "'use_blueprint' is missing"),
    ],
)
def test_a_broken_workflow_is_named_with_its_line_and_keeps_nobody_else_from_serving(
    site_folder, old, new, message
):
    folder = _two(site_folder, old, new)
    site, problems = load_site(folder.write(), folder.integrations, tolerant=True)
    assert site is not None, problems.render()
    assert set(site.workflows) == {"parcels"}
    [problem] = site.broken["others"]
    assert message in problem.message
    line = next(n for n, text in enumerate(folder.texts["site"].splitlines(), 1) if "others:" in text)
    assert problem.line == line
    assert offers_of(site)["others"].problems == (problem,)
    assert drafts_of(site)["others"] is None
    checked, found = folder.load()
    assert checked is None
    assert message in found.render()


def test_a_broken_blueprint_breaks_each_workflow_that_uses_it(site_folder):
    folder = _two(site_folder, "to: done}", "to: don}", "blueprints/parcel")
    site, problems = load_site(folder.write(), folder.integrations, tolerant=True)
    assert site is not None, problems.render()
    assert set(site.broken) == {"parcels", "others"}
    assert "did you mean 'done'?" in site.broken["others"][0].mend


def test_what_is_wrong_elsewhere_in_the_site_still_stops_it(site_folder):
    folder = site_folder.change("currency: EUR", "currency: EURO")
    site, problems = load_site(folder.write(), folder.integrations, tolerant=True)
    assert site is None
    assert "unknown currency" in problems.render()
