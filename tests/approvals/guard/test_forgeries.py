"""An approval cannot be made up, and what was approved is what is applied."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from approvals import proposals
from approvals.models import Proposal
from customers.models import Customer
from tests.approvals.definitions import add_rows
from tests.approvals.helpers import edit
from tests.conftest import make_person, make_workflow, switch_fields
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .by_workflow import BY_REPLACING_IT, BY_WORKFLOW
from .forgeries import HERE, Stage

pytestmark = pytest.mark.django_db
ALL = HERE | BY_WORKFLOW | (BY_REPLACING_IT if connection.vendor == "sqlite" else {})


@pytest.fixture(scope="module")
def built(module_wide):
    """What the stage is made of, once for all: its proposal and people, by id."""
    steward, administrator = (
        make_person("steward", "Data steward"),
        make_person("a", "Administrator"),
    )
    clerk = make_person("clerk", "Clerk")
    approver, second = make_person("approver", "Approver"), make_person("second", "Approver")
    version = make_workflow(administrator, approver, second)
    customer("C1", name="One", credit_limit="100")
    customer("C2", name="Two", credit_limit="100")
    switch_fields(administrator, "credit_limit", "name", behavior="allow")
    edit(clerk, "C1", credit_limit="200")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    with unguarded():
        rule = version.automatic_actions.create(name="Very much", decision="approve")
        add_rows(rule, [("new", "credit_limit", "more", "1000000")])
        by_clerk = {"subject": "originator", "operator": "is", "person": clerk}
        add_rows(version.steps.get(position=2), [by_clerk])
    return proposal.pk, [person.pk for person in (clerk, approver, second, steward)]


@pytest.fixture
def stage(built, db):
    """As it was built: a forgery changes what it is given."""
    proposal, people = built
    return Stage(Proposal.objects.get(pk=proposal), *(User.objects.get(pk=pk) for pk in people))


def ids(forgery):
    return getattr(forgery, "__name__", "").replace("_", " ")


@pytest.mark.parametrize(("forgery", "why"), ALL.items(), ids=ids)
def test_no_forgery_goes_through(forgery, why, stage):
    with pytest.raises(IntegrityError, match=f"guard: .*({why})"), transaction.atomic():
        forgery(stage)


@pytest.mark.parametrize("forgery", ALL, ids=ids)
def test_control_without_the_guard_each_does(forgery, stage):
    with unguarded(), transaction.atomic():
        forgery(stage)
    limit, name = Customer.objects.values_list("credit_limit", "name").get(account="C1")
    assert (limit, name) != (100, "One")


def test_the_right_way_is_open(stage):
    stage.approve_all()
    assert Customer.objects.get(account="C1").credit_limit == 200
