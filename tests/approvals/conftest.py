"""Submitted and imported changes that wait for a decision."""

import pytest

from approvals import proposals
from approvals.models import Behavior, Proposal, WorkflowVersion
from customers.models import Customer
from tests.customers.factories import customer

from .helpers import edit, import_source


@pytest.fixture
def propose(clerk):
    """A function that submits a change of a new customer, and returns the proposal."""

    def make(account=None, by=clerk, note="", **values):
        record = customer(account)
        edit(by, record.account, **(values or {"credit_limit": "1000"}))
        proposal = Proposal.objects.get(object_id=record.pk)
        return proposals.submit(proposal.pk, by=by, note=note)

    return make


@pytest.fixture
def propose_by_import(steward):
    """A function that imports credit limits of new customers; returns the import's job."""

    def make(*accounts):
        from approvals.changes import change_records
        from approvals.outcomes import Change

        source = import_source(steward, Behavior.PROPOSE)
        changes = [Change(customer(key).account, {"credit_limit": "5"}) for key in accounts]
        change_records(Customer, changes, by=steward, source=source)
        return source.job

    return make


@pytest.fixture
def as_administrator(client, administrator):
    """A browser in which an administrator is logged in."""
    client.force_login(administrator)
    return client


@pytest.fixture
def as_auditor(client, auditor):
    """A browser in which an auditor who may enter Django admin is logged in."""
    auditor.is_staff = True
    auditor.save()
    client.force_login(auditor)
    return client


@pytest.fixture
def draft(as_administrator):
    """The draft of a workflow made on the page."""
    as_administrator.post("/admin/approvals/workflow/add/", {"name": "Credit", "position": "1"})
    return WorkflowVersion.objects.get(workflow__name="Credit")
