"""What every page shows of the reader's notifications."""

from django import template

from ..notifying import readers

register = template.Library()


@register.simple_tag
def unread_notifications(user) -> int:
    """How many notifications a person may read and has not; no more than 100 are counted."""
    return readers.readable(user).filter(read_at=None)[:100].count()
