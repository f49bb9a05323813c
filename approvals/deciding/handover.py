"""Work items that their assignee can no longer decide go to somebody who can."""

from collections.abc import Collection

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from .. import history
from ..models import Decision, ItemState, RunState, StepRun, Verb, WorkItem
from ..outcomes import ADMIN, Refused
from ..workflow import routing
from . import assigning, claims, obstacles, runs
from .obstacles import Obstacle
from .runs import Running

# How many steps are handled in one transaction: others wait for its locks.
BATCH = 500


def hand_over_orphans(*, by, source=ADMIN) -> int:
    """Hand on what waits for people who can't decide it any more.

    To be called when people, groups or their rights have changed, and every now and then,
    since not every change comes through a page. by: whose change it was; None where nobody
    knows. A claim of somebody who could not decide any more ends. Where one decision
    decides, a step is handed on when nobody of its people is left; where several must
    approve, each missing person is replaced, and whoever has voted for somebody else if
    too few are left. The people who are assigned to the step now come first, then
    administrators; nobody gets a second work item in it. Returns how many steps were
    handed on; where nobody is eligible the step stays.
    """
    claims.end_lapsed(by=by, source=source)
    able = routing.all_deciders()
    ids = list(_stuck(able).order_by("pk").values_list("pk", flat=True))
    return sum(
        _hand_over(ids[start : start + BATCH], able, by, source)
        for start in range(0, len(ids), BATCH)
    )


@history.sealed()
def _hand_over(run_ids, able, by, source) -> int:
    stuck = runs.lock(run_ids)
    rows = _open_items(able).filter(step_run__in=[running.run for running in stuck])
    flags = {pk: (lost, voted) for pk, lost, voted in rows.values_list("pk", "lost", "voted")}
    router = routing.Router(versions={running.run.step.version_id for running in stuck})
    plans = [_plan(running, flags, router) for running in stuck]
    handings = [plan for plan in plans if plan]
    why = _("Whoever had it can no longer decide it.")
    assigning.hand_on_all(handings, Verb.REASSIGNED, by=by, source=source, comment=why)
    return len(handings)


def _open_items(able: Collection[int]) -> QuerySet[WorkItem]:
    """Open work items, and what keeps their assignees from deciding them.

    lost: he has no right to, or has contributed, or stands in for one who has. voted: he
    has decided in this step already, on behalf of somebody else.
    """
    items = WorkItem.objects.filter(state=ItemState.OPEN)
    items = items.annotate(obstacle=obstacles.of_assignees())
    lost = ~Q(assignee__in=able) | Q(obstacle__in=obstacles.BARRING)
    return items.annotate(lost=_whether(lost), voted=_whether(Q(obstacle=Obstacle.VOTED)))


def _whether(condition):
    return Case(When(condition, then=Value(True)), default=Value(False))


def _stuck(able) -> QuerySet[StepRun]:
    """The running steps in which somebody is missing."""
    items = _open_items(able).filter(step_run=OuterRef("pk"))
    usable = items.filter(lost=False, voted=False)
    votes = Decision.objects.filter(step_run=OuterRef("pk"))
    nobody = Q(votes_needed=1) & ~Exists(usable)
    too_few = Q(votes_needed__gt=_count(votes) + _count(usable))
    several = Q(votes_needed__gt=1) & (Exists(items.filter(lost=True)) | too_few)
    return StepRun.objects.filter(nobody | several, state=RunState.RUNNING)


def _count(queryset):
    counted = queryset.order_by().values("step_run").annotate(count=Count("pk"))
    return Coalesce(Subquery(counted.values("count")), 0)


def _plan(running: Running, flags, router) -> assigning.Handing | None:
    lost = [item for item in running.open if flags[item.pk][0]]
    spent = [item for item in running.open if flags[item.pk] == (False, True)]
    usable = len(running.open) - len(lost) - len(spent)
    if running.one_decides:
        replaced = [] if usable else running.open
        people = _people(running, router) if replaced else ()
    else:
        missing = running.run.votes_needed - running.approvals - usable - len(lost)
        replaced = lost + spent[: max(0, missing)]
        people = _one_each(running, router)[: len(replaced)]
        # Where there are too few, the others keep theirs: each item is a vote that is needed.
        replaced = replaced[: len(people)]
    return assigning.Handing(replaced, people) if replaced and people else None


def _people(running, router):
    try:
        return router.again(_step(router, running.run), running.facts, without=running.taken)
    except Refused:
        return ()


def _one_each(running, router):
    """Those who can get one of several work items, in the order in which they come."""
    assigned = router.eligible(_step(router, running.run), running.facts)
    stand_ins = router.stand_ins(running.facts)
    found = {a.person: a for a in (*stand_ins, *assigned)}
    order = dict.fromkeys(a.person for a in (*assigned, *stand_ins))
    return tuple(found[person] for person in order if person not in running.taken)


def _step(router, run):
    """The step with its users and groups as the router has read them."""
    return next(step for step in router.steps[run.step.version_id] if step.pk == run.step_id)
