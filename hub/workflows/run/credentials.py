"""Steps that let people in and write to them: credentials by party, groups, quiet hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub import access, desk
from hub.model import schedules
from hub.model.failures import StepFailed
from hub.model.states import GrantKind, Method
from hub.store import Tx
from hub.workflows.engine import Snapshot
from hub.workflows.run.advance import Run
from hub.workflows.run.allocations import concerned
from hub.workflows.run.places import Places
from hub.workflows.run.words import Words

RECIPIENT, DEPOSITOR, STAFF = "recipient", "depositor", "staff"
_GROUP, _ROLE = "group:", "role:"


class Credentials:
    """issue_credential and notify, for one site."""

    def __init__(self, places: Places, words: Words) -> None:
        self._places = places
        self._words = words

    def issue(self, run: Run, args: Mapping[str, Any]) -> None:
        """Grant a party the handover's doors until a deadline; the texts stay in `run.secrets`.

        Raises StepFailed: no_deadline, no_method, no_person, no_terminal, code_taken, no_free_pin.
        """
        party = str(args.get("to", RECIPIENT))
        due = run.snapshot.deadlines.get(str(args["until"]))
        if due is None:
            raise StepFailed("no_deadline", f"deadline {args['until']} is not set")
        wanted = [Method(method) for method in args["methods"]]
        if not wanted:
            raise StepFailed("no_method", "no way to present a credential was chosen")
        code = args.get("code")
        person, members = _who(run, party)
        if person is None and members is None and not code:
            raise StepFailed("no_person", f"this handover has no {party}")
        values = run.snapshot.vars
        if party in (values.get("credentials") or {}):
            access.revoke(run.tx, run.handover_id, run.at, party=party)
        held = concerned(run)
        kind, uses = _extent(args, len(held))
        issued = access.issue(
            run.tx, run.handover_id, person, wanted, kind, _since(run, party), due, uses, run.at,
            terminals=self._scope({str(entry["bank"]) for entry in held}), party=party, members=members,
            code=None if code is None else str(code),
        )
        run.secrets[party] = {"pin": issued.pin, "code": issued.qr_text}
        credential: dict[str, Any] = {
            "grant": issued.grant_id, "until": due, "deadline": str(args["until"]),
            "methods": [method.value for method in wanted],
        }
        if kind is not GrantKind.SINGLE:
            credential |= {"kind": kind.value, "uses": uses}
        _keep(run, party, credential)

    def _scope(self, banks: set[str]) -> tuple[str, ...]:
        """The terminals that serve the banks of this handover's compartments."""
        serving = tuple(t.name for t in self._places.terminals.values() if banks.intersection(t.banks))
        if not serving:  # a grant without terminals would be good at every one of the site
            raise StepFailed("no_terminal", f"no terminal serves bank {', '.join(sorted(banks))}")
        return serving

    def notify(self, run: Run, args: Mapping[str, Any]) -> None:
        """Queue a message to a party, a role or everybody of a group; within quiet hours for later."""
        to, template = str(args["to"]), str(args["template"])
        wait = _quiet_until(args.get("quiet"), run.at)
        party = STAFF if to.startswith(_ROLE) else to
        credential = credential_of(run, party)
        secrets = run.secrets.get(party) or {}
        expires = credential.get("until")
        if wait is not None and expires is not None and wait >= expires:
            wait = None  # by then it would tell of a credential that is over
        for person, role in _addressees(run, to):
            desk.queue_message(
                run.tx, template, self._words.fields(run, person, credential), run.at,
                handover_id=run.handover_id, person_ref=person, role=role, pin=secrets.get("pin"),
                code=secrets.get("code"), expires=expires, not_before=wait,
            )


