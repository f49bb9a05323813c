"""Where a governed record's pages are, and what an id in an address is.

The engine knows no app above it: an app with governed records names its pages
`proposed_changes`, `history` and `field_history` in its own namespace, each with the record's
id, the last one with the field's name too.
"""

from django.urls import reverse
from django.urls.converters import IntConverter

from .pages.paging import ID_DIGITS


class IdConverter(IntConverter):
    """The id of something in an address, `<id:pk>`: not more digits than databases take."""

    regex = f"[0-9]{{1,{ID_DIGITS}}}"


def proposed_changes_url(record) -> str:
    """The Proposed changes page of a governed record."""
    return _page(record, "proposed_changes")


def history_url(record) -> str:
    """The history page of a governed record."""
    return _page(record, "history")


def field_history_url(model, pk: int, name: str) -> str:
    """The page with the history of one field of a governed record."""
    return reverse(f"{model._meta.app_label}:field_history", args=[pk, name])


def _page(record, name):
    return reverse(f"{record._meta.app_label}:{name}", args=[record.pk])
