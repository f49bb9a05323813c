"""Carrying out plans: the only place that writes records under approval."""

from dataclasses import dataclass
from itertools import islice, repeat
from typing import NamedTuple

from django.utils import timezone

from . import batch, values
from .bulk import insert_columns, new_ids_of, update_rows
from .history import Entry
from .models import (
    Contributor,
    Kind,
    Origin,
    Outcome,
    Proposal,
    ProposedChange,
    Role,
    State,
    StepRun,
    Verb,
)
from .notifying import notifications
from .planning import Plan
from .registry import HELD


class LostUpdate(Exception):  # noqa: N818
    """A row was not as it was when it was read under the lock: everything is rolled back."""


def write_values(governed, rows: list[tuple], at) -> None:
    """Write values to records, in one statement.

    rows: (record, {field name: normalised value}). Every column that changes in
    any row is written in all of them; the others are the record's own, re-read
    under its lock. Raises LostUpdate where a record was not locked after all.
    """
    rows = [(record, new) for record, new in rows if new]
    names = sorted({name for _record, new in rows for name in new})
    data = [
        (record.id, record.revision, record.revision + 1, at)
        + tuple(new.get(name, record.values[name]) for name in names)
        for record, new in rows
    ]
    fields = ["revision", "modified_at", *names]
    if update_rows(governed.model, fields, data, match=("revision",)) != len(rows):
        raise LostUpdate
    for record, new in rows:
        record.values.update(new)
        record.revision += 1


def save_states(proposals: dict[Proposal, int]) -> None:
    """Save proposals after a transition or an edit, in one statement.

    proposals: each with the revision it was loaded with. Raises LostUpdate where
    one was not as it was loaded.
    """
    fields = ["state", "revision", "submitted_by", "submitted_at", "note", "version"]
    fields += ["routed_on", "automatic_action", "closed_at", "kind"]
    rows = [
        (
            p.pk,
            loaded,
            p.state,
            p.revision,
            p.submitted_by_id,
            p.submitted_at,
            p.note,
            p.version_id,
            p.routed_on,
            p.automatic_action_id,
            p.closed_at,
            p.kind,
        )
        for p, loaded in proposals.items()
    ]
    if update_rows(Proposal, fields, rows, match=("revision",)) != len(rows):
        raise LostUpdate


@dataclass(eq=False, slots=True)
class Filed:
    """A proposal that has just been stored, as far as its first step needs to know it.

    run_id: the id that its first step run is to have.
    """

    pk: int
    content_type_id: int
    object_id: int
    record_key: str
    run_id: int | None = None


class Written(NamedTuple):
    """What is left to do with what was written: submit these proposals, tell these entries."""

    submitted: dict[Filed, Plan]
    entries: list[Entry]


def write(governed, plans: list[Plan], *, by, source) -> Written:
    """Carry out plans, inside the caller's transaction and locks.

    Returns the proposals that imports have submitted, for `approvals.submitting`, and what
    there is to tell in the history.
    """
    plans = [plan for plan in plans if plan.ok]
    new = [plan for plan in plans if plan.change.new]
    known = [plan for plan in plans if not plan.change.new]
    now, ids = timezone.now(), _set_aside(governed, plans, new, source)
    entries = [_created(governed, plan) for plan in new]
    unapproved = [plan for plan in plans if plan.unapproved]
    entries += _record_unapproved(governed, unapproved, by, source, now, ids)
    entries += _supersede(governed, [p for p in known if p.superseded], by)
    entries += _write_direct(governed, [p for p in known if p.written], now)
    entries += _replace(governed, [p for p in known if p.replaced], by, now)
    _insert_records(governed, new, now)
    filed = _propose(governed, [p for p in plans if p.proposed], by, source, now, ids, entries)
    return Written(filed, entries)


def _set_aside(governed, plans, new, source):
    """Give new records their ids; return those for proposals and their first step runs, in turn."""
    imported = source.origin == Origin.IMPORT
    count = sum(
        bool(p.unapproved or p.proposed and (imported or not p.record.editable_id)) for p in plans
    )
    records, *ids = new_ids_of({governed.model: len(new), Proposal: count, StepRun: count})
    for plan, pk in zip(new, records, strict=True):
        plan.record.id = plan.outcome.record_id = pk
    return zip(*ids, strict=True)


def _insert_records(governed, plans, now):
    if not plans:
        return
    # In one order for all: of two who insert the same keys at once, one waits for the other.
    plans = sorted(plans, key=lambda plan: values.fold_key(plan.outcome.key))
    keys = [plan.outcome.key for plan in plans]
    rows = [{**plan.record.values, **plan.unapproved} for plan in plans]
    each = {f.attname: [row[n] for row in rows] for n, f in governed.proposable.items()}
    each |= {
        "id": [plan.record.id for plan in plans],
        governed.key: keys,
        "folded_key": [values.fold_key(key) for key in keys],
    }
    insert_columns(governed.model, each, {"created_at": now, "modified_at": now})


