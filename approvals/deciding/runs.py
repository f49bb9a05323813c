"""Running steps with everything that counts for handing their work items on."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from ..models import ItemState, Proposal, ProposedChange, RunState, State, StepRun, WorkItem
from ..proposals import lock_all
from ..workflow import facts


@dataclass(eq=False)
class Running:
    """A running step of a proposal, as it is under the lock.

    open: its open work items, each with the step run and the proposal. taken: the ids of
    those who have an open or decided work item in it, or have decided one: they get no other.
    """

    run: StepRun
    proposal: Proposal
    facts: facts.Facts
    open: list[WorkItem]
    taken: frozenset[int]

    @property
    def one_decides(self) -> bool:
        """Whether one approval completes it."""
        return self.run.votes_needed == 1

    @property
    def approvals(self) -> int:
        """How many approvals it has: any other decision would have ended it."""
        return len(self.run.decisions.all())


def lock(run_ids: Collection[int]) -> list[Running]:
    """Lock the records, then the proposals, of those step runs that are running; read them."""
    wanted = StepRun.objects.filter(pk__in=run_ids, state=RunState.RUNNING)
    proposals, records = lock_all(set(wanted.values_list("proposal", flat=True)))
    pending = {pk: p for pk, p in proposals.items() if p.state == State.PENDING}
    changes = defaultdict(list)
    for change in ProposedChange.objects.filter(proposal__in=pending, outcome=""):
        changes[change.proposal_id].append(change)
    known = facts.of_proposals(pending.values(), records, changes)
    # Read again, now that nobody can change them.
    runs = wanted.filter(proposal__in=pending).select_related("step", "claimed_by").order_by("pk")
    runs = runs.prefetch_related("step__escalation_levels", "work_items", "decisions")
    return [_running(run, pending[run.proposal_id], known[run.proposal_id]) for run in runs]


def _running(run, proposal, known):
    items = sorted(run.work_items.all(), key=lambda item: item.pk)
    taken = {i.assignee_id for i in items if i.state in (ItemState.OPEN, ItemState.DECIDED)}
    taken |= {decision.person_id for decision in run.decisions.all()}
    waiting = [item for item in items if item.state == ItemState.OPEN]
    for item in waiting:
        item.step_run, item.proposal = run, proposal
    return Running(run, proposal, known, waiting, frozenset(taken))
