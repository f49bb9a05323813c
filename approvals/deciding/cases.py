"""Work items with everything that counts for them, locked; and who may decide them.

Every action of the approver's side asks `why_not`: deciding, delegating, claiming.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import applying, values
from ..models import (
    Action,
    Decision,
    ItemState,
    Proposal,
    ProposedChange,
    RunState,
    State,
    StepRun,
    WorkflowStep,
    WorkItem,
)
from ..models.permissions import may_decide
from ..proposals import lock_all, state_messages
from ..workflow import facts, routing
from . import obstacles, substitutions
from .obstacles import Obstacle

ALREADY = {
    Action.APPROVE: gettext_lazy("Already approved by %(who)s at %(when)s"),
    Action.REJECT: gettext_lazy("Already rejected by %(who)s at %(when)s"),
    Action.REQUEST_CHANGE: gettext_lazy("A change was requested already by %(who)s at %(when)s"),
}


@dataclass(eq=False, kw_only=True)
class Case(applying.Case):
    """A work item, its proposal and record, as they are under the lock."""

    item: WorkItem
    facts: facts.Facts
    next: routing.Route | None = None
    completes: bool = False

    @property
    def run(self) -> StepRun:
        """The step run that the work item belongs to."""
        return self.item.step_run

    @property
    def step(self) -> WorkflowStep:
        """The step that the work item belongs to."""
        return self.run.step

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a decision."""
        return self.proposal.state == State.PENDING and self.item.state == ItemState.OPEN

    @property
    def is_last(self) -> bool:
        """Whether this approval is the last one: the values are to be applied."""
        return self.completes and self.next.step is None

    def on_behalf_of(self, by) -> int | None:
        """For whom `by` would decide it, by id; None where it is his own."""
        return (
            self.item.on_behalf_of_id if by.pk == self.item.assignee_id else self.item.assignee_id
        )


class Voter:
    """A person who decides, with the people he stands in for and what keeps him from deciding.

    voted: the step runs in which he decides just now. late: of the cases that are closed, why
    nothing can be decided any more, by work item.
    """

    def __init__(self, person, cases):
        self.person = person
        self.may_decide = may_decide(person)
        self.absent = substitutions.in_force(person)
        waiting = WorkItem.objects.filter(pk__in=[case.item.pk for case in cases if case.is_open])
        self.met = {item.pk: item for item in obstacles.met(waiting, person)}
        self.voted = set()
        closed = [(case.proposal, case.run, case.item) for case in cases if not case.is_open]
        self.late = _too_late(closed) if closed else {}

    def holds(self, item: WorkItem, proposal: Proposal) -> bool:
        """Whether the work item is his own, or that of somebody he stands in for."""
        if item.assignee_id == self.person.pk:
            return True
        return self.absent.covers(item.assignee_id, proposal.version)


def load(item_ids, *, lock: bool = True) -> dict[int, Case]:
    """Lock the records, then the proposals, of work items; read all that belongs to them.

    lock: False only reads, for what a page offers; whoever acts on it asks again under locks.
    """
    wanted = WorkItem.objects.filter(pk__in=item_ids).values_list("proposal", flat=True)
    proposals, records = lock_all(set(wanted), lock=lock)
    changes = defaultdict(list)
    for change in ProposedChange.objects.filter(proposal__in=proposals, outcome=""):
        changes[change.proposal_id].append(change)
    known = facts.of_proposals(proposals.values(), records, changes)
    items = WorkItem.objects.filter(pk__in=item_ids).select_related(
        "step_run__step", "step_run__claimed_by"
    )
    found = {}
    for item in items.order_by("pk"):
        key = item.proposal_id
        item.proposal = proposal = proposals[key]
        found[item.pk] = Case(
            proposal,
            records[key],
            changes[key],
            proposal.revision,
            item=item,
            facts=known[key],
        )
    return found


def decidable(items: Iterable[WorkItem], viewer) -> dict[int, int]:
    """Which of some work items a page offers `viewer` to decide: one a proposal, by its id.

    His own come first, then those of people he stands in for.
    """
    items = list(items)
    if not items or not may_decide(viewer):
        return {}
    found = load([item.pk for item in items], lock=False)
    voter = Voter(viewer, found.values())
    able = [case.item for case in found.values() if not why_not(case, voter)]
    able.sort(key=lambda item: item.assignee_id == viewer.pk)  # the last of a proposal counts
    return {item.proposal_id: item.pk for item in able}


def why_not(case: Case | None, voter: Voter, revision: int | None = None) -> str:
    """Why `voter` cannot decide a work item now, in words for him; "" where he can.

    revision: the one of the proposal that he saw; None skips that check.
    """
    if case is None or not voter.holds(case.item, case.proposal):
        return _("This work item is not assigned to you.")
    if not voter.may_decide:
        return _("You no longer have the right to decide.")
    if not case.is_open:
        return voter.late[case.item.pk]
    if revision is not None and case.proposal.revision != revision:
        return _("The proposal has changed since you saw it. Nothing was decided.")
    if case.run.pk in voter.voted:
        return str(Obstacle.VOTED.label)
    return _told(voter.met.get(case.item.pk))


def _told(met: WorkItem | None) -> str:
    """The obstacle that a work item met, in words."""
    if met is None:
        return ""
    text = Obstacle(met.obstacle).label
    if met.obstacle != Obstacle.CLAIMED:
        return str(text)
    who, since = met.step_run.claimed_by, met.step_run.claimed_at
    return text % {"who": values.person_name(who), "when": values.moment(since)}


def too_late(proposal: Proposal, run: StepRun, item: WorkItem) -> str:
    """Why a work item cannot be decided any more: who decided what, or took it, and when."""
    return _too_late([(proposal, run, item)])[item.pk]


def _too_late(closed: list[tuple[Proposal, StepRun, WorkItem]]) -> dict[int, str]:
    """The same for many, by work item, in three queries."""
    runs = {run.pk for _proposal, run, _item in closed}
    decisions = Decision.objects.filter(step_run__in=runs).select_related("person")
    decisions = list(decisions.order_by("id"))
    own = {decision.work_item_id: decision for decision in decisions}
    stopped = {run.pk for _proposal, run, _item in closed if run.state == RunState.STOPPED}
    # A step that was stopped was not stopped by an approval: maybe by a time limit.
    telling = [d for d in decisions if d.action != Action.APPROVE or d.step_run_id not in stopped]
    last = {decision.step_run_id: decision for decision in telling}
    found = {
        item.pk: None if _untold(proposal, run, item) else own.get(item.pk) or last.get(run.pk)
        for proposal, run, item in closed
    }
    states = state_messages([p for p, _run, item in closed if not found[item.pk]])
    return {
        item.pk: _already(found[item.pk]) if found[item.pk] else states[proposal.pk]
        for proposal, _run, item in closed
    }


def _untold(proposal, run, item):
    """Whether decisions in a step do not tell what became of a closed work item of it.

    The proposal was taken back; or the step goes on, so the item was handed on.
    """
    taken_back = proposal.state in (State.NOT_SUBMITTED, State.JOINED)
    return taken_back or (run.state == RunState.RUNNING and item.state != ItemState.DECIDED)


def _already(decision):
    return ALREADY[decision.action] % {
        "who": values.person_name(decision.person),
        "when": values.moment(decision.decided_at),
    }
