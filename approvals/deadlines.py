"""Time limits of steps: reminders, escalation, and the last action. Time never approves."""

from collections.abc import Collection
from datetime import datetime

from . import working_time
from .models import WorkflowStep

# The times of a step run by column: when it is due, when to look at it again.
Times = dict[str, datetime | None]


def at_start(steps: Collection[WorkflowStep], now: datetime) -> dict[WorkflowStep, Times]:
    """The times of runs of `steps` that start now; one query, and none without time limits."""
    limited = any(step.time_limit for step in steps)
    is_working_day = working_time.calendar() if limited else None
    return {step: _times(step, now, is_working_day) for step in steps}


def _times(step, now, is_working_day) -> Times:
    if not step.time_limit:
        return {"due_at": None, "wake_at": None}
    due = wake = working_time.add(now, step.time_limit, step.time_unit, is_working_day)
    if step.remind_after:
        reminder = working_time.add(now, step.remind_after, step.time_unit, is_working_day)
        wake = min(due, reminder)
    return {"due_at": due, "wake_at": wake}
