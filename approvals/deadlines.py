"""Time limits of steps: reminders, escalation, and the last action. Time never approves."""

from datetime import datetime

from . import working_time
from .models import WorkflowStep


def at_start(step: WorkflowStep, now: datetime) -> dict[str, datetime | None]:
    """The times of a step run that starts now, by column: when it is due, when to look again."""
    if step.time_limit is None:
        return {"due_at": None, "wake_at": None}
    due = working_time.add(now, step.time_limit, step.time_unit)
    wake = due
    if step.remind_after:
        wake = min(due, working_time.add(now, step.remind_after, step.time_unit))
    return {"due_at": due, "wake_at": wake}
