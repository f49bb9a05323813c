"""Who once had to do with a work item, though it is not his to decide any more."""

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from ..models import ASKING, Decision, Notification, Substitution, WorkItem


def knew(person, item: WorkItem) -> bool:
    """Whether `person` had a work item, stood in for who had it, or was told of it.

    item: with its step run and proposal.
    """
    return item.on_behalf_of_id == person.pk or _stood_in(person, item) or _was_told(person, item)


def _stood_in(person, item):
    """Whether a substitution covered a day on which the work item waited."""
    first, last = (timezone.localdate(at) for at in (item.created_at, _ended(item)))
    covered = Q(workflow=None)
    if item.proposal.version_id:
        covered |= Q(workflow=item.proposal.version.workflow_id)
    found = Substitution.objects.filter(covered, person=item.assignee_id, substitute=person)
    return found.filter(starts__lte=last, ends__gte=first).exists()


def _ended(item):
    """When it stopped waiting: with its decision, with its step, or it waits still."""
    decision = Decision.objects.filter(work_item=item).first()
    return decision.decided_at if decision else item.step_run.ended_at or timezone.now()


def _was_told(person, item):
    asked = Notification.objects.filter(person=person, occasion__in=ASKING)
    about = Q(url=reverse("approvals:decide", args=[item.pk])) | Q(proposal=item.proposal_id)
    return asked.filter(about).exists()
