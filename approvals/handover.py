"""Work items that nobody can decide any more go to the administrators that are eligible."""

from collections import defaultdict

from django.db import transaction

from . import routing
from .models import (
    Contributor,
    ItemState,
    Proposal,
    RunState,
    State,
    StepRun,
    WorkItem,
)
from .models.permissions import DECIDING
from .outcomes import ADMIN, Refused


@transaction.atomic
def hand_over_orphans(*, by, source=ADMIN) -> int:
    """Find running steps whose work items nobody can decide, and hand them to others.

    To be called when people, groups or their rights have changed. by: whose change it
    was. The people who are assigned to the step now come first, then administrators.
    Returns how many steps were handed over; where nobody is eligible the step stays.
    """
    orphans = _orphans()
    if not orphans:
        return 0
    router = routing.Router(versions={run.step.version_id for run in orphans})
    routes = {}
    for run in orphans:
        try:
            routes[run] = router.again(run.step, run.contributor_ids)
        except Refused:
            continue
    WorkItem.objects.filter(step_run__in=routes, state=ItemState.OPEN).update(
        state=ItemState.CANCELLED
    )
    StepRun.objects.filter(pk__in=[run.pk for run in routes]).update(state=RunState.STOPPED)
    routing.enter({run.proposal: route for run, route in routes.items()}, by=by, source=source)
    return len(routes)


def _orphans() -> list[StepRun]:
    able = set().union(*(routing.deciders(code.split(".")[1]) for code in DECIDING))
    items, contributors = defaultdict(set), defaultdict(set)
    pending = Proposal.objects.select_for_update().filter(state=State.PENDING)
    waiting = WorkItem.objects.filter(state=ItemState.OPEN, proposal__in=pending)
    for run, assignee in waiting.values_list("step_run", "assignee"):
        items[run].add(assignee)
    suspects = [run for run, people in items.items() if not people & able]
    runs = StepRun.objects.filter(pk__in=suspects).select_related("step", "proposal")
    rows = Contributor.objects.filter(proposal__step_runs__in=suspects)
    for proposal_id, person in rows.values_list("proposal", "person"):
        contributors[proposal_id].add(person)
    for run in runs:
        run.contributor_ids = contributors[run.proposal_id]
    return list(runs)
