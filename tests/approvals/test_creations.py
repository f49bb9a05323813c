"""What the door does with new customers."""

import json

import pytest
from django.core.exceptions import PermissionDenied

from approvals.models import Verb, WorkflowEvent
from approvals.outcomes import BROWSER, Change
from customers.models import Customer
from tests.approvals.helpers import create_records
from tests.customers.factories import customer

pytestmark = pytest.mark.django_db


def create(by, *accounts, **values):
    defaults = {"name": "New", "customer_group": "10", "currency": "EUR"} | values
    batch = [Change(account, defaults) for account in accounts]
    return create_records(Customer, batch, by=by, source=BROWSER)


@pytest.fixture(autouse=True)
def one_customer(db):
    return customer("C1")


def test_a_new_customer_is_stored_with_its_values_in_the_history(clerk):
    [outcome] = create(clerk, "C2", credit_limit="5")
    assert outcome.status == "created"
    row = Customer.objects.get(account="C2")
    assert outcome.record_id == row.pk
    event = WorkflowEvent.objects.get(object_id=row.pk, verb=Verb.CREATED)
    assert json.loads(event.new)["credit_limit"] == "5.00"


@pytest.mark.parametrize("account", ["C1", "c1", " C1 ", "", " ", "=C9", "a\u200bb", "a\tb"])
def test_a_key_that_exists_in_any_case_or_is_not_a_good_key_fails(clerk, account):
    [outcome] = create(clerk, account)
    assert outcome.status == "failed"
    assert Customer.objects.count() == 1


def test_the_same_new_key_twice_creates_one(clerk):
    first, second = create(clerk, "C2", "C2")
    assert (first.status, second.status) == ("created", "failed")


def test_required_fields_are_asked_for_by_name(clerk):
    [outcome] = create(clerk, "C2", name="", customer_group="")
    assert {error.field for error in outcome.errors} == {"name", "customer_group"}


def test_a_new_customer_may_refer_to_one_earlier_in_the_batch_not_to_a_later_one(clerk):
    base = {"name": "New", "customer_group": "10", "currency": "EUR"}
    batch = [
        Change("C2", base | {"invoice_account": "C2"}),
        Change("C3", base | {"invoice_account": "C2"}),
        Change("C4", base | {"invoice_account": "C5"}),
        Change("C5", base),
    ]
    outcomes = create_records(Customer, batch, by=clerk, source=BROWSER)
    assert [o.status for o in outcomes] == ["created", "created", "failed", "created"]
    assert Customer.objects.get(account="C3").invoice_account_id == "C2"


def test_without_the_right_nobody_creates(auditor):
    with pytest.raises(PermissionDenied):
        create(auditor, "C2")
