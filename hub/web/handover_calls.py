"""Creating, reading and commanding handovers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hub.access import Target
from hub.config.problems import suggest
from hub.core.commands import Accepted
from hub.store import Reader, Tx
from hub.store.cursors import read_stream
from hub.web import answers, bodies
from hub.web.access import demand
from hub.web.answers import iso, micros
from hub.web.calls import API, Api, Call, Reply, Serve, encode
from hub.web.command_views import command_views
from hub.web.commanding import answered, commanding
from hub.web.handover_views import detail_view, event_view, summary_view
from hub.web.idempotency import Kept, keep
from hub.web.ports import Ports
from hub.web.problems import Problem
from hub.workflows.checks.graph import calls_of
from hub.workflows.run import records
from hub.workflows.run.service import Order, UnknownWorkflow


async def create(api: Api, call: Call) -> Reply:
    """Begin a handover, once per Idempotency-Key and once per external reference."""
    ports = api.ports
    asked: bodies.NewHandover = call.body
    demand(ports.policy, call.actor, "handover.create", call.at, Target(workflow=asked.workflow))
    async with api.twins.turn(call.key):
        kept = await answered(ports, call)
        if kept is not None:
            return kept
        order = order_of(asked, ports, call.at)
        order = replace(order, vars={**order.vars, "created_by": call.actor.ref})
        machines = ports.handovers.engine.machines
        shown = b""

        def also(tx: Tx, handover_id: str) -> None:
            nonlocal shown
            row = records.summary(tx, handover_id)
            assert row is not None
            shown = encode(summary_view(tx, machines, row))
            if call.key is not None:
                keep(tx, call.key, Kept(201, shown, _href(handover_id)), call.at)

        try:
            handover_id = await ports.handovers.create(order, start=asked.start, also=also)
        except UnknownWorkflow:
            offered = [name for name, w in ports.handovers.offered.items() if w.starts_on(asked.start)]
            how = "at the desk" if asked.start == "desk" else "by the API"
            detail = f"no workflow {asked.workflow!r} begins {how} here"
            raise Problem("unknown-workflow", detail, mend=suggest(asked.workflow, offered)) from None
        except records.ReferenceTaken as taken:
            href = _href(taken.handover_id)
            raise Problem(
                "reference-taken", f"{asked.external_ref!r} belongs to {taken.handover_id}",
                mend=f"read it: GET {href}", members={"handover": taken.handover_id, "href": href},
                headers={"Link": f'<{href}>; rel="related"'},
            ) from None
    return Reply(shown, headers={"Location": _href(handover_id)})


def order_of(asked: bodies.NewHandover, ports: Ports, at: int) -> Order:
    """The order, complete. Raises Problem: one-allocation, item-unknown, invalid, in-the-past."""
    if len(asked.items) > 1 and not _takes_many(ports, asked.workflow):
        raise Problem("one-allocation", f"{len(asked.items)} item lines need as many compartments")
    paid = asked.paid
    values = {
        "data": dict(asked.data), "due": None if asked.due is None else micros(asked.due),
        "paid": None if paid is None
        else {"reference": paid.reference, "amount": paid.amount, "currency": paid.currency},
    }
    return Order(
        asked.workflow, items=tuple(_item(item, index, ports) for index, item in enumerate(asked.items)),
        recipient=_recipient(asked), external_ref=asked.external_ref, terminal=_terminal(asked, ports),
        window=_window(asked.window, at), order_ref=asked.order_ref,
        depositor={} if asked.depositor is None else _party(asked.depositor, "depositor"),
        vars={name: value for name, value in values.items() if value is not None},
    )


def _recipient(asked: bodies.NewHandover) -> dict[str, str]:
    """Who collects, and what: only staff may begin without."""
    if asked.start != "desk" and not asked.items:
        raise Problem("invalid", "Expected at least one item - at `$.items`")
    if asked.recipient is None:
        if asked.start == "desk":
            return {}
        raise Problem("invalid", "the recipient is missing - at `$.recipient`", mend=_SOMEBODY)
    return _party(asked.recipient, "recipient")


def _terminal(asked: bodies.NewHandover, ports: Ports) -> str:
    known = ports.config.terminals
    if asked.terminal is not None and asked.terminal not in known:
        mend = suggest(asked.terminal, known)
        raise Problem("invalid", f"there is no terminal {asked.terminal!r} - at `$.terminal`", mend=mend)
    return asked.terminal or ""


def _party(asked: bodies.Recipient, which: str) -> dict[str, str]:
    known = {f: v for f in ("name", "phone", "email", "ref") if (v := getattr(asked, f))}
    if not known:
        raise Problem("invalid", f"the {which} is empty - at `$.{which}`", mend=_SOMEBODY)
    return known


def _takes_many(ports: Ports, workflow: str) -> bool:
    """Whether the blueprint takes a compartment for each item."""
    offered = ports.handovers.offered.get(workflow)
    states = offered.machine.states.values() if offered is not None else ()
    return any(call.args.get("per") == "item" for state in states for call, _ in calls_of(state))


async def page(api: Api, call: Call) -> Reply:
    """Handovers, newest first."""
    query: bodies.ListQuery = call.query
    machines = api.ports.handovers.engine.machines

    def read(reader: Reader) -> answers.HandoverPage:
        rows = records.listed(
            reader, ended=query.ended, limit=query.limit + 1, before=query.cursor, workflow=query.workflow,
            state=query.state, status=query.status,
        )
        shown = [summary_view(reader, machines, row) for row in rows[: query.limit]]
        return answers.HandoverPage(shown, shown[-1].id if len(rows) > query.limit else None)

    return Reply(await api.ports.store.read(read))


async def one(api: Api, call: Call) -> Reply:
    """One handover with everything that belongs to it."""
    machines = api.ports.handovers.engine.machines

    def read(reader: Reader) -> answers.HandoverDetail:
        row = _readable(reader, api.ports, call)
        target = _target(row)
        named = api.ports.policy.decide(call.actor, "person.read", target, call.at)
        with_person = named.allowed and not named.needs_approval
        shown = detail_view(reader, machines, row, with_person=with_person)
        snapshot = records.load(reader, row["id"])
        shown.commands = command_views(
            reader, api.ports.policy, machines.get(reader, snapshot.machine), snapshot, call.actor, call.at
        )
        return shown

    return Reply(await api.ports.store.read(read))


async def events(api: Api, call: Call) -> Reply:
    """The journal of one handover."""
    query: bodies.EventsQuery = call.query

    def read(reader: Reader) -> answers.EventPage:
        row = _readable(reader, api.ports, call)
        found = read_stream(reader, f"handover/{row['id']}", query.after, query.limit + 1)
        shown = [event_view(event) for event in found[: query.limit]]
        return answers.EventPage(shown, shown[-1].seq if len(found) > query.limit else None)

    return Reply(await api.ports.store.read(read))


def command(verb: str) -> Serve:
    """The handler of `handover.VERB`."""
    return commanding(f"handover.{verb}", "{id}", _accepted)


_MORE_OF_ITEM = ("asset", "low", "apart", "price", "tax_class", "deposit", "minimum_age", "lot")
_SOMEBODY = "give at least one of name, phone, email, ref"


def _item(asked: bodies.Item, index: int, ports: Ports) -> dict[str, Any]:
    known = ports.config.products.get(asked.sku)
    size = asked.size or (known.size if known else None)
    thermal = asked.thermal or (known.thermal if known else None)
    if asked.asset is None and (size is None or thermal is None):
        hint = suggest(asked.sku, ports.config.products)
        raise Problem(
            "item-unknown", f"{asked.sku!r} is not in the catalogue of the site - at `$.items[{index}]`",
            mend="give the item's size and thermal, or name a product" + (f"; {hint}" if hint else ""),
        )
    more = {name: getattr(asked, name) for name in _MORE_OF_ITEM}
    use_by = None if asked.use_by is None else micros(asked.use_by)
    return {
        "sku": asked.sku, "quantity": asked.quantity, "size": size, "thermal": thermal, "use_by": use_by,
        **more,
    }


def _window(asked: bodies.Window | None, at: int) -> dict[str, int]:
    if asked is None:
        return {}
    moments = {"from": asked.since, "until": asked.until}
    window = {name: micros(moment) for name, moment in moments.items() if moment is not None}
    until = window.get("until")
    if until is not None and until <= at:
        raise Problem("in-the-past", "the window has ended - at `$.window.until`")
    if until is not None and until <= window.get("from", 0):
        raise Problem("invalid", "the window ends before it begins - at `$.window`")
    return window


def _readable(reader: Reader, ports: Ports, call: Call) -> dict[str, Any]:
    row = records.summary(reader, call.params["id"])
    if row is None:
        raise Problem("unknown-handover", f"there is no handover {call.params['id']!r}")
    demand(ports.policy, call.actor, "handover.read", call.at, _target(row))
    return row


def _target(row: dict[str, Any]) -> Target:
    return Target(row["id"], row["workflow"], row["status"], row["person_ref"] or "")


def _accepted(answer: Accepted) -> answers.CommandAnswer:
    shown = dict(answer.result)
    until = shown.pop("until", None)
    return answers.CommandAnswer(**shown, until=None if until is None else iso(until))


def _href(handover_id: str) -> str:
    return f"{API}/handovers/{handover_id}"
