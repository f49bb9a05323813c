"""Where a governed record's pages are.

The engine knows no app above it: an app with governed records names its pages
`proposed_changes` and `history` in its own namespace, each with the record's id.
"""

from django.urls import reverse


def proposed_changes_url(record) -> str:
    """The Proposed changes page of a governed record."""
    return _page(record, "proposed_changes")


def history_url(record) -> str:
    """The history page of a governed record."""
    return _page(record, "history")


def _page(record, name):
    return reverse(f"{record._meta.app_label}:{name}", args=[record.pk])
