"""The demo's command: what it tells, its walk, and that it touches no database but its own."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from approvals import parameters
from approvals.models import (
    Behavior,
    Proposal,
    ReportingLine,
    State,
    Substitution,
    WorkflowEvent,
    WorkflowVersion,
)
from customers.demo import people, story
from customers.models import Customer
from tests.customers.factories import customer

from .helpers import demo

LIMIT = "credit_limit"
FOUNDED = (User, Customer, WorkflowVersion, ReportingLine, Substitution)


def test_the_command_tells_who_can_log_in(db):
    printed = demo()

    for person in people.PEOPLE:
        assert f"{person.username} " in printed and f" {person.finds}\n" in printed
    assert people.PASSWORD in printed


def test_the_command_walks_a_change_from_edit_to_applied(db):
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


def test_the_walk_shows_the_managers_step_for_a_raise_and_skips_it_for_less(db):
    raised, lowered = demo(), demo()

    manager = "Pieter Smit approves, in the step “Originator's manager”"
    assert manager in raised
    assert manager not in lowered and "Step skipped" in lowered


def test_the_walk_can_be_repeated(db):
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


def test_the_second_run_keeps_what_people_changed(db):
    demo()
    parameters.set_parameters(
        Customer, by=people.the("oskar"), entity_behavior=Behavior.REJECT, fields={"name": False}
    )
    counts = [model.objects.count() for model in FOUNDED]

    printed = demo()

    assert "it stays as you left it" in printed
    assert counts == [model.objects.count() for model in FOUNDED]
    assert parameters.ApprovalParameters.objects.get().entity_behavior == Behavior.REJECT
    assert "name" not in parameters.enabled_fields(Customer)


def test_the_walk_says_why_it_cannot_go_on(db):
    demo()
    parameters.set_parameters(Customer, by=people.the("oskar"), enabled=False)
    before = Customer.objects.get(account="AT-1001").credit_limit

    with pytest.raises(CommandError, match="not under approval"):
        demo()

    assert Customer.objects.get(account="AT-1001").credit_limit == before


def test_the_demo_refuses_a_database_with_people(clerk):
    with pytest.raises(CommandError, match="did not make"):
        demo()

    assert User.objects.count() == 1
    assert not Customer.objects.exists()


def test_the_demo_refuses_a_database_with_customers(db):
    customer("C-1")

    with pytest.raises(CommandError, match="did not make"):
        demo()


def test_the_demo_refuses_production_settings(db, settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        demo()

    assert not User.objects.exists()


def test_the_demo_refuses_a_database_with_another_programs_tables(db):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE invoices (id integer)")

    with pytest.raises(CommandError, match="did not make"):
        demo()
