"""The report as one HTML file: no scripts, no other files; readable in the dark and on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from hub.core.clock import DAY, SECOND
from hub.workflows.simulate import svg
from hub.workflows.simulate.measures import Measures, hours
from hub.workflows.simulate.summary import facts

_STATUSES = ("completed", "partially_completed", "reserved", "created", "expired", "cancelled", "refunded")
_BUCKETS = (0.5, 1, 2, 4, 8, 12, 24, 48, 96)
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5c6670;--paper:#fff;--card:#f5f6f8;--grid:#d9dde2}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--dim:#9aa4af;--paper:#14171a;--card:#1e2226;--grid:#343a41}}
*{box-sizing:border-box}
body{margin:0;padding:1rem;background:var(--paper);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
main{max-width:60rem;margin:auto}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
p{margin:.3rem 0}.dim{color:var(--dim);font-size:.85rem;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem;margin:1rem 0}
.tile{background:var(--card);border-radius:.5rem;padding:.6rem .8rem}.tile b{display:block;font-size:1.3rem}
.tile span{color:var(--dim);font-size:.85rem}
figure{margin:0;background:var(--card);border-radius:.5rem;padding:.6rem}
svg{width:100%;height:auto;display:block}.grid{stroke:var(--grid)}.label{fill:var(--dim);font-size:12px}
figcaption{display:flex;flex-wrap:wrap;gap:.3rem 1rem;color:var(--dim);font-size:.85rem;margin-top:.3rem}
figcaption i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em}
@media(max-width:40rem){.label{font-size:20px}}
.line{fill:none;stroke-width:2}
.c0{fill:#2f7ed8;background:#2f7ed8}.c1{fill:#7fb3e8;background:#7fb3e8}.c2{fill:#e0a030;background:#e0a030}
.c3{fill:#8a94a0;background:#8a94a0}.c4{fill:#d4553a;background:#d4553a}.c5{fill:#3a9a5b;background:#3a9a5b}
.c6{fill:#9063c4;background:#9063c4}.c7{fill:#c06090;background:#c06090}
.c8{fill:#3aa6a6;background:#3aa6a6}.c9{fill:#b8c04a;background:#b8c04a}.c10{fill:#8d5a3b;background:#8d5a3b}
.c11{fill:#4656b0;background:#4656b0}.c12{fill:#e58fb0;background:#e58fb0}
.line.c0{fill:none;stroke:#2f7ed8}.line.c4{fill:none;stroke:#d4553a}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;padding:.25rem .6rem .25rem 0}
td.n{text-align:right;font-variant-numeric:tabular-nums}tr+tr td{border-top:1px solid var(--grid)}
"""


def html(site: str, measures: Measures, words: str) -> str:
    """The page. `words` says how the simulation was called."""
    labels = [_day(measures.start, index) for index in range(measures.days)]
    parts = [
        f"<h1>{escape(site)}: {measures.days} days</h1>", f'<p class="dim">{escape(words)}</p>',
        '<div class="tiles">',
        *(f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
          for name, value in facts(measures)),
        "</div>",
        _figure("Handovers by day", *_by_day(measures, labels)),
        _figure("Compartments in use", *_usage(measures)),
        _figure("How long things wait to be collected", *_waits(measures)),
        _figure("Incidents by kind", svg.ranked([
            (kind.replace("_", " "), float(count), f"{count}, after {hours(mean):.1f} h")
            for kind, count, _, mean in measures.incidents
        ], "Incidents by kind"), ()),
    ]
    if measures.money:
        parts.append(_figure("Money by day", *_money(measures, labels)))
    parts += ["<h2>Acts of devices</h2>", _table(
        ("act", "outcome", "reason", "count"),
        [(kind, state, reason, f"{count:,}") for kind, state, reason, count in measures.effects],
    )]
    parts += ["<h2>Messages</h2>", _table(
        ("message", "became", "count"),
        [(template.replace("_", " "), state, f"{count:,}") for template, state, count in measures.messages],
    )]
    parts.append(f'<p class="dim">Journal: {measures.events:,} events, head {measures.head}</p>')
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(site)}: simulation</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _figure(title: str, drawing: str, legend: Sequence[svg.Series]) -> str:
    keys = "".join(f'<span><i class="{one.tone}"></i>{escape(one.name)}</span>' for one in legend)
    return f"<h2>{escape(title)}</h2><figure>{drawing}<figcaption>{keys}</figcaption></figure>"


def _by_day(measures: Measures, labels: Sequence[str]) -> tuple[str, Sequence[svg.Series]]:
    counts = {(day, status): count for day, status, count in measures.by_day}
    present = [s for s in _STATUSES if any((day, s) in counts for day in range(measures.days))]
    series = [
        svg.Series(status.replace("_", " "), [counts.get((day, status), 0) for day in range(measures.days)],
                   _tone(status))
        for status in present
    ]
    return svg.stacked(labels, series, "Handovers by day and status"), series


def _tone(status: str) -> str:
    return {"completed": "c5", "partially_completed": "c1", "reserved": "c0", "created": "c3",
            "expired": "c2", "cancelled": "c3", "refunded": "c6"}.get(status, "c7")


def _usage(measures: Measures) -> tuple[str, Sequence[svg.Series]]:
    held = svg.Series("in use, %", [100 * share for _, share, _ in measures.usage], "c0")
    barred = svg.Series("out of service, %", [100 * share for *_, share in measures.usage], "c4")
    labels = [_moment(at) for at, *_ in measures.usage]
    return svg.lines(labels, (held, barred), "Share of compartments in use, by hour", 100.0), (held, barred)


def _waits(measures: Measures) -> tuple[str, Sequence[svg.Series]]:
    edges = [0.0, *_BUCKETS]
    labels = [f"< {edge:g} h" for edge in _BUCKETS] + [f"> {_BUCKETS[-1]:g} h"]
    series = []
    for index, (workflow, waits) in enumerate(sorted(measures.waits.items())):
        counts = [0.0] * len(labels)
        for wait in waits:
            place = next((i for i, edge in enumerate(edges[1:]) if hours(wait) < edge), len(labels) - 1)
            counts[place] += 1
        series.append(svg.Series(workflow, counts, f"c{index % 13}"))
    return svg.stacked(labels, series, "From ready to collected"), series


def _money(measures: Measures, labels: Sequence[str]) -> tuple[str, Sequence[svg.Series]]:
    states = sorted({state for _, state, _, _ in measures.money})
    sums = {(day, state): amount for day, state, amount, _ in measures.money}
    series = [
        svg.Series(f"{state.replace('_', ' ')}, {measures.currency}", [
            sums.get((day, state), 0) / 100 for day in range(measures.days)
        ], {"captured": "c5", "voided": "c2", "refund_owed": "c4"}.get(state, f"c{index % 13}"))
        for index, state in enumerate(states)
    ]
    return svg.stacked(labels, series, "Money by day"), series


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row[:-1])
        + f'<td class="n">{escape(row[-1])}</td></tr>'
        for row in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _day(start: int, index: int) -> str:
    return _moment(start + index * DAY)


def _moment(at: int) -> str:
    found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at // SECOND)
    return f"{found.day} {found:%b}"


