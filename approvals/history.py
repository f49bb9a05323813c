"""Writing the workflow history."""

from django.utils import timezone

from .bulk import insert_rows
from .models import WorkflowEvent


def record(events: list[WorkflowEvent]) -> None:
    """Add unsaved `events` to the history in one statement; what has no time gets now."""
    now = timezone.now()
    for event in events:
        event.at = event.at or now
    insert_rows(events)
