"""No contributor decides: the database refuses his decision."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from approvals import proposals
from approvals.models import Decision, Proposal, WorkItem
from tests.approvals.helpers import edit, vote
from tests.customers.factories import customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(clerk, workflow, govern_fields):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    return proposals.submit(Proposal.objects.get().pk, by=clerk)


def decide_past_the_rules(proposal, person):
    """A work item is anybody's, where nobody asks who it is."""
    WorkItem.objects.filter(proposal=proposal).update(assignee=person)
    item = WorkItem.objects.get(proposal=proposal)
    return Decision.objects.create(
        work_item=item,
        step_run=item.step_run,
        proposal=proposal,
        person=person,
        action="approve",
        revision=proposal.revision,
        decided_at=timezone.now(),
    )


def test_a_contributors_decision_is_refused(pending, clerk):
    with pytest.raises(IntegrityError, match="four eyes"), transaction.atomic():
        decide_past_the_rules(pending, clerk)
    assert not Decision.objects.exists()


def test_a_decision_cannot_be_made_a_contributors_later(pending, clerk, approver):
    assert vote(approver, pending).done
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        Decision.objects.update(person=clerk)


def test_somebody_elses_decision_is_taken(pending, approver):
    assert decide_past_the_rules(pending, approver).pk
