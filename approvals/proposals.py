"""The originator's side: submit, recall, discard."""

from collections import defaultdict
from dataclasses import replace

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed, has_transition_perm

from . import batch, checking, history, registry, submitting, values, writing
from .bulk import update_rows
from .models import (
    EDITABLE,
    Contributor,
    ItemState,
    Kind,
    Outcome,
    Proposal,
    ProposedChange,
    RunState,
    StepRun,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from .models.permissions import may_discard
from .notifying import notifications
from .outcomes import BROWSER, Refused
from .workflow import facts, routing


@history.sealed()
def submit(proposal_id: int, *, by, note="", revision=None, source=BROWSER) -> Proposal:
    """Submit or resubmit a proposal; it starts at the first step.

    The live values become the originals, and what equals the live value by now drops
    out. revision: the one the person saw. Raises Refused with the reason, or
    PermissionDenied.
    """
    proposal, record = lock(proposal_id)
    _require(proposal, "submit", by, revision)
    note = clean_comment(note)
    changes = _refresh(proposal, record, by, source)
    if not changes:
        return proposal
    known = _valid_facts(proposal, record, changes, by, source)
    route = routing.Router(proposal.content_type).first(known)
    submitting.start({proposal: route}, {proposal.pk: record}, by=by, source=source, note=note)
    return proposal


def preview_route(proposal: Proposal, *, by, source=BROWSER) -> routing.Preview:
    """The way that `proposal` would take if `by` submitted it now, without a write or a lock."""
    governed = registry.for_content_type(proposal.content_type)
    record = batch.load_by_ids(governed, [proposal.object_id], lock=False)[proposal.object_id]
    kept, _moved, _equal = _against_live(proposal, record)
    if not kept:
        text = _("All proposed values are the current ones by now. Nothing is left to submit.")
        return routing.Preview(refusal=text)
    try:
        known = _valid_facts(proposal, record, kept, by, source)
    except Refused as refused:
        return routing.Preview(refusal=str(refused))
    return replace(routing.Router(proposal.content_type).preview(known), facts=known)


def _valid_facts(proposal, record, changes, by, source):
    """The facts of a proposal that `by` submits. Raises Refused where its values may not be."""
    checking.require_valid(proposal, record, changes)
    found = facts.of_proposals(
        [proposal],
        {proposal.pk: record},
        {proposal.pk: changes},
        originator=by,
        origin=source.origin,
    )
    return found[proposal.pk]


@history.sealed()
def recall(proposal_id: int, *, by, comment="", revision=None, source=BROWSER) -> Proposal:
    """Take a pending proposal back; it joins the record's not submitted one, if there is one.

    Raises Refused with the reason, or PermissionDenied.
    """
    proposal, record = lock(proposal_id)
    _require(proposal, "recall", by, revision)
    comment = clean_comment(comment)
    notifications.recalled([proposal], stop_runs([proposal]), by=by, comment=comment)
    draft = Proposal.objects.select_for_update().filter(pk=record.draft_id).first()
    if draft:
        _close_joined(draft, proposal, by, source)
    loaded = proposal.revision
    proposal.recall()
    writing.save_states({proposal: loaded})
    if draft:
        _move(draft, proposal)
    event = routing.proposal_event(proposal, Verb.RECALLED, by=by, source=source, comment=comment)
    history.record([event])
    return proposal


@history.sealed()
def terminate(proposal_id: int, *, by, comment: str, revision=None, source=BROWSER) -> Proposal:
    """End the workflow of a pending proposal for good: its changes are discarded.

    comment: the reason. Raises Refused with what is wrong, or PermissionDenied.
    """
    proposal, _record = lock(proposal_id)
    _require(proposal, "terminate", by, revision)
    comment = require_reason(comment)
    items = stop_runs([proposal])
    loaded, now = proposal.revision, timezone.now()
    proposal.terminate(now)
    writing.save_states({proposal: loaded})
    changes = ProposedChange.objects.filter(proposal=proposal, outcome="")
    event = routing.proposal_event(proposal, Verb.TERMINATED, by=by, source=source, comment=comment)
    history.record([event, *_discarded(changes, {proposal.pk: proposal}, by, source)])
    notifications.terminated(proposal, items, by=by, comment=comment)
    changes.update(outcome=Outcome.DISCARDED)
    return proposal


@history.sealed()
def discard_change(change_id: int, *, by, revision=None, source=BROWSER) -> Proposal:
    """Remove one proposed change; a proposal with nothing left is discarded.

    Raises Refused with the reason, or PermissionDenied.
    """
    change = ProposedChange.objects.filter(pk=change_id).first()
    if change is None:
        raise Refused(_("This proposed change does not exist."))
    proposal, _unused = lock(change.proposal_id)
    change.refresh_from_db()
    if change.outcome:
        raise Refused(_("This proposed change is no longer open."))
    _require(proposal, "discard", by, revision)
    _require_release(change)
    _discard([change], {proposal.pk: proposal}, by, source)
    proposal.refresh_from_db()
    return proposal


@history.sealed()
def discard_all(record, *, by, seen=None, source=BROWSER) -> int:
    """Discard all changes of a record's not submitted and returned proposals.

    seen: `changes.version_of` the record when the person saw it. Returns how many
    were discarded. Raises PermissionDenied where `by` may not discard one of them,
    Refused where the record or its proposals have changed since.
    """
    governed = registry.get(record)
    locked = batch.load_by_ids(governed, [record.pk], lock=True)[record.pk]
    if seen is not None and seen != locked.version:
        raise Refused(_("The proposed changes are not the ones you saw. Nothing was discarded."))
    proposals = {
        p.pk: p
        for p in Proposal.objects.select_for_update().filter(
            content_type=batch.content_type(governed), object_id=record.pk, state__in=EDITABLE
        )
    }
    if any(not may_discard(proposal, by) for proposal in proposals.values()):
        raise PermissionDenied
    changes = list(ProposedChange.objects.filter(proposal__in=proposals, outcome=""))
    _discard(changes, proposals, by, source)
    return len(changes)


def lock(proposal_id: int) -> tuple[Proposal, batch.Record]:
    """Lock a proposal's record, then the proposal; return both as they are now.

    Raises Refused where there is no such proposal.
    """
    proposals, records = lock_all([proposal_id])
    if not proposals:
        raise Refused(_("This proposal does not exist."))
    return proposals[proposal_id], records[proposal_id]


def lock_all(
    proposal_ids, *, lock: bool = True
) -> tuple[dict[int, Proposal], dict[int, batch.Record]]:
    """Lock the records of proposals, then the proposals; return both by the proposals' ids.

    lock: False only reads them, for what a page shows.
    """
    found = list(Proposal.objects.filter(pk__in=proposal_ids).select_related("content_type"))
    objects = defaultdict(set)
    for proposal in found:
        objects[proposal.content_type].add(proposal.object_id)
    locked = {
        content_type.pk: batch.load_by_ids(
            registry.for_content_type(content_type), objects[content_type], lock=lock
        )
        for content_type in sorted(objects, key=lambda content_type: content_type.pk)
    }
    proposals = Proposal.objects.select_for_update(of=("self",)) if lock else Proposal.objects
    proposals = proposals.order_by("pk")
    proposals = proposals.select_related("content_type", "version").in_bulk([p.pk for p in found])
    return proposals, {p.pk: locked[p.content_type_id][p.object_id] for p in found}


def hand_back(proposals: list[Proposal], verb: Verb, *, by, comment: str) -> None:
    """Reject pending proposals or request a change of them, under their locks.

    verb: REJECTED or CHANGE_REQUESTED. by: None where a time limit does it. The caller
    writes the history, which knows more. Originators are told.
    """
    stop_runs(proposals)
    loaded = {proposal: proposal.revision for proposal in proposals}
    for proposal in proposals:
        proposal.reject() if verb == Verb.REJECTED else proposal.request_change()
    writing.save_states(loaded)
    notifications.decided(proposals, verb, by=by, comment=comment)


def stop_runs(proposals) -> list[WorkItem]:
    """Stop the running step of each proposal; return what nobody needs to decide any more."""
    now = timezone.now()
    runs = StepRun.objects.filter(proposal__in=proposals, state=RunState.RUNNING)
    runs.update(state=RunState.STOPPED, ended_at=now)
    notifications.answered([proposal.pk for proposal in proposals])
    return cancel_items(WorkItem.objects.filter(proposal__in=proposals))


def cancel_items(items) -> list[WorkItem]:
    """Cancel those of a queryset of work items that are open; return them."""
    waiting = items.filter(state=ItemState.OPEN)
    cancelled = list(waiting.select_related("proposal"))
    waiting.update(state=ItemState.CANCELLED)
    return cancelled


def clean_comment(text: str) -> str:
    """A comment or note as it is stored. Raises Refused where it cannot be shown."""
    try:
        return values.clean_text(text or "", multiline=True)
    except ValidationError as error:
        raise Refused(error.messages[0]) from None


def require_reason(text: str) -> str:
    """A reason as it is stored. Raises Refused where there is none, or it cannot be shown."""
    comment = clean_comment(text)
    if not comment:
        raise Refused(_("Say why: a reason is required."))
    return comment


def state_message(proposal: Proposal) -> str:
    """Why an action on a proposal comes too late: where it stands, by whom, since when."""
    return state_messages([proposal])[proposal.pk]


def state_messages(proposals: list[Proposal]) -> dict[int, str]:
    """The same for many proposals, by their ids, in two queries."""
    events = WorkflowEvent.objects.filter(proposal__in=proposals, field="")
    events = events.exclude(verb__in=(Verb.ASSIGNED, Verb.STEP_COMPLETED)).order_by()
    newest = events.values("proposal").annotate(newest=Max("pk")).values("newest")
    last = {
        event.proposal_id: event
        for event in WorkflowEvent.objects.filter(pk__in=newest).select_related("actor")
    }
    return {proposal.pk: _state_message(proposal, last.get(proposal.pk)) for proposal in proposals}


def _state_message(proposal, last):
    if last is None:
        return _("The proposal now stands at: %(state)s.") % {"state": proposal.get_state_display()}
    return _("The proposal now stands at: %(state)s (%(what)s by %(who)s at %(when)s).") % {
        "state": proposal.get_state_display(),
        "what": last.get_verb_display(),
        "who": values.person_name(last.actor),
        "when": values.moment(last.at),
    }


def _require(proposal, name, by, revision):
    transition = getattr(proposal, name)
    if not can_proceed(transition):
        raise Refused(state_message(proposal))
    if not has_transition_perm(transition, by):
        raise PermissionDenied
    if revision is not None and revision != proposal.revision:
        raise Refused(
            _("The proposal has changed since you saw it. Nothing was done; look at it again.")
        )


def _require_release(change):
    """A proposal for a new record always releases it: the release goes last, or with all."""
    others = change.proposal.changes.filter(outcome="").exclude(pk=change.pk)
    if change.field == registry.HELD and others.exists():
        raise Refused(
            _("Without its release a new record is of no use. Discard all changes instead.")
        )


def _refresh(proposal, record, by, source) -> list[ProposedChange]:
    """Make live values the originals, drop what equals them, and return what is left."""
    kept, moved, equal = _against_live(proposal, record)
    rows = [(change.pk, change.original) for change in moved]
    update_rows(ProposedChange, ["original"], rows)
    if equal:
        _discard(equal, {proposal.pk: proposal}, by, source, verb=Verb.DROPPED)
        proposal.refresh_from_db()
    return kept


def _against_live(proposal, record):
    """Which changes still change something, which of them another original, and which nothing.

    Those that do get the live value as their original, in memory.
    """
    governed = registry.for_content_type(proposal.content_type)
    kept, moved, equal = [], [], []
    for change in ProposedChange.objects.filter(proposal=proposal, outcome="").order_by("pk"):
        live = values.encode(governed.proposable[change.field], record.values[change.field])
        if change.value == live:
            equal.append(change)
            continue
        kept.append(change)
        if change.original != live:
            change.original = live
            moved.append(change)
    return kept, moved, equal


def _discard(changes, proposals, by, source, verb=Verb.DISCARDED):
    history.record(_discarded(changes, proposals, by, source, verb))
    ids = [change.pk for change in changes]
    writing.close_changes(ids, by=by, at=timezone.now(), verb=verb)


def _discarded(changes, proposals, by, source, verb=Verb.DISCARDED):
    """The history entries of discarded changes, one each. proposals: by their ids."""
    return [
        routing.proposal_event(
            proposals[change.proposal_id],
            verb,
            by=by,
            source=source,
            field=change.field,
            old=change.original,
            new=change.value,
        )
        for change in changes
    ]


def _close_joined(draft, recalled, by, source):
    """Close the not submitted proposal beside the recalled one, which takes its place."""
    if draft.kind == Kind.NEW:
        recalled.kind = Kind.NEW  # The release moves with the rest; saved by the recall.
    loaded = draft.revision
    draft.join(timezone.now())
    writing.save_states({draft: loaded})
    history.record(
        [routing.proposal_event(draft, Verb.JOINED, by=by, source=source, comment=str(recalled))]
    )


def _move(draft, recalled):
    """Move a proposal's changes and contributors; nothing is added to one that is pending."""
    ProposedChange.objects.filter(proposal=draft, outcome="").update(proposal=recalled)
    Contributor.objects.bulk_create(
        [
            Contributor(proposal=recalled, person_id=person, role=role)
            for person, role in draft.contributors.values_list("person", "role")
        ],
        ignore_conflicts=True,
    )
