"""Who was accountable, and whether a thing that is lent lies where the record says that it lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from kills.record import Record, Row

#: What somebody is called for although every act about the thing was proved.
_PROVED = frozenset({"overdue"})


def accountable(record: Record, ledger: list[Row]) -> Iterator[str]:
    """Each handing-over goes on from the one before it; a place and its things belong to one handover."""
    chains: dict[str, list[Row]] = defaultdict(list)
    for step in record.custody:
        chains[step["allocation_id"]].append(step)
    for allocation in record.allocations:
        chain = chains[allocation["id"]]
        for before, after in pairwise(chain):
            if before["holder"] != after["giver"]:
                yield f"custody has a gap: {before['holder']} is followed by {after['giver']}"
        if chain and chain[-1]["holder"] != allocation["custody"]:
            yield f"custody of the allocation is {allocation['custody']}, of its chain {chain[-1]['holder']}"
        if len({step["step"] for step in chain}) != len(chain):
            yield "two handings-over are the same step"
    places = [allocation["compartment"] for allocation in record.allocations if allocation["live"]]
    yield from (f"two handovers own {place}" for place in {p for p in places if places.count(p) > 1})
    yield from _assets(record, ledger)


def _assets(record: Record, ledger: list[Row]) -> Iterator[str]:
    """Where the twin has a thing, the record has it, as long as nothing had to be doubted."""
    if any(incident["kind"] not in _PROVED for incident in record.incidents):
        return
    for asset in record.assets:
        where = asset["configured_at"]
        for entry in ledger:
            facts = entry["facts"]
            if entry["act"] == "load" and facts["what"] == asset["id"]:
                where = facts["compartment"]
            elif entry["act"] == "take" and asset["id"] in facts["what"]:
                where = None
        if where != asset["compartment"]:
            yield f"{asset['id']} is in {where}, and on record in {asset['compartment']} {asset['holder']}"
