"""`assets:` of a site: read into facts, and answered with place and mend where it is wrong."""

from __future__ import annotations

import pytest

from hub.custody import AssetSpec
from hub.model.states import Size, Thermal

ASSETS = """\
assets:
  drill-1: {kind: drill, name: Drill one, size: S, at: main/A1, code: "0815", thermal: refrigerated}
  drill-2: {kind: drill, size: M}
"""


@pytest.fixture
def with_assets(site_folder):
    site_folder.texts["site"] += ASSETS
    return site_folder


@pytest.mark.req("WF-03")
def test_assets_become_facts(with_assets):
    site, problems = with_assets.load()
    assert not len(problems), problems.render()
    assert dict(site.assets) == {
        "drill-1": AssetSpec(
            "drill-1", "drill", "Drill one", Size.S, Thermal.REFRIGERATED, "0815", "main", "A1"
        ),
        "drill-2": AssetSpec("drill-2", "drill", "drill-2", Size.M),
    }


def test_assets_may_stand_in_a_file_of_their_own(site_folder):
    site_folder.texts["site"] += "assets: !include assets.yaml\n"
    site_folder.texts["assets"] = "saw: {kind: saw, size: S}\n"
    site, problems = site_folder.load()
    assert not len(problems), problems.render()
    assert list(site.assets) == ["saw"]


WRONG = {
    "kind missing": ("kind: drill, size: M", "size: M", "'kind' is missing", "add: kind: drill"),
    "wrong size": ("size: M}", "size: XXL}", "'XXL' is no size", "did you mean 'XL'?"),
    "wrong key": ("size: M}", "size: M, cod: x}", "unknown key 'cod'", "did you mean 'code'?"),
    "no place": ("at: main/A1", "at: A1", "'A1' is no place", "write BANK/COMPARTMENT"),
    "unknown bank": ("at: main/A1", "at: mian/A1", "unknown bank 'mian'", "did you mean 'main'?"),
    "unknown compartment": ("at: main/A1", "at: main/A11", "unknown compartment 'main/A11'",
                            "did you mean 'A1'?"),
    "a place that sells": ("at: main/A1", "at: main/A2", "main/A2 stocks 'cola'", "without a product"),
    "too small a place": ("size: S, at", "size: L, at", "it is of size L, main/A1 of S",
                          "put it into a larger compartment"),
    "a place of another class": ("thermal: refrigerated}", "thermal: frozen}",
                                 "it needs frozen, main is refrigerated", "another bank"),
    "a place twice": ("size: M}", "size: S, at: main/A1}", "main/A1 already belongs to 'drill-1'",
                      "give each asset its own"),
    "a code twice": ("size: M}", 'size: M, code: "0815"}', "code 0815 already belongs to 'drill-1'",
                     "give each asset its own"),
    "a code as a number": ('code: "0815"', "code: 815", "expected text, found 815", 'put it in quotes'),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_asset_is_answered_with_place_and_mend(with_assets, case):
    before, after, message, mend = WRONG[case]
    assert before in ASSETS
    first = with_assets.texts["site"].partition(ASSETS)[0].count("\n") + 2
    with_assets.change(ASSETS, ASSETS.replace(before, after, 1))
    [(place, said, how)] = with_assets.problems()
    line = first + (before not in ASSETS.splitlines()[1])
    assert place.startswith(f"site.yaml:{line}:")
    assert message in said
    assert mend in how


def test_a_misspelt_section_of_assets_is_one_error(site_folder):
    site_folder.texts["site"] += ASSETS.replace("assets:", "asets:")
    [(_, _, mend)] = site_folder.problems()
    assert mend == "did you mean 'assets'?"
