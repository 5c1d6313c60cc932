"""A site of 2,000 lines as a large installation would have it: many banks, products, people, workflows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_HEAD = """\
site: {id: large-1, name: "Large site", time_zone: Europe/Berlin, currency: EUR}
web:
  tokens:
    shop: {token: 0123456789abcdef0123456789abcdef, scopes: [read, write]}
notifier: mailbox
"""
#: Doors of a board, and boards, products, people: together 2,000 lines.
DOORS, BOARDS, PRODUCTS, PEOPLE = 16, 78, 150, 96


def write_large_site(folder: Path) -> int:
    """Write it into `folder`; returns how many lines `site.yaml` has."""
    folder.mkdir(parents=True, exist_ok=True)
    text = _HEAD + "\n".join(_sections()) + "\n"
    (folder / "site.yaml").write_text(text, "utf-8")
    return text.count("\n")


def _sections() -> Iterator[str]:
    yield "lines:"
    for board in range(BOARDS):
        yield f'  bus{board}: {{url: "tcp://10.0.{board // 250}.{board % 250 + 1}:4196"}}'
    yield "devices:"
    yield "  mailbox: {integration: mailbox}"
    for board in range(BOARDS):
        yield (
            f"  locks{board}: {{integration: modbus_locker, line: bus{board}, address: 1, "
            f"profile: waveshare_relay_16_d, supply: psu}}"
        )
    yield "supplies: {psu: {simultaneous: 1}}"
    yield "banks:"
    for board in range(BOARDS):
        yield f"  bank{board}:"
        yield "    thermal: ambient"
        yield "    compartments:"
        for door in range(1, DOORS + 1):
            yield f"      A{door}: {{door: locks{board}/{door}, size: {'SMLX'[door % 3]}, low: {_low(door)}}}"
    yield "products:"
    for number in range(PRODUCTS):
        yield f'  sku{number}: {{name: "Product {number}", price: "{number}.50", size: S, thermal: ambient}}'
    yield "people:"
    for number in range(PEOPLE):
        yield f'  person{number}: {{name: "Person {number}", roles: [staff], pin: "{100000 + number}"}}'
    yield "workflows:"
    for number in range(12):
        yield f"  parcels{number}:"
        yield "    use_blueprint:"
        yield "      path: pickup.yaml"
        yield "      input:"
        yield f"        bank: bank{number}"
        yield f"        hold_window: {{days: {number + 1}}}"


def _low(door: int) -> str:
    return "true" if door > DOORS // 2 else "false"
