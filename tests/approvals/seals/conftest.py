"""A history with everything in it: creation, import, proposals, decisions, switches."""

import pytest

from approvals import proposals
from approvals.models import Behavior, Proposal
from approvals.outcomes import BROWSER, Change
from customers.models import Currency, Customer, CustomerGroup
from tests.approvals.helpers import create_records, edit, import_source, vote


def create(by, *accounts):
    """New customers, through the door."""
    values = {"name": "New", "customer_group": "10", "credit_limit": "100", "country": "NL"}
    outcomes = create_records(
        Customer, [Change(a, values) for a in accounts], by=by, source=BROWSER
    )
    assert not any(outcome.errors for outcome in outcomes), outcomes


@pytest.fixture
def customer_codes(db):
    """What a new customer refers to."""
    CustomerGroup.objects.get_or_create(code="10", defaults={"name": "Group"})
    Currency.objects.get_or_create(code="EUR", defaults={"name": "Euro"})


@pytest.fixture
def history(workflow, customer_codes, govern_fields, clerk, approver, second_approver, steward):
    """Fifty entries or more about six customers; returns what writes some more."""
    create(clerk, "C1", "C2", "C3")
    govern_fields("credit_limit", "name", behavior=Behavior.ALLOW, approve_new=True)
    create(clerk, "C4", "C5")
    for proposal in Proposal.objects.filter(record_key="C4"):
        proposals.submit(proposal.pk, by=clerk, note="Please: “größer”, 大きい")
        vote(approver, proposal)
        vote(second_approver, proposal)
    edit(clerk, "C1", credit_limit="200", phone="030 000 1", notes="One\ntwo")
    edit(clerk, "C2", credit_limit="", name="Other", phone="030 000 2")
    edit(
        steward,
        "C3",
        source=import_source(steward, Behavior.ALLOW),
        credit_limit="7",
        phone="030 000 3",
    )
    [first, *_rest] = Proposal.objects.filter(record_key="C1")
    proposals.submit(first.pk, by=clerk)
    vote(approver, first)
    vote(second_approver, first)

    def more():
        edit(clerk, "C2", phone="030 000 4", street="5")

    more()
    return more
