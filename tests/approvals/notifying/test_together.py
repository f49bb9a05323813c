"""What belongs together is told once; what is decided counts as read."""

import pytest
from django.core import mail
from django.urls import reverse

from approvals.models import Occasion
from approvals.notifying import outbox
from approvals.views import bulk_decisions
from tests.approvals.definitions import change_step
from tests.approvals.helpers import post_list, ticked, vote

from .helpers import only_mail, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(bulk_decisions, "BATCH", 1)


def test_a_bulk_decision_tells_each_person_once_whatever_its_batches(
    small_batches, commit, client, submitted, clerk, approver, second_approver
):
    made = [submitted(key) for key in "ABC"]
    client.force_login(approver)
    with commit():
        post_list(client, action="approve", item=ticked(*made, person=approver))
    message = only_mail()
    assert message.to == [second_approver.email]
    assert message.subject == "Changes to 3 customers wait for your decision"
    [asked] = told(second_approver)
    assert (asked.count, asked.proposal) == (3, None)
    assert asked.url == reverse("approvals:work_items")
    for proposal in made:
        proposal.refresh_from_db()
    client.force_login(second_approver)
    with commit():
        post_list(client, action="approve", item=ticked(*made, person=second_approver))
    [applied] = told(clerk)
    assert (applied.occasion, applied.count, applied.url) == (Occasion.APPLIED, 3, "")
    assert only_mail().subject == "Approved and applied: changes to 3 customers"


def test_two_bulk_decisions_are_told_apart(client, submitted, approver, second_approver):
    client.force_login(approver)
    for key in "AB":
        post_list(client, action="approve", item=ticked(submitted(key), person=approver))
    assert [n.count for n in told(second_approver)] == [1, 1]


def test_what_belongs_together_is_not_sent_before_its_end(commit, submitted, approver):
    with commit(), outbox.together():
        submitted("A")
        assert outbox.deliver() == {} and mail.outbox == []
    assert only_mail().to == [approver.email]


def test_what_somebody_decides_in_the_list_counts_as_read_for_him_alone(
    client, submitted, clerk, approver, second_approver
):
    first, second = submitted("A"), submitted("B")
    client.force_login(approver)
    post_list(client, action="approve", item=ticked(first, person=approver))
    assert [bool(n.read_at) for n in told(approver)] == [True, False]
    assert [bool(n.read_at) for n in told(second_approver)] == [False]
    vote(second_approver, first)
    assert [bool(n.read_at) for n in told(clerk)] == [False]
    assert second.state == "pending"


def test_what_asks_the_same_person_again_is_not_read_yet(submitted, workflow, approver):
    change_step(workflow.steps.get(position=2), users=[approver])
    vote(approver, submitted("A"))
    assert [bool(n.read_at) for n in told(approver)] == [True, False]
