"""What every page shows of the reader's notifications."""

from django import template

from ..models import Notification

register = template.Library()


@register.simple_tag
def unread_notifications(user) -> int:
    """How many notifications a person has not read; no more than 100 are counted."""
    return Notification.objects.filter(person=user, read_at=None)[:100].count()
