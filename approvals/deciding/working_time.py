"""Time limits in hours and in working days.

Working days leave out the weekends and public holidays of the country and region that the
parameters name; without a country, Saturdays and Sundays.
"""

import logging
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta

import holidays
from django.utils import timezone

from ..models import ApprovalParameters, TimeUnit, WorkflowStep

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
SATURDAY = 5

# Whether a day is a working day.
Calendar = Callable[[date], bool]
# The times of a step run by column: when it is due, when to look at it again.
Times = dict[str, datetime | None]
COLUMNS = ("due_at", "wake_at")


def at_start(steps: Collection[WorkflowStep], now: datetime) -> dict[WorkflowStep, Times]:
    """The times of runs of `steps` that start now; one query, and none without time limits."""
    limited = any(step.time_limit for step in steps)
    is_working_day = calendar() if limited else None
    return {step: _times(step, now, is_working_day) for step in steps}


def add(start: datetime, amount: int, unit: TimeUnit, is_working_day: Calendar) -> datetime:
    """The moment `amount` hours or working days after `start`, in UTC.

    Hours have passed by the clock, nights and weekends included. Working days end at the
    same time of day in the time zone that is set, whatever daylight saving does between;
    a start on a day off counts from the next working day.
    """
    if unit == TimeUnit.HOURS:
        return start.astimezone(UTC) + timedelta(hours=amount)
    local = timezone.localtime(start)
    day = _working_day_from(local.date(), is_working_day)
    for _unused in range(amount):
        day = _working_day_from(day + DAY, is_working_day)
    # fold: of a time that comes twice, the first.
    return datetime.combine(day, local.time().replace(fold=0), local.tzinfo).astimezone(UTC)


def calendar() -> Calendar:
    """The calendar of the parameters, read now: one query, then none.

    A country or region that is not known (any more) leaves out weekends only, and is logged.
    """
    row = ApprovalParameters.objects.values_list("calendar_country", "calendar_region").first()
    country, region = row or ("", "")
    if not is_known(country, region):
        logger.warning("There is no calendar of “%s %s”: weekends only.", country, region)
    if not country or not is_known(country, region):
        return _is_weekday
    return holidays.country_holidays(country, subdiv=region or None).is_working_day


def countries() -> dict[str, list[str]]:
    """The countries that have a calendar, each with the codes of its regions."""
    return holidays.list_supported_countries(include_aliases=False)


def is_known(country: str, region: str) -> bool:
    """Whether there is a calendar of the region in the country; both may be empty."""
    if not country:
        return not region
    return country in countries() and (not region or region in countries()[country])


def _times(step, now, is_working_day) -> Times:
    if not step.time_limit:
        return {"due_at": None, "wake_at": None}
    due = wake = add(now, step.time_limit, step.time_unit, is_working_day)
    if step.remind_after:
        wake = min(due, add(now, step.remind_after, step.time_unit, is_working_day))
    return {"due_at": due, "wake_at": wake}


def _working_day_from(day, is_working_day):
    while not is_working_day(day):
        day += DAY
    return day


def _is_weekday(day):
    return day.weekday() < SATURDAY
