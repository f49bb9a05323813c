"""New customers need approval, and one of them is held."""

import pytest

from approvals.models import Proposal
from approvals.outcomes import BROWSER, Change
from customers.models import Customer
from tests.customers.factories import customer

from ..helpers import create_records, vote
from .helpers import GOVERNED, VALUES


@pytest.fixture(autouse=True)
def new_customers_need_approval(govern_fields, workflow):
    govern_fields(*GOVERNED, approve_new=True)
    return customer("OLD")


@pytest.fixture
def create(clerk):
    def make(account="NEW", by=clerk, source=BROWSER, **values):
        meant = [Change(account, VALUES | values)]
        [outcome] = create_records(Customer, meant, by=by, source=source)
        return outcome

    return make


@pytest.fixture
def held(create):
    """A new customer whose proposal is not submitted; returns the proposal."""
    [number] = create().proposals
    return Proposal.objects.get(pk=number)


@pytest.fixture
def approve(approver, second_approver):
    def both(proposal):
        vote(approver, proposal)
        return vote(second_approver, proposal)

    return both
