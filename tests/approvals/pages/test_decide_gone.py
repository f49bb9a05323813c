"""The link to a work item that is not one's own any more: what became of it, and no value."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import Notification, Substitution
from tests.unguarded import unguarded

from ..helpers import decide_url, post_decision, vote

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposal(workflow, govern_fields, propose):
    govern_fields("credit_limit")
    return propose("A", credit_limit="98765")


@pytest.fixture
def sue(person):
    return person("sue", "Approver", first_name="Sue")


@pytest.fixture
def stood_in(approver, sue, proposal):
    """A function that lets Sue stand in for the approver some days ago, while it waited."""

    def stand_in(first, last, waited=9):
        now = timezone.now()
        with unguarded():
            proposal.work_items.update(created_at=now - timedelta(waited))
        days = [timezone.localdate() - timedelta(ago) for ago in (first, last)]
        Substitution.objects.create(person=approver, substitute=sue, starts=days[0], ends=days[1])

    return stand_in


def test_a_former_substitute_reads_who_decided_and_when_and_no_value(
    client, sue, stood_in, approver, proposal
):
    stood_in(5, 3)
    url = decide_url(proposal, approver)
    vote(approver, proposal)
    client.force_login(sue)
    page = client.get(url)
    assert page.status_code == 200
    assert "Already approved by Anna Approver at" in page.content.decode()
    assert "98,765" not in page.content.decode()


def test_a_former_substitute_reads_who_is_to_decide_and_decides_nothing(
    client, sue, stood_in, approver, proposal
):
    stood_in(5, 3)
    client.force_login(sue)
    page = post_decision(client, proposal, approver)
    assert "It waits for Anna Approver to decide." in page.content.decode()
    assert proposal.decisions.count() == 0


def test_who_stood_in_before_the_work_item_came_is_refused(
    client, sue, stood_in, approver, proposal
):
    stood_in(9, 8, waited=5)
    client.force_login(sue)
    assert client.get(decide_url(proposal, approver)).status_code == 403


def test_whoever_was_told_of_it_reads_what_became_of_it(client, sue, approver, proposal):
    client.force_login(sue)
    url = decide_url(proposal, approver)
    assert client.get(url).status_code == 403
    Notification.objects.create(
        person=sue, occasion="assigned", subject="-", body="-", url=url, created_at=timezone.now()
    )
    assert "It waits for Anna Approver" in client.get(url).content.decode()


def test_whoever_delegated_it_reads_what_became_of_it(client, sue, approver, proposal):
    client.force_login(sue)
    proposal.work_items.update(on_behalf_of=sue)
    assert (
        "It waits for Anna Approver" in client.get(decide_url(proposal, approver)).content.decode()
    )
