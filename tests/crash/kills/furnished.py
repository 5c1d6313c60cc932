"""The site that is killed: the demo's, with people who have badges, a drill, and what they come for."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
#: Shorter waits than a real site's: a campaign is mostly waiting.
INPUTS = {
    "parcels": {"open_within": {"seconds": 2}},
    "shop": {"open_within": {"seconds": 2}, "pay_within": {"seconds": 10}},
}
_DOOR = {"open_within": {"seconds": 2}}
_RENTAL = {
    **_DOOR, "bank": "main", "terminal": "front", "group": "members", "price": "3.00", "access": ["tag"],
    "pay_within": {"seconds": 10},
}
_OWN = {
    "tools": ("issue_return.yaml", {
        **_DOOR, "bank": "main", "terminal": "front", "group": "members", "kind": "drill", "begin_with": "1",
        "access": ["tag"],
    }),
    "lockers": ("rental.yaml", {**_RENTAL, "begin_with": "2"}),
    "minutes": ("rental.yaml", {
        **_RENTAL, "begin_with": "3", "rent_for": {"seconds": 6}, "remind_after": {"seconds": 3},
        "overdue_price": "1.00",
    }),
    "drops": ("courier_drop.yaml", {
        **_DOOR, "bank": "main", "terminal": "front", "couriers": "couriers", "access": ["pin"],
    }),
}
_PEOPLE = """
mia:  {name: "Mia Member", groups: [members], tags: ["04e1b2c3d4e503"]}
kurt: {name: "Kurt Kurier", groups: [couriers], tags: ["04e1b2c3d4e504"]}
"""
_ASSETS = 'drill-1: {kind: drill, name: "Drill 1", size: M, thermal: refrigerated, at: main/A3}\n'
#: Nobody rents for seconds; here somebody does, because nobody waits for minutes.
_SHORTEST = (("min: {minutes: 5}, max: {days: 90}", "min: {seconds: 1}, max: {days: 90}"),
             ("min: {minutes: 1}, max: {days: 90}", "min: {seconds: 1}, max: {days: 90}"))


def furnish(site: Path) -> str:
    """Change a copy of the demo site; the text of its site.yaml."""
    text = (site / "site.yaml").read_text()
    for workflow, inputs in INPUTS.items():
        head, tail = text.split(f"\n  {workflow}:\n", 1)
        flow = ", ".join(f"{name}: {_flow(value)}" for name, value in inputs.items())
        text = f"{head}\n  {workflow}:\n" + tail.replace("input: {", f"input: {{{flow}, ", 1)
    more = "".join(
        f"  {name}: {{use_blueprint: {{path: {path}, input: {_flow(inputs)}}}}}\n"
        for name, (path, inputs) in _OWN.items()
    )
    text = text.replace("\nworkflows:\n", f"\nassets: !include assets.yaml\n\nworkflows:\n{more}", 1)
    (site / "site.yaml").write_text(text)
    (site / "assets.yaml").write_text(_ASSETS)
    with (site / "people.yaml").open("a") as people:
        people.write(_PEOPLE)
    rental = (ROOT / "blueprints" / "rental.yaml").read_text()
    for usual, shorter in _SHORTEST:
        rental = rental.replace(usual, shorter)
    (site / "blueprints").mkdir(exist_ok=True)
    (site / "blueprints" / "rental.yaml").write_text(rental)
    return text


def _flow(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("...\n").strip()
