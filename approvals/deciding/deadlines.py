"""What time does: reminders, escalation, and the last action. It never approves."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime

from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import history, writing
from ..bulk import update_rows
from ..models import Occasion, RunState, StepRun, Verb
from ..notifying import notifications
from ..outcomes import CODE
from ..proposals import hand_back
from ..workflow.routing import proposal_event
from . import assigning, escalation, runs, working_time

logger = logging.getLogger(__name__)

# How many steps are handled in one transaction: others wait for its locks.
BATCH = 200


def process(now: datetime | None = None, stopped: Callable[[], bool] = lambda: False) -> Counter:
    """Do what is due in running steps, the oldest first; return how many of what.

    In each step one thing happens: a reminder; or the next level of the escalation path
    that has somebody who may decide, whose own time limit begins now; or the last action.
    Each batch is a transaction of its own, so a program that was stopped goes on where it
    was, and of two at once one finds nothing left to do. Keys: reminded, escalated,
    rejected, change_requested, stayed (nobody else may decide) and failed (logged).
    stopped: asked before each batch.
    """
    now = now or timezone.now()
    waiting = StepRun.objects.filter(state=RunState.RUNNING, wake_at__lte=now)
    ids = list(waiting.order_by("wake_at", "pk").values_list("pk", flat=True))
    counts = Counter()
    for start in range(0, len(ids), BATCH):
        if stopped():
            break
        counts += _attempt(ids[start : start + BATCH], now)
    return counts


def _attempt(ids, now) -> Counter:
    """Handle a batch; where it fails, in halves, so that one bad step holds up no other."""
    try:
        with history.sealed():
            return _handle(ids, now)
    except OperationalError:
        raise
    except Exception:
        if len(ids) == 1:
            logger.exception("The time limit of step run %s could not be handled.", ids[0])
            return Counter(failed=1)
    middle = len(ids) // 2
    return _attempt(ids[:middle], now) + _attempt(ids[middle:], now)


def _handle(ids, now) -> Counter:
    found = [r for r in runs.lock(ids) if r.run.wake_at and r.run.wake_at <= now]
    early = [r for r in found if now < r.run.due_at]
    overdue = [r for r in found if now >= r.run.due_at]
    _remind(early, now)
    planner = escalation.Planner(overdue)
    plans = {running: planner.plan(running) for running in overdue}
    return Counter(reminded=len(early)) + _escalate(plans, now)


def _remind(early, now):
    told = notifications.reminded([item for running in early for item in running.open])
    names = assigning.people_names(a for people in told.values() for a in people)
    history.record(
        [_event(r, Verb.REMINDED, assigning.listed(told[r.run.pk], names)) for r in early]
    )
    for running in early:
        running.run.reminded_at, running.run.wake_at = now, running.run.due_at
    _save([running.run for running in early])


def _escalate(plans, now) -> Counter:
    ended = {r: plan for r, plan in plans.items() if plan.ends}
    moved = {r: plan for r, plan in plans.items() if plan.reaches}
    stayed = {r: plan for r, plan in plans.items() if not plan.ends and not plan.reaches}
    _end(ended)
    _hand_on(moved)
    nobody = _("Nobody else may decide, so it stays where it is.")
    history.record([_event(r, Verb.ESCALATED, *p.notes, nobody) for r, p in stayed.items()])
    _save_level({**moved, **stayed}, now)
    counts = Counter(plan.ends.value for plan in ended.values())
    return counts + Counter(escalated=len(moved), stayed=len(stayed))


def _end(ended):
    history.record([_event(r, plan.ends, _passed(), *plan.notes) for r, plan in ended.items()])
    by_verb = defaultdict(list)
    for running, plan in ended.items():
        by_verb[plan.ends].append(running.proposal)
    for verb, proposals in by_verb.items():
        hand_back(proposals, verb, by=None, comment=_passed())


def _hand_on(moved):
    handings = [
        assigning.Handing(list(plan.items), plan.people, note="\n".join(plan.notes), kept=plan.kept)
        for plan in moved.values()
    ]
    assigning.hand_on_all(
        handings,
        Verb.ESCALATED,
        by=None,
        source=CODE,
        comment=_passed(),
        occasion=Occasion.ESCALATED,
    )


def _save_level(plans, now):
    """A level's time limit begins now, however late it is: its people get all of it.

    After the last action, and where nobody else may decide, it stays overdue, but is not
    looked at again: nothing comes after.
    """
    is_working_day = working_time.calendar() if plans else None
    for running, plan in plans.items():
        run = running.run
        run.level, run.wake_at = plan.level, None
        if plan.time_limit is not None:
            limit = plan.time_limit, run.step.time_unit
            run.due_at = run.wake_at = working_time.add(now, *limit, is_working_day)
    _save([running.run for running in plans])


def _save(saved):
    columns = ["level", "due_at", "wake_at", "reminded_at"]
    rows = [(r.pk, RunState.RUNNING, *(getattr(r, name) for name in columns)) for r in saved]
    if update_rows(StepRun, columns, rows, match=("state",)) != len(rows):
        raise writing.LostUpdate


def _passed():
    return _("The time limit passed without a decision.")


def _event(running, verb, *lines):
    return proposal_event(
        running.proposal,
        verb,
        by=None,
        source=CODE,
        step=running.run.step,
        comment="\n".join(lines),
    )
