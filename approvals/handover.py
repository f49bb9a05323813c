"""Work items that their assignee can no longer decide go to somebody who can."""

from collections import defaultdict

from django.db import transaction
from django.utils import timezone

from . import history, notifications, routing
from .bulk import insert_rows
from .models import Contributor, ItemState, Policy, RunState, State, StepRun, Verb, WorkItem
from .models.permissions import DECIDING
from .outcomes import ADMIN, Refused
from .proposals import lock_all


@transaction.atomic
def hand_over_orphans(*, by, source=ADMIN) -> int:
    """Hand on what waits for people who can't decide it any more.

    To be called when people, groups or their rights have changed. by: whose change it
    was. Where one decision decides, a step is handed on when nobody of its people is
    left; where all must approve, each missing person is replaced. The people who are
    assigned to the step now come first, then administrators, and never one who has
    had a work item in it. Returns how many steps were handed on; where nobody is
    eligible the step stays.
    """
    able = set().union(*(routing.deciders(code.split(".")[1]) for code in DECIDING))
    waiting = WorkItem.objects.filter(state=ItemState.OPEN).exclude(assignee__in=able)
    proposals, _records = lock_all(set(waiting.values_list("proposal", flat=True)))
    pending = [pk for pk, proposal in proposals.items() if proposal.state == State.PENDING]
    runs = StepRun.objects.filter(proposal__in=pending, state=RunState.RUNNING)
    runs = list(runs.select_related("step").prefetch_related("work_items"))
    router = routing.Router(versions={run.step.version_id for run in runs})
    contributors = _contributors(pending)
    plans = [_plan(run, router, able, contributors[run.proposal_id]) for run in runs]
    plans = [plan for plan in plans if plan]
    _carry_out(plans, proposals, by, source)
    return len(plans)


def _contributors(proposal_ids) -> dict[int, set[int]]:
    found = defaultdict(set)
    rows = Contributor.objects.filter(proposal__in=proposal_ids)
    for proposal_id, person in rows.values_list("proposal", "person"):
        found[proposal_id].add(person)
    return found


def _plan(run, router, able, contributors):
    """The run, its items that are of no use any more, and who gets new ones; or None."""
    items = [item for item in run.work_items.all() if item.state == ItemState.OPEN]
    dead = [item for item in items if item.assignee_id not in able]
    all_must = run.step.policy == Policy.ALL
    if not dead or (len(dead) < len(items) and not all_must):
        return None
    had_one = {item.assignee_id for item in run.work_items.all()}
    try:
        people = router.again(run.step, contributors | had_one).people
    except Refused:
        return None
    # Where all must approve, one person for each who is missing: no more, no fewer votes.
    return run, dead, people[: len(dead)] if all_must else people


def _carry_out(plans, proposals, by, source):
    dead = [item.pk for _run, items, _people in plans for item in items]
    WorkItem.objects.filter(pk__in=dead).update(state=ItemState.CANCELLED)
    now = timezone.now()
    new = [
        WorkItem(
            step_run=run,
            proposal=proposals[run.proposal_id],
            record_key=proposals[run.proposal_id].record_key,
            assignee_id=person,
            created_at=now,
        )
        for run, _items, people in plans
        for person in people
    ]
    insert_rows(new)
    names = routing.names_of({item.assignee_id for item in new})
    history.record(
        [
            routing.proposal_event(
                proposals[run.proposal_id],
                Verb.ASSIGNED,
                by=by,
                source=source,
                step=run.step,
                comment=", ".join(names[person] for person in people),
            )
            for run, _items, people in plans
        ]
    )
    notifications.assigned(new)