def _created(governed, plan) -> Entry:
    """One entry with what the record was created with at once, as a JSON object in `new`.

    Only what is not a default that every new record has.
    """
    stored, defaults = plan.record.values, governed.defaults
    first = {
        name: values.encode(field, stored[name])
        for name, field in governed.fields.items()
        if stored[name] != defaults[name] or name in governed.changing_defaults
    }
    return Entry(Verb.CREATED, plan.record.id, plan.outcome.key, new=values.pack(first))


def _entry(governed, plan, verb, name, old, new, proposal_id=None) -> Entry:
    field = governed.proposable[name]
    texts = values.encode(field, old), values.encode(field, new)
    return Entry(verb, plan.record.id, plan.outcome.key, proposal_id, name, *texts)


def _write_direct(governed, plans, now) -> list[Entry]:
    entries = [
        _entry(governed, plan, Verb.CHANGED, name, plan.record.values[name], new)
        for plan in plans
        for name, new in plan.direct.items()
    ]
    write_values(governed, [(plan.record, plan.written) for plan in plans], now)
    return entries


def _record_unapproved(governed, plans, by, source, now, ids) -> list[Entry]:
    """Allow changes without approval: leave on record what nobody approved.

    Before it is written, under the revision that the record has then: the database takes
    exactly these values, and in no later write.
    """
    if not plans:
        return []
    closed = _new_proposal(governed, by, source, now)
    closed.state, closed.closed_at = State.NOT_REQUIRED, now
    revisions = [plan.record.revision + (not plan.change.new) for plan in plans]
    filed = _file(governed, plans, closed, ids, revisions)
    wanted = [(one, plan.record, plan.unapproved) for one, plan in filed.items()]
    contribute(filed, by, Role.IMPORTED)
    verb = Verb.CHANGED_WITHOUT_APPROVAL
    return _insert_changes(governed, wanted, by, now, verb, Outcome.APPLIED)


def _propose(governed, plans, by, source, now, ids, entries) -> dict[Filed, Plan]:
    """Put new proposed changes into the proposal that takes them, or submit them if imported.

    What there is to tell of it is added to `entries`.
    """
    if not plans:
        return {}
    imported = source.origin == Origin.IMPORT
    file = _file_submitted if imported else _open_drafts
    filed = file(governed, plans, by, source, now, ids)
    wanted = [(one, plan.record, plan.proposed) for one, plan in filed.items()]
    entries += _insert_changes(governed, wanted, by, now, Verb.PROPOSED, Outcome.OPEN)
    contribute(filed, by, Role.IMPORTED if imported else Role.PROPOSED)
    for one, plan in filed.items():
        plan.outcome.proposals.add(one.pk)
    return filed if imported else {}


def _open_drafts(governed, plans, by, source, now, ids) -> dict[Filed, Plan]:
    """The proposal that takes more for each plan's record, made where there is none."""
    open_ids = [plan.record.editable_id for plan in plans if plan.record.editable_id]
    found = Proposal.objects.select_for_update().filter(pk__in=open_ids)
    drafts = {proposal.object_id: proposal for proposal in found}
    loaded = {proposal: proposal.revision for proposal in drafts.values()}
    for proposal in loaded:
        proposal.revision += 1
    for plan in plans:
        if plan.kind == Kind.NEW and plan.record.id in drafts:
            drafts[plan.record.id].kind = Kind.NEW
    save_states(loaded)
    into = {_filed(drafts[p.record.id]): p for p in plans if p.record.id in drafts}
    new = [plan for plan in plans if plan.record.id not in drafts]
    return into | _file(governed, new, _new_proposal(governed, by, source, now), ids)


def _filed(proposal) -> Filed:
    details = proposal.content_type_id, proposal.object_id, proposal.record_key
    return Filed(proposal.pk, *details)


def _file_submitted(governed, plans, by, source, now, ids) -> dict[Filed, Plan]:
    """A proposal of its own for each plan, submitted before it is ever stored."""
    submitted = _new_proposal(governed, by, source, now)
    submitted.submit(by, now, None, None)
    return _file(governed, plans, submitted, ids)


def _new_proposal(governed, by, source, now) -> Proposal:
    """What new proposals of one batch have in common; not saved."""
    return Proposal(
        content_type=batch.content_type(governed),
        origin=source.origin,
        import_job=source.job,
        created_by=by,
        created_at=now,
    )


# What each proposal has of its own.
_OWN = ("id", "object_id", "record_key", "kind", "version_id", "routed_on", "revision")


