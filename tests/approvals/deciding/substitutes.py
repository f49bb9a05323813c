"""Substitutions, made and used in tests."""

import datetime

from django.utils import timezone

from approvals.deciding import substituting
from approvals.models import Substitution, WorkflowEvent

from ..helpers import decide_item, item_of

DAY = datetime.timedelta(days=1)


def standing_in(person, substitute, first=0, last=0, workflow=None):
    """A substitution from so many days after today to so many."""
    today = timezone.localdate()
    return Substitution(
        person=person,
        substitute=substitute,
        starts=today + first * DAY,
        ends=today + last * DAY,
        workflow=workflow,
    )


def stored(*args, **kwargs):
    """A substitution that stands there already: without an entry in the history."""
    [substitution] = Substitution._base_manager.bulk_create([standing_in(*args, **kwargs)])
    return substitution


def decide_as(by, proposal, holder, action="approve", comment=""):
    return decide_item(by, item_of(proposal, holder), action, comment)


def entered(substitution, by):
    return substituting.save(substitution, by=by)


def events():
    found = WorkflowEvent.objects.filter(verb="substitution_changed").order_by("pk")
    return [(event.actor.username, event.old, event.new) for event in found]
