"""Writing the workflow history."""

from collections.abc import Iterable
from typing import NamedTuple

from django.utils import timezone

from .models import WorkflowEvent
from .seals import chain
from .seals.chain import seal, sealed
from .seals.digests import COLUMNS

__all__ = ["Entry", "record", "record_entries", "seal", "sealed"]


class Entry(NamedTuple):
    """What one entry of many has of its own; all by id, values as `values.encode` makes them."""

    verb: str
    object_id: int
    record_key: str
    proposal_id: int | None = None
    field: str = ""
    old: str | None = None
    new: str | None = None
    step_id: int | None = None
    comment: str = ""
    version_id: int | None = None


def record(events: list[WorkflowEvent]) -> None:
    """Add unsaved `events` to the history in one statement; what has no time gets now."""
    if not events:
        return
    now = timezone.now()
    for event in events:
        event.at = event.at or now
    chain.write({name: [getattr(event, name) for event in events] for name in COLUMNS}, {})


def record_entries(entries: Iterable[Entry], content_type_id: int, *, by, source) -> None:
    """Add entries about records of one model to the history, in one statement.

    by: who did it; None for the workflow itself. source: where it came in.
    """
    columns = list(zip(*entries, strict=True))
    if not columns:
        return
    same = {
        "at": timezone.now(),
        "actor_id": by and by.pk,
        "content_type_id": content_type_id,
        "origin": source.origin,
        "import_job_id": source.job and source.job.pk,
    }
    chain.write(dict(zip(Entry._fields, columns, strict=True)), same)
