"""Work items that their assignee can no longer decide go to somebody who can."""

from collections import defaultdict

from django.db import transaction

from . import assigning, facts, routing
from .models import ItemState, Policy, ProposedChange, RunState, State, StepRun, Verb, WorkItem
from .models.permissions import DECIDING
from .outcomes import ADMIN, Refused
from .proposals import lock_all


@transaction.atomic
def hand_over_orphans(*, by, source=ADMIN) -> int:
    """Hand on what waits for people who can't decide it any more.

    To be called when people, groups or their rights have changed. by: whose change it
    was; None where nobody knows. Where one decision decides, a step is handed on when
    nobody of its people is left; where several must approve, each missing person is
    replaced. The people who are assigned to the step now come first, then
    administrators, and never one who has had a work item in it. Returns how many steps
    were handed on; where nobody is eligible the step stays.
    """
    able = set().union(*(routing.deciders(code.split(".")[1]) for code in DECIDING))
    waiting = WorkItem.objects.filter(state=ItemState.OPEN).exclude(assignee__in=able)
    proposals, records = lock_all(set(waiting.values_list("proposal", flat=True)))
    pending = [proposal for proposal in proposals.values() if proposal.state == State.PENDING]
    changes = defaultdict(list)
    for change in ProposedChange.objects.filter(proposal__in=pending, outcome=""):
        changes[change.proposal_id].append(change)
    known = facts.of_proposals(pending, records, changes)
    runs = StepRun.objects.filter(proposal__in=pending, state=RunState.RUNNING)
    runs = list(runs.select_related("step").prefetch_related("work_items"))
    router = routing.Router(versions={run.step.version_id for run in runs})
    plans = [_plan(run, router, able, known[run.proposal_id]) for run in runs]
    plans = [plan for plan in plans if plan]
    for run, dead, people in plans:
        for item in dead:
            item.step_run, item.proposal = run, proposals[run.proposal_id]
        assigning.hand_on(dead, people, Verb.REASSIGNED, by=by, source=source)
    return len(plans)


def _plan(run, router, able, known):
    """The run, its items that are of no use any more, and who gets new ones; or None."""
    items = [item for item in run.work_items.all() if item.state == ItemState.OPEN]
    dead = [item for item in items if item.assignee_id not in able]
    one_decides = run.step.policy == Policy.SINGLE
    if not dead or (len(dead) < len(items) and one_decides):
        return None
    had_one = {item.assignee_id for item in run.work_items.all()}
    try:
        people = router.again(_step(router, run), known, without=had_one)
    except Refused:
        return None
    # Where several must approve, one person for each who is missing: as many votes as before.
    return run, dead, people if one_decides else people[: len(dead)]


def _step(router, run):
    """The step with its users and groups as the router has read them."""
    return next(step for step in router.steps[run.step.version_id] if step.pk == run.step_id)
