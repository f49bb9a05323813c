"""Short ways to set time limits and escalation paths, and to see what became of them."""

from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import Group, User

from approvals.models import (
    EscalationKind,
    EscalationLevel,
    ItemState,
    Notification,
    Occasion,
    StepRun,
    TimeUnit,
    WorkflowEvent,
    WorkItem,
)
from tests.unguarded import unguarded

from ..definitions import change_step

# A Monday.
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def limit(step, **values):
    defaults = {"time_limit": 8, "time_unit": TimeUnit.HOURS, "remind_after": 6}
    return change_step(step, **{**defaults, **values})


@unguarded(EscalationLevel)
def path(step, *levels, hours=4):
    """Give a step an escalation path: people, groups, or "manager"."""
    for position, who in enumerate(levels, start=1):
        to = {"kind": EscalationKind.MANAGER}
        if isinstance(who, User):
            to = {"kind": EscalationKind.USER, "user": who}
        if isinstance(who, Group):
            to = {"kind": EscalationKind.GROUP, "group": who}
        step.escalation_levels.create(position=position, time_limit=hours, **to)


def holders(proposal):
    items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN).order_by("id")
    return [item.assignee.username for item in items]


def run_of(proposal):
    return StepRun.objects.get(proposal=proposal, state="running")


def said(proposal, verb):
    return list(
        WorkflowEvent.objects.filter(proposal=proposal, verb=verb)
        .order_by("id")
        .values_list("comment", flat=True)
    )


def several(step, policy, *people, **values):
    change_step(step, add=people, policy=policy, **values)


def told_of_escalation(person):
    """How many notifications say that it was escalated to a person."""
    return Notification.objects.filter(person=person, occasion=Occasion.ESCALATED).count()
