"""Time limits in hours and in working days."""

from datetime import datetime, timedelta

from .models import TimeUnit


def add(start: datetime, amount: int, unit: TimeUnit) -> datetime:
    """The moment `amount` hours or working days after `start`."""
    step = timedelta(hours=1) if unit == TimeUnit.HOURS else timedelta(days=1)
    return start + amount * step
