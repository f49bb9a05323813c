"""The demo's command: what it tells, its walk, and that it touches no database but its own."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from approvals import parameters
from approvals.models import (
    Behavior,
    ReportingLine,
    Substitution,
    WorkflowVersion,
)
from customers.demo import people
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
