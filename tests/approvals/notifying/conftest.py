"""A workflow, and changes that are proposed and submitted in it."""

import pytest
from django.core.cache import cache

from approvals import proposals
from approvals.models import AutomaticAction, Behavior, Operator, Proposal, Subject
from tests.approvals.helpers import edit
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .helpers import SITE


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields, settings):
    settings.SITE_URL = SITE + "/"
    cache.clear()
    govern_fields("credit_limit", "name", behavior=Behavior.PROPOSE)


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """A context: what happens in it is committed at its end, and its mail sent."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def reader(person):
    return person("reader", "Clerk", first_name="Rita")


@pytest.fixture
def propose(clerk):
    """A function that proposes a change of a new customer, and returns the proposal."""

    def make(account, by=clerk, **values):
        record = customer(account, name=f"Customer {account}")
        edit(by, account, **(values or {"credit_limit": "1000"}))
        return Proposal.objects.get(object_id=record.pk)

    return make


@pytest.fixture
def submitted(propose, clerk):
    """A function that submits a change of a new customer, and returns the proposal."""
    return lambda account, **values: proposals.submit(propose(account, **values).pk, by=clerk)


@pytest.fixture
def always(workflow):
    """A function that adds a rule that decides every credit limit, without a person."""

    def add(decision):
        with unguarded():
            rule = AutomaticAction.objects.create(
                version=workflow, position=1, name="Small amounts", decision=decision
            )
            rule.conditions.create(
                subject=Subject.NEW, field="credit_limit", operator=Operator.NOT_EMPTY
            )

    return add