def _file(governed, plans, common: Proposal, ids, revisions=None) -> dict[Filed, Plan]:
    """Store a new proposal for each plan's record; common: what all of them have in common.

    ids: of proposals and their first step runs. revisions: one each, where it is not the
    common one.
    """
    if not plans:
        return {}
    routes = [plan.route for plan in plans]
    ids, runs = zip(*islice(ids, len(plans)), strict=True)
    each = {
        "id": ids,
        "object_id": [plan.record.id for plan in plans],
        "record_key": [plan.record.key for plan in plans],
        "kind": [plan.kind for plan in plans],
        "version_id": [route and route.version.pk for route in routes],
        "routed_on": [route and route.routed_on for route in routes],
        "revision": revisions or [common.revision] * len(plans),
    }
    names = (f.attname for f in Proposal._meta.concrete_fields)
    insert_columns(Proposal, each, {n: getattr(common, n) for n in names if n not in _OWN})
    details = each["object_id"], each["record_key"], runs
    rows = zip(ids, repeat(common.content_type_id), *details)
    return {Filed(*row): plan for row, plan in zip(rows, plans, strict=True)}


def _insert_changes(governed, wanted, by, now, verb, outcome) -> list[Entry]:
    """Store proposed changes; return what there is to tell of them.

    wanted: for each proposal, its record, and the new values by field name.
    """
    fields, encode = governed.proposable, values.encode
    entries = [
        Entry(
            verb,
            record.id,
            record.key,
            filed.pk,
            name,
            encode(fields[name], record.values[name]),
            encode(fields[name], new),
        )
        for filed, record, news in wanted
        for name, new in news.items()
    ]
    each = {
        "proposal_id": [entry.proposal_id for entry in entries],
        "object_id": [entry.object_id for entry in entries],
        "field": [entry.field for entry in entries],
        "original": [entry.old for entry in entries],
        "value": [entry.new for entry in entries],
    }
    same = {"outcome": outcome, "proposed_by_id": by.pk, "proposed_at": now}
    same["content_type_id"] = batch.content_type(governed).pk
    insert_columns(ProposedChange, each, same)
    return entries


def contribute(proposals, person, role) -> None:
    """Note that `person` had a hand in `proposals`, and how."""
    same = {"person_id": person.pk, "role": role}
    each = {"proposal_id": [proposal.pk for proposal in proposals]}
    insert_columns(Contributor, each, same, ignore_conflicts=True)


def _replace(governed, plans, by, now) -> list[Entry]:
    """Give open proposed changes another value, where they stand."""
    rows, entries = [], []
    for plan in plans:
        for name, new in plan.replaced.items():
            change = plan.record.open[name]
            rows.append((change.id, values.encode(governed.fields[name], new), by.pk, now))
            told = name, change.value, new, change.proposal_id
            entries.append(_entry(governed, plan, Verb.EDITED, *told))
    update_rows(ProposedChange, ["value", "proposed_by", "proposed_at"], rows)
    _touch({plan.record.open[name].proposal_id for plan in plans for name in plan.replaced}, by)
    return entries


def _touch(proposal_ids, by):
    """Note an edit of proposals: a new revision, and a contributor."""
    proposals = Proposal.objects.select_for_update().filter(pk__in=proposal_ids)
    loaded = {proposal: proposal.revision for proposal in proposals}
    for proposal in loaded:
        proposal.revision += 1
    save_states(loaded)
    contribute(loaded, by, Role.EDITED)


def _supersede(governed, plans, by) -> list[Entry]:
    """Discard proposed changes that a direct edit has taken the place of."""
    changes = [change for plan in plans for change in plan.superseded]
    if not changes:
        return []
    entries = []
    for plan in plans:
        for change in plan.superseded:
            told = change.field, plan.record.values[change.field], change.value, change.proposal_id
            entries.append(_entry(governed, plan, Verb.SUPERSEDED, *told))
    ids = [change.id for change in changes]
    close_changes(ids, by=by, at=timezone.now(), verb=Verb.SUPERSEDED)
    released = {change.proposal_id for change in changes if change.field == HELD}
    # What is left in it no longer decides on a new record.
    Proposal.objects.filter(pk__in=released).update(kind=Kind.CHANGE)
    return entries


def close_changes(change_ids, *, by, at, verb=Verb.DISCARDED) -> None:
    """Discard open proposed changes; a proposal with nothing left is discarded too.

    verb: why they are gone, for those who proposed them.
    """
    update_rows(ProposedChange, ["outcome"], [(pk, Outcome.DISCARDED) for pk in change_ids])
    changed = Proposal.objects.filter(changes__in=change_ids).values_list("pk", flat=True)
    _touch(set(changed), by)
    empty = (
        Proposal.objects.select_for_update()
        .filter(pk__in=set(changed))
        .exclude(pk__in=ProposedChange.objects.filter(outcome="").values("proposal"))
    )
    loaded = {proposal: proposal.revision for proposal in empty}
    for proposal in loaded:
        proposal.discard(at)
    save_states(loaded)
    changes = ProposedChange.objects.filter(pk__in=change_ids).order_by("pk")
    notifications.discarded(list(changes), by=by, verb=verb)
