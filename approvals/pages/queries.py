"""What pages show, read in a constant number of queries."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Prefetch
from django.utils.text import capfirst
from django_fsm import can_proceed, has_transition_perm

from .. import batch, registry, values
from ..deciding import cases
from ..models import (
    OPEN,
    ItemState,
    Proposal,
    ProposedChange,
    State,
    Verb,
    WorkflowEvent,
    WorkflowStep,
    WorkItem,
)
from ..models.permissions import may_administer, may_edit

RETURNING = (Verb.REJECTED, Verb.CHANGE_REQUESTED, Verb.CONFLICT)


@dataclass
class ChangeLine:
    """A proposed change as a page shows it; values as a person reads them."""

    id: int
    field: str
    label: str
    original: str
    value: str
    live: str
    moved: bool
    by: object
    at: object


@dataclass
class ProposalCard:
    """An open proposal as the Proposed changes page shows it, to one viewer.

    waiting_for: the people who are to decide next. last_return: the history entry with
    which it came back. can: what the viewer may do with it now. work_item_id: the
    open work item that the viewer may decide now, if any: his own, or one on behalf.
    """

    proposal: Proposal
    changes: list[ChangeLine]
    waiting_for: list = field(default_factory=list)
    step: object = None
    last_return: WorkflowEvent | None = None
    can: set[str] = field(default_factory=set)
    work_item_id: int | None = None

    @property
    def moved(self) -> bool:
        """Whether a live value is no longer the original; then it cannot be approved."""
        return self.proposal.state == State.PENDING and any(line.moved for line in self.changes)


def open_proposals(record, viewer) -> list[ProposalCard]:
    """The open proposals of a record, oldest first, as cards for `viewer`."""
    governed = registry.get(record)
    proposals = with_details(
        Proposal.objects.filter(
            content_type=batch.content_type(governed), object_id=record.pk, state__in=OPEN
        )
    )
    live = {name: getattr(record, f.attname) for name, f in governed.proposable.items()}
    returns = _last_returns(proposals)
    items = [item for proposal in proposals for item in proposal.open_items]
    own = cases.decidable(items, viewer)
    return [_card(governed, p, live, returns, viewer, own.get(p.pk)) for p in proposals]


def with_details(queryset, changes=None) -> list[Proposal]:
    """Proposals with their people, `open_changes` and `open_items`, oldest first.

    changes: which ones to read; None: those that are open.
    """
    changes = ProposedChange.objects.filter(outcome="") if changes is None else changes
    changes = changes.select_related("proposed_by")
    items = WorkItem.objects.filter(state=ItemState.OPEN).select_related(
        "assignee", "step_run__step", "step_run__claimed_by"
    )
    return list(
        queryset.select_related("submitted_by", "created_by", "content_type", "import_job")
        .prefetch_related(
            Prefetch("changes", changes.order_by("id"), to_attr="open_changes"),
            Prefetch("work_items", items.order_by("id"), to_attr="open_items"),
        )
        .order_by("id")
    )


def _last_returns(proposals) -> dict[int, WorkflowEvent]:
    events = WorkflowEvent.objects.filter(
        proposal__in=[p.pk for p in proposals], verb__in=RETURNING
    ).select_related("actor")
    return {event.proposal_id: event for event in events.order_by("id")}


def _card(governed, proposal, live, returns, viewer, own) -> ProposalCard:
    items = proposal.open_items
    card = ProposalCard(
        proposal=proposal,
        changes=[change_line(governed, change, live) for change in proposal.open_changes],
        waiting_for=[item.assignee for item in items],
        step=items[0].step_run.step if items else None,
        last_return=returns.get(proposal.pk) if proposal.state != State.PENDING else None,
        work_item_id=own,
    )
    card.can = _actions(proposal, viewer, own)
    return card


def _actions(proposal, viewer, own_item) -> set[str]:
    transitions = ("submit", "recall", "discard", "terminate")
    can = {
        name
        for name in transitions
        if can_proceed(getattr(proposal, name))
        and has_transition_perm(getattr(proposal, name), viewer)
    }
    if proposal.is_editable and may_edit(proposal, viewer):
        can.add("edit")
    if own_item:
        can.add("decide")
    if proposal.open_items and may_administer(viewer):
        can.add("reassign")
    return can


def change_line(governed, change: ProposedChange, live: dict) -> ChangeLine:
    """A proposed change as a page shows it; live: the record's values by field name."""
    f = governed.proposable[change.field]
    return ChangeLine(
        id=change.pk,
        field=change.field,
        label=f.verbose_name,
        original=values.display_text(f, change.original),
        value=values.display_text(f, change.value),
        live=values.display(f, live[change.field]),
        moved=values.encode(f, live[change.field]) != change.original,
        by=change.proposed_by,
        at=change.proposed_at,
    )


def records_of(proposals) -> dict:
    """The records of proposals, by content type and id."""
    ids = defaultdict(set)
    for proposal in proposals:
        ids[proposal.content_type].add(proposal.object_id)
    return {
        (content_type.pk, record.pk): record
        for content_type, pks in ids.items()
        for record in content_type.model_class()._base_manager.filter(pk__in=pks)
    }


def history_of(record):
    """A record's history, newest first."""
    governed = registry.get(record)
    return (
        WorkflowEvent.objects.filter(content_type=batch.content_type(governed), object_id=record.pk)
        .select_related(
            "actor", "on_behalf_of", "proposal", "step", "version__workflow", "import_job"
        )
        .order_by("-id")
    )


@dataclass
class EventLine:
    """A history entry as a page shows it. details: label and value of each first value."""

    event: WorkflowEvent
    what: str
    label: str
    old: str
    new: str
    details: list[tuple[str, str]]


def event_lines(events, model) -> list[EventLine]:
    """History entries of records of `model`, with values as a person reads them."""
    governed = registry.get(model)
    return [_event_line(governed, event) for event in events]


def _event_line(governed, event):
    f = governed.proposable.get(event.field)
    details = []
    if event.verb == Verb.CREATED:
        given = values.unpack(event.new)
        details = [_detail(governed, name, text) for name, text in given.items()]
    return EventLine(
        event=event,
        what=event.get_verb_display(),
        label=str(f.verbose_name) if f else "",
        old=values.display_text(f, event.old) if f else "",
        new=values.display_text(f, event.new) if f else "",
        details=details,
    )


def _detail(governed, name, text):
    f = governed.proposable.get(name)
    return (str(f.verbose_name), values.display_text(f, text)) if f else (name, text)


def pending_keys(model, ids) -> dict[int, set[str]]:
    """The states of open proposals by record id, for badges in a list."""
    states = defaultdict(set)
    rows = Proposal.objects.filter(
        content_type=batch.content_type(registry.get(model)), object_id__in=ids, state__in=OPEN
    )
    for object_id, state in rows.values_list("object_id", "state"):
        states[object_id].add(state)
    return states


def step_choices(wanted: str | None = None) -> list[tuple[str, str]]:
    """The names of the steps of all versions that were ever active, to choose from.

    wanted: a name that is offered too, whether or not there still is such a step.
    """
    names = WorkflowStep.objects.exclude(version__activated_at=None).order_by()
    names = {*names.values_list("name", flat=True).distinct(), wanted} - {None, ""}
    return [(name, name) for name in sorted(names)]


def field_choices() -> list[tuple[str, str]]:
    """The fields that proposals can be about, by label; models that share a name share it."""
    found = {
        name: str(capfirst(f.verbose_name))
        for governed in registry.all_governed()
        for name, f in governed.proposable.items()
    }
    return sorted(found.items(), key=lambda pair: pair[1].casefold())
