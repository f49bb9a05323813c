"""What one connection has not committed yet, another one waits for."""

import threading

import pytest
from django.db import connection, transaction

from approvals import proposals
from approvals.models import Proposal, ProposedChange, State
from tests.approvals.helpers import edit
from tests.customers.factories import customer
from tests.unguarded import unguarded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def draft(clerk, workflow, govern_fields):
    customer("C1", credit_limit="100")
    govern_fields("credit_limit")
    edit(clerk, "C1", credit_limit="200")
    return Proposal.objects.get()


def submits_meanwhile(draft, clerk):
    """Whether it is submitted while somebody has exchanged its value, and not committed."""

    def submit():
        try:
            proposals.submit(draft.pk, by=clerk)
        finally:
            connection.close()

    submitting = threading.Thread(target=submit)
    with transaction.atomic():
        ProposedChange.objects.update(value="777.00")
        submitting.start()
        submitting.join(1)
        meanwhile = not submitting.is_alive()
    submitting.join(20)
    draft.refresh_from_db()
    assert draft.state == State.PENDING
    return meanwhile


def test_nobody_submits_what_somebody_is_about_to_exchange(draft, clerk):
    assert not submits_meanwhile(draft, clerk)


def test_control_without_the_guard_it_is_submitted_and_then_exchanged(draft, clerk):
    with unguarded():
        assert submits_meanwhile(draft, clerk)
