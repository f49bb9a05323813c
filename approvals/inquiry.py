"""The inquiry over all proposals, for administrators and auditors."""

from django.utils.text import capfirst

from . import registry
from .models import ProposedChange
from .values import display_text


def shown_change(change: ProposedChange) -> dict:
    """A proposed change, open or not, as `_change.html` shows it, and what became of it."""
    f = registry.for_content_type(change.content_type).proposable[change.field]
    return {
        "label": capfirst(f.verbose_name),
        "old": display_text(f, change.original),
        "new": display_text(f, change.value),
        "outcome": change.outcome and change.get_outcome_display(),
    }
