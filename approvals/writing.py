"""Carrying out plans: the only place that writes records under approval."""

import json

from django.utils import timezone

from . import batch, history, notifications, values
from .bulk import insert_rows, update_rows
from .models import (
    Contributor,
    Kind,
    Origin,
    Outcome,
    Proposal,
    ProposedChange,
    Role,
    State,
    Verb,
    WorkflowEvent,
)
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


def write_changes(governed, plans: list[Plan], *, by, source) -> dict[Proposal, Plan]:
    """Carry out plans for existing records, inside the caller's transaction and locks.

    Returns the proposals that imports have submitted, for `approvals.submitting`.
    """
    plans = [plan for plan in plans if plan.ok]
    now = timezone.now()
    _record_unapproved(governed, [p for p in plans if p.unapproved], by, source, now)
    _supersede(governed, [p for p in plans if p.superseded], by, source, now)
    _write_direct(governed, [p for p in plans if p.written], by, source, now)
    _replace(governed, [p for p in plans if p.replaced], by, source, now)
    return _propose(governed, [p for p in plans if p.proposed], by, source, now)


def write_creations(governed, plans: list[Plan], *, by, source) -> dict[Proposal, Plan]:
    """Carry out plans for new records, inside the caller's transaction.

    Returns the proposals that imports have submitted, for `approvals.submitting`.
    """
    plans = [plan for plan in plans if plan.ok]
    now = timezone.now()
    attnames = {name: f.attname for name, f in governed.proposable.items()}
    records = [
        governed.model(
            **{governed.key: plan.outcome.key, "folded_key": values.fold_key(plan.outcome.key)},
            **{attnames[n]: v for n, v in {**plan.record.values, **plan.unapproved}.items()},
            created_at=now,
            modified_at=now,
        )
        for plan in plans
    ]
    ids = {key: pk for pk, key in insert_rows(records, ("id", governed.key))}
    for plan in plans:
        plan.record.id = plan.outcome.record_id = ids[plan.outcome.key]
    history.record([_created_event(governed, plan, by, source) for plan in plans])
    _record_unapproved(governed, [p for p in plans if p.unapproved], by, source, now)
    return _propose(governed, [p for p in plans if p.proposed], by, source, now)


def _created_event(governed, plan, by, source):
    """One entry with what the record was created with at once, as a JSON object in `new`."""
    fields = governed.fields
    first = {
        name: values.encode(fields[name], value)
        for name, value in plan.direct.items()
        if value != fields[name].get_default()
    }
    new = json.dumps(first, ensure_ascii=False)
    return _record_event(governed, plan, Verb.CREATED, by, source, new=new)


def _record_event(governed, plan, verb, by, source, **details):
    return WorkflowEvent(
        actor=by,
        verb=verb,
        content_type=batch.content_type(governed),
        object_id=plan.outcome.record_id,
        record_key=plan.outcome.key,
        origin=source.origin,
        import_job=source.job,
        **details,
    )


def _field_event(governed, plan, verb, name, old, new, by, source, **details):
    field = governed.proposable[name]
    texts = {"old": values.encode(field, old), "new": values.encode(field, new)}
    return _record_event(governed, plan, verb, by, source, field=name, **texts, **details)


def _write_direct(governed, plans, by, source, now):
    events = [
        _field_event(governed, plan, Verb.CHANGED, name, plan.record.values[name], new, by, source)
        for plan in plans
        for name, new in plan.direct.items()
    ]
    write_values(governed, [(plan.record, plan.written) for plan in plans], now)
    history.record(events)


def _record_unapproved(governed, plans, by, source, now):
    """Allow changes without approval: leave on record what nobody approved."""
    if not plans:
        return
    made = {plan.record.id: _new_proposal(governed, plan, by, source, now) for plan in plans}
    for proposal in made.values():
        proposal.state, proposal.closed_at = State.NOT_REQUIRED, now
    proposals = _insert_proposals(made)
    _insert_changes(governed, plans, proposals, "unapproved", by, now, Outcome.APPLIED)
    contribute(proposals.values(), by, Role.IMPORTED)
    history.record(
        [
            _field_event(
                governed,
                plan,
                Verb.CHANGED_WITHOUT_APPROVAL,
                name,
                plan.record.values[name],
                new,
                by,
                source,
                proposal=proposals[plan.record.id],
            )
            for plan in plans
            for name, new in plan.unapproved.items()
        ]
    )


def _propose(governed, plans, by, source, now) -> dict[Proposal, Plan]:
    """Put new proposed changes into the proposal that takes them, or submit them if imported."""
    if not plans:
        return {}
    imported = source.origin == Origin.IMPORT
    place = _insert_submitted if imported else _open_drafts
    proposals = place(governed, plans, by, source, now)
    _insert_changes(governed, plans, proposals, "proposed", by, now, Outcome.OPEN)
    contribute(proposals.values(), by, Role.IMPORTED if imported else Role.PROPOSED)
    history.record(
        [
            _field_event(
                governed,
                plan,
                Verb.PROPOSED,
                name,
                plan.record.values[name],
                value,
                by,
                source,
                proposal=proposals[plan.record.id],
            )
            for plan in plans
            for name, value in plan.proposed.items()
        ]
    )
    for plan in plans:
        plan.outcome.proposals.add(proposals[plan.record.id].pk)
    return {proposals[plan.record.id]: plan for plan in plans} if imported else {}


