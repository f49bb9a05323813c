"""What the work list and the page of a work item show, read in a constant number of queries."""

from dataclasses import dataclass

from django.utils import timezone

from .. import registry
from ..deciding import claims
from ..links import proposed_changes_url
from ..models import Decision, ItemState, Kind, Outcome, Proposal, ProposedChange, State, WorkItem
from . import queries
from .queries import ChangeLine


@dataclass(kw_only=True)
class Line:
    """A proposal with its changes and its record, as a row of a list shows it."""

    proposal: Proposal
    changes: list[ChangeLine]
    record: object

    @property
    def key(self) -> str:
        """The record's business key."""
        return self.proposal.record_key

    @property
    def is_new(self) -> bool:
        """Whether it is about a new record that waits for its release."""
        return self.proposal.kind == Kind.NEW

    @property
    def originator(self):
        """Who submitted the proposal."""
        return self.proposal.submitted_by

    @property
    def moved(self) -> bool:
        """Whether a live value is no longer the original; then it cannot be approved."""
        pending = self.proposal.state == State.PENDING
        return pending and any(change.moved for change in self.changes)


@dataclass(kw_only=True)
class ProposalLine(Line):
    """A proposal as its originator sees it; items: its open work items."""

    items: list[WorkItem]

    @property
    def url(self) -> str:
        """The page on which the record's proposed changes stand."""
        return proposed_changes_url(self.record)

    @property
    def since(self):
        """Since when it waits: submitted, or made."""
        return self.proposal.submitted_at or self.proposal.created_at

    @property
    def run(self):
        """The step run that it waits in, or None."""
        return self.items[0].step_run if self.items else None

    @property
    def holders(self) -> list:
        """Who is to decide next: whoever claimed it, else everyone who has it."""
        if self.run and self.run.claimed_by:
            return [self.run.claimed_by]
        return [item.assignee for item in self.items]

    @property
    def is_overdue(self) -> bool:
        """Whether the time limit of the step has passed."""
        return bool(self.run and _is_past(self.run.due_at))


@dataclass(kw_only=True)
class DecisionLine(Line):
    """What somebody decided, and where the proposal stands now."""

    decision: Decision


@dataclass(kw_only=True)
class WorkItemLine(Line):
    """A work item as the list shows it to `viewer`."""

    item: WorkItem
    viewer: object

    @property
    def run(self):
        """The step run that the item belongs to."""
        return self.item.step_run

    @property
    def step(self):
        """The step that the item waits in."""
        return self.run.step

    @property
    def is_overdue(self) -> bool:
        """Whether its time limit has passed while it is open."""
        return self.item.state == ItemState.OPEN and _is_past(self.run.due_at)

    @property
    def on_behalf_of(self):
        """For whom the viewer would decide it: a delegator, or whom he stands in for."""
        own = self.item.assignee_id == self.viewer.pk
        return self.item.on_behalf_of if own else self.item.assignee

    @property
    def claimed_by_other(self):
        """Who has claimed it, if not the viewer or the one whose work item it is."""
        claimer = self.run.claimed_by
        others = claimer and claimer.pk not in (self.viewer.pk, self.item.assignee_id)
        return claimer if others else None

    @property
    def is_claimed(self) -> bool:
        """Whether the viewer has claimed it."""
        return self.run.claimed_by_id == self.viewer.pk

    @property
    def may_be_claimed(self) -> bool:
        """Whether it is of those that can be claimed."""
        return claims.may_be_claimed(self.item)


def work_item_lines(items, viewer) -> list[WorkItemLine]:
    """Lines for work items that have their step run, step, claimer and assignee."""
    items = list(items)
    found = _found({item.proposal_id for item in items})
    return [WorkItemLine(**found[item.proposal_id], item=item, viewer=viewer) for item in items]


def proposal_lines(proposals) -> list[ProposalLine]:
    """Lines for proposals."""
    pks = [proposal.pk for proposal in proposals]
    found = _found(pks)
    return [ProposalLine(**found[pk], items=found[pk]["proposal"].open_items) for pk in pks]


def decision_lines(decisions) -> list[DecisionLine]:
    """Lines for decisions."""
    decisions = list(decisions)
    found = _found({decision.proposal_id for decision in decisions})
    return [DecisionLine(**found[d.proposal_id], decision=d) for d in decisions]


LINES = {Proposal: proposal_lines, Decision: decision_lines}


def lines(rows, model, viewer) -> list[Line]:
    """Lines for rows of one model: work items, proposals or decisions."""
    return work_item_lines(rows, viewer) if model is WorkItem else LINES[model](rows)


def _found(proposal_ids) -> dict[int, dict]:
    """Each proposal with its changes, open or applied, and its record."""
    changes = ProposedChange.objects.exclude(outcome=Outcome.DISCARDED)
    queryset = Proposal.objects.filter(pk__in=proposal_ids)
    proposals = queries.with_details(queryset, changes)
    records = queries.records_of(proposals)
    return {
        p.pk: {"proposal": p, "changes": _changes(p, record), "record": record}
        for p in proposals
        for record in [records[p.content_type_id, p.object_id]]
    }


def _changes(proposal, record):
    governed = registry.for_content_type(proposal.content_type)
    live = {name: getattr(record, f.attname) for name, f in governed.proposable.items()}
    return [queries.change_line(governed, change, live) for change in proposal.open_changes]


def _is_past(at) -> bool:
    return at is not None and at < timezone.now()
