"""Where a governed record's pages are, and what an id in an address is.

The engine knows no app above it: an app with governed records names its pages
`proposed_changes` and `history` in its own namespace, each with the record's id.
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


def _page(record, name):
    return reverse(f"{record._meta.app_label}:{name}", args=[record.pk])