def revoke_credential(run: Run, args: Mapping[str, Any]) -> None:
    """End the credentials of one party or of all, and take back messages that were not sent yet."""
    if not args.get("to"):
        access.revoke(run.tx, run.handover_id, run.at)
        desk.withdraw_messages(run.tx, run.handover_id, run.at)
        run.set(credential=None, credentials=None)
        return
    party = str(args["to"])
    access.revoke(run.tx, run.handover_id, run.at, party=party)
    for person, _ in _addressees(run, party):
        if person is not None:
            desk.withdraw_messages(run.tx, run.handover_id, run.at, person_ref=person)
    _keep(run, party, None)


def credential_of(run: Run, party: str) -> Mapping[str, Any]:
    """What the variables say of a party's credential; empty without one."""
    values = run.snapshot.vars
    if party == RECIPIENT:
        return values.get("credential") or {}
    return (values.get("credentials") or {}).get(party) or {}


def issued_with(credential: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by which another credential of the same kind is issued."""
    same = {key: credential[key] for key in ("methods", "kind", "uses") if key in credential}
    return {**same, "until": credential["deadline"]}


def extend_credentials(
    tx: Tx, snapshot: Snapshot, deadline: str, until: int, at: int
) -> dict[str, Any]:
    """A deadline was moved: the credentials that are valid until then move with it. The changed variables."""
    known: Mapping[str, Mapping[str, Any]] = snapshot.vars.get("credentials") or {}
    if not known and snapshot.vars.get("credential"):
        known = {RECIPIENT: snapshot.vars["credential"]}
    moved = {party: {**one, "until": until} for party, one in known.items() if one["deadline"] == deadline}
    for party in moved:
        access.extend(tx, snapshot.handover_id, until, at, party=party)
    if not moved:
        return {}
    own = {"credential": moved[RECIPIENT]} if RECIPIENT in moved else {}
    return {"credentials": {**known, **moved}, **own}


def _keep(run: Run, party: str, credential: Mapping[str, Any] | None) -> None:
    """Store a party's credential among `credentials`; the recipient's is also `credential`."""
    kept = {**(run.snapshot.vars.get("credentials") or {}), party: credential}
    kept = {name: value for name, value in kept.items() if value is not None}
    run.set(credentials=kept or None, **({"credential": credential} if party == RECIPIENT else {}))


def _who(run: Run, party: str) -> tuple[str | None, str | None]:
    """The person whose right it is, or the people who share it."""
    values = run.snapshot.vars
    if party == RECIPIENT:
        return values.get("recipient_ref"), None
    if party == DEPOSITOR:
        return values.get("depositor_ref"), None
    if party == STAFF:
        return None, f"{_ROLE}{STAFF}"
    return None, party


def _extent(args: Mapping[str, Any], doors: int) -> tuple[GrantKind, int]:
    """How often the grant opens: each door once, unless the step says more."""
    uses = int(args.get("uses") or doors)
    if args.get("kind"):
        return GrantKind(args["kind"]), uses
    return (GrantKind.SINGLE if uses == 1 else GrantKind.COUNTED), uses


def _since(run: Run, party: str) -> int:
    """A collection window holds for who collects; everybody else may come at once."""
    if party != RECIPIENT:
        return run.at
    return int((run.snapshot.vars.get("window") or {}).get("from") or run.at)


def _addressees(run: Run, to: str) -> Sequence[tuple[str | None, str | None]]:
    """Pairs of person and role, of which one is None. Nobody, when the party is not known.

    Somebody who paid at the terminal stands before the door; there is nobody to write to.
    """
    if to.startswith(_GROUP):
        return [(ref, None) for ref in access.people_of_group(run.tx, to.removeprefix(_GROUP))]
    if to in (RECIPIENT, DEPOSITOR):
        person = _who(run, to)[0]
        return [(person, None)] if person else []
    return [(None, to.removeprefix(_ROLE))]


def _quiet_until(quiet: Any, at: int) -> int | None:
    """When the quiet hours end that hold now."""
    if not quiet or not schedules.is_open(quiet, at):
        return None
    return schedules.next_closing(quiet, at)
