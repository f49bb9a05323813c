"""Importing new customers while they need approval."""

import pytest

from approvals import proposals
from approvals.models import (
    Behavior,
    Kind,
    Proposal,
    ProposedChange,
    State,
    Verb,
    VersionState,
    WorkflowEvent,
    WorkflowVersion,
)
from approvals.outcomes import Change
from approvals.registry import HELD
from customers.models import Customer

from ..helpers import create_records, edit, import_source, live
from .helpers import IBAN, VALUES, is_held, why

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("behavior", [Behavior.PROPOSE, Behavior.REJECT])
def test_an_import_submits_what_it_creates(create, steward, behavior, approve):
    outcome = create(by=steward, source=import_source(steward, behavior))
    assert (outcome.status, outcome.held, is_held()) == ("created", True, True)
    proposal = Proposal.objects.get()
    assert (proposal.kind, proposal.state) == (Kind.NEW, State.PENDING)
    assert proposal.submitted_by == steward
    approve(proposal)
    assert not is_held()


@pytest.mark.parametrize("behavior", [Behavior.PROPOSE, Behavior.REJECT])
def test_an_import_creates_nothing_that_no_workflow_covers(create, steward, behavior):
    source = import_source(steward, behavior)
    WorkflowVersion.objects.update(state=VersionState.RETIRED)
    assert "No active workflow" in why(create(by=steward, source=source))[""]
    assert not Customer.objects.filter(account="NEW").exists()


def test_where_imports_may_change_without_approval_they_may_create_so(create, steward):
    outcome = create(by=steward, source=import_source(steward, Behavior.ALLOW))
    assert (outcome.held, is_held()) == (False, False)
    assert live("NEW", "iban") == IBAN
    proposal = Proposal.objects.get()
    assert (proposal.kind, proposal.state) == (Kind.NEW, State.NOT_REQUIRED)
    events = WorkflowEvent.objects.filter(
        record_key="NEW", verb=Verb.CHANGED_WITHOUT_APPROVAL
    ).order_by("id")
    assert {e.field: e.new for e in events} == {
        "name": "Nieuw B.V.",
        "customer_group": "10",
        "iban": IBAN,
        HELD: "0",
    }


@pytest.mark.parametrize("behavior", Behavior)
def test_the_same_row_again_changes_and_proposes_nothing(create, steward, behavior):
    create(by=steward, source=import_source(steward, behavior))
    count = ProposedChange.objects.count()
    again = edit(steward, "NEW", source=import_source(steward, behavior), **VALUES)
    assert again.status == "unchanged"
    assert ProposedChange.objects.count() == count


def test_an_import_neither_releases_a_held_one_nor_proposes_that(held, clerk, steward):
    proposals.discard_all(Customer.objects.get(account="NEW"), by=clerk)
    edit(steward, "NEW", source=import_source(steward, Behavior.ALLOW), **VALUES)
    assert is_held()
    edit(steward, "NEW", source=import_source(steward, Behavior.PROPOSE), credit_limit="5")
    assert not ProposedChange.objects.filter(outcome="", field=HELD).exists()


def test_ten_new_ones_take_as_many_statements_as_two(
    steward, django_assert_max_num_queries, django_assert_num_queries
):
    source = import_source(steward, Behavior.PROPOSE)

    def take(*accounts):
        batch = [Change(account, VALUES) for account in accounts]
        outcomes = create_records(Customer, batch, by=steward, source=source)
        assert {o.status for o in outcomes} == {"created"}

    take("A0")  # What Django remembers from the first time.
    with django_assert_max_num_queries(40) as two:
        take("A1", "A2")
    with django_assert_num_queries(len(two)):
        take(*(f"B{n}" for n in range(10)))
