"""What the database itself refuses."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
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
    with pytest.raises(IntegrityError, match="four eyes"), transaction.atomic():
        Decision.objects.update(person=clerk)


def test_somebody_elses_decision_is_taken(pending, approver):
    assert decide_past_the_rules(pending, approver).pk


@pytest.mark.django_db(transaction=True)
def test_the_guard_stands_again_after_a_migration(clerk, workflow, govern_fields):
    call_command("migrate", verbosity=0)
    names = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%four_eyes%'"
    if connection.vendor == "postgresql":
        names = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%four_eyes%'"
    with connection.cursor() as cursor:
        cursor.execute(names)
        assert cursor.fetchone()[0] == (1 if connection.vendor == "postgresql" else 2)
