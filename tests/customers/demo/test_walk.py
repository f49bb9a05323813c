"""The walk that the demo's command ends with, in the company as it was founded."""

import pytest
from django.core.management import CommandError

from approvals import parameters
from approvals.models import Proposal, State, WorkflowEvent
from customers.demo import people, story
from customers.models import Customer

from .helpers import demo

LIMIT = "credit_limit"


def test_the_walk_takes_a_change_from_edit_to_applied(founded):
    printed = demo()

    applied = WorkflowEvent.objects.filter(verb="applied").latest("id")
    walked = Customer.objects.get(pk=applied.object_id)
    assert applied.field == LIMIT
    assert applied.new == str(walked.credit_limit)
    for step in (
        "edits",
        "proposed, waits for approval",
        "submits",
        "approves",
        "Status: Approved",
    ):
        assert step in printed


def test_the_walk_shows_the_managers_step_for_a_raise_and_skips_it_for_less(founded):
    raised, lowered = demo(), demo()

    manager = "Pieter Smit approves, in the step “Originator's manager”"
    assert manager in raised
    assert manager not in lowered and "Step skipped" in lowered


def test_the_walk_can_be_repeated(founded):
    demo()
    before = Customer.objects.order_by("account").values_list(LIMIT, flat=True)[0]
    demo()

    assert Customer.objects.order_by("account").values_list(LIMIT, flat=True)[0] != before
    assert Proposal.objects.filter(state="approved", record_key="AT-1001").count() == 2


def test_the_walk_leaves_customers_with_open_proposals_alone(founded):
    first = Customer.objects.order_by("account").first()
    story._edit(story.Episode(first.account, (("jonas", {"credit_rating": "D"}),)))

    demo()

    assert Proposal.objects.get(record_key=first.account).state == State.NOT_SUBMITTED


def test_the_walk_says_why_it_cannot_go_on(founded):
    parameters.set_parameters(Customer, by=people.the("oskar"), enabled=False)
    before = Customer.objects.get(account="AT-1001").credit_limit

    with pytest.raises(CommandError, match="not under approval"):
        demo()

    assert Customer.objects.get(account="AT-1001").credit_limit == before