def _open_drafts(governed, plans, by, source, now) -> dict[int, Proposal]:
    """The proposal that takes more for each plan's record, made where there is none."""
    ids = [plan.record.editable_id for plan in plans if plan.record.editable_id]
    found = Proposal.objects.select_for_update().filter(pk__in=ids)
    proposals = {proposal.object_id: proposal for proposal in found}
    loaded = {proposal: proposal.revision for proposal in proposals.values()}
    for proposal in loaded:
        proposal.revision += 1
    for plan in plans:
        if plan.kind == Kind.NEW and plan.record.id in proposals:
            proposals[plan.record.id].kind = Kind.NEW
    save_states(loaded)
    new = [plan for plan in plans if plan.record.id not in proposals]
    made = {p.record.id: _new_proposal(governed, p, by, source, now) for p in new}
    return proposals | _insert_proposals(made)


def _insert_submitted(governed, plans, by, source, now) -> dict[int, Proposal]:
    """A proposal of its own for each plan, submitted before it is ever stored."""
    made = {p.record.id: _new_proposal(governed, p, by, source, now) for p in plans}
    for plan in plans:
        route = plan.route
        made[plan.record.id].submit(by, now, route.version.pk, route.routed_on)
    return _insert_proposals(made)


def _new_proposal(governed, plan, by, source, now) -> Proposal:
    return Proposal(
        content_type=batch.content_type(governed),
        object_id=plan.record.id,
        record_key=plan.record.key,
        kind=plan.kind,
        origin=source.origin,
        import_job=source.job,
        created_by=by,
        created_at=now,
    )


def _insert_proposals(made: dict[int, Proposal]) -> dict[int, Proposal]:
    """Store new proposals, given and returned by record id."""
    for pk, object_id in insert_rows(list(made.values()), ("id", "object_id")):
        made[object_id].pk = pk
    return made


def _insert_changes(governed, plans, proposals, kind, by, now, outcome):
    insert_rows(
        [
            ProposedChange(
                proposal=proposals[plan.record.id],
                content_type=batch.content_type(governed),
                object_id=plan.record.id,
                field=name,
                original=values.encode(governed.proposable[name], plan.record.values[name]),
                value=values.encode(governed.proposable[name], new),
                outcome=outcome,
                proposed_by=by,
                proposed_at=now,
            )
            for plan in plans
            for name, new in getattr(plan, kind).items()
        ]
    )


def contribute(proposals, person, role) -> None:
    """Note that `person` had a hand in `proposals`, and how."""
    rows = [Contributor(proposal=p, person=person, role=role) for p in proposals]
    insert_rows(rows, ignore_conflicts=True)


def _replace(governed, plans, by, source, now):
    """Give open proposed changes another value, where they stand."""
    rows, events = [], []
    for plan in plans:
        for name, new in plan.replaced.items():
            change = plan.record.open[name]
            text = values.encode(governed.fields[name], new)
            rows.append((change.id, text, by.pk, now))
            events.append(
                _field_event(
                    governed,
                    plan,
                    Verb.EDITED,
                    name,
                    change.value,
                    new,
                    by,
                    source,
                    proposal_id=change.proposal_id,
                )
            )
    update_rows(ProposedChange, ["value", "proposed_by", "proposed_at"], rows)
    history.record(events)
    _touch({plan.record.open[name].proposal_id for plan in plans for name in plan.replaced}, by)


def _touch(proposal_ids, by):
    """Note an edit of proposals: a new revision, and a contributor."""
    proposals = Proposal.objects.select_for_update().filter(pk__in=proposal_ids)
    loaded = {proposal: proposal.revision for proposal in proposals}
    for proposal in loaded:
        proposal.revision += 1
    save_states(loaded)
    contribute(loaded, by, Role.EDITED)


def _supersede(governed, plans, by, source, now):
    """Discard proposed changes that a direct edit has taken the place of."""
    changes = [change for plan in plans for change in plan.superseded]
    if not changes:
        return
    history.record(
        [
            _field_event(
                governed,
                plan,
                Verb.SUPERSEDED,
                change.field,
                plan.record.values[change.field],
                change.value,
                by,
                source,
                proposal_id=change.proposal_id,
            )
            for plan in plans
            for change in plan.superseded
        ]
    )
    ids = [change.id for change in changes]
    close_changes(ids, by=by, at=now, verb=Verb.SUPERSEDED)
    released = {change.proposal_id for change in changes if change.field == HELD}
    # What is left in it no longer decides on a new record.
    Proposal.objects.filter(pk__in=released).update(kind=Kind.CHANGE)


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
