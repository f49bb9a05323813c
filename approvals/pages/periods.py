"""Days that people name, as stretches of time in the current time zone."""

from datetime import date, datetime, time

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.utils import timezone

# Beyond these no time zone could be reckoned with.
FIRST, LAST = date(1900, 1, 1), date(2999, 12, 31)


class DayField(forms.DateField):
    """A day that is chosen from a calendar, or typed; empty means any."""

    def __init__(self, **options):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        limits = [MinValueValidator(FIRST), MaxValueValidator(LAST)]
        super().__init__(widget=widget, validators=limits, required=False, **options)


def start_of(day: date) -> datetime:
    """The first moment of a day."""
    return timezone.make_aware(datetime.combine(day, time.min))


def within(column: str, first: date | None, last: date | None) -> Q:
    """What has its `column` from the beginning of `first` to the end of `last`."""
    found = Q(**{f"{column}__gte": start_of(first)}) if first else Q()
    if last:
        found &= Q(**{f"{column}__lte": timezone.make_aware(datetime.combine(last, time.max))})
    return found
