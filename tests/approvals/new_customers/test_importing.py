"""Importing new customers while they need approval."""

import pytest

from approvals import changes, proposals
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


@pytest.mark.parametrize(
    ("behavior", "values", "status"),
    [
        (Behavior.PROPOSE, VALUES, "failed"),  # It is held, and so not for use.
        (Behavior.ALLOW, VALUES, "updated"),
        (Behavior.ALLOW, VALUES | {"iban": "NL00"}, "failed"),  # It is not created.
    ],
)
def test_a_known_one_may_refer_to_a_new_one_that_is_for_use(steward, behavior, values, status):
    meant = [
        Change("OLD", {"invoice_account": "NEW"}, number=2),
        Change("NEW", values, number=3, new=True),
        Change("OTHER", VALUES, number=4, new=True),
    ]
    source = import_source(steward, behavior)
    outcomes = changes.change_records(Customer, meant, by=steward, source=source)
    assert [outcome.number for outcome in outcomes] == [2, 3, 4]
    assert outcomes[0].status == status
    assert live("OLD", "invoice_account") == ("NEW" if status == "updated" else None)
    assert Customer.objects.filter(account="OTHER").exists()


def test_new_and_known_ones_in_one_call_are_each_proposed(steward, approve):
    meant = [Change("NEW", VALUES, new=True), Change("OLD", {"name": "Newer", "phone": "030"})]
    source = import_source(steward, Behavior.PROPOSE)
    outcomes = changes.change_records(Customer, meant, by=steward, source=source)
    assert [(o.status, why(o)) for o in outcomes] == [("created", {}), ("proposed", {})]
    for proposal in Proposal.objects.all():
        assert proposal.state == State.PENDING
        approve(proposal)
    assert (is_held(), live("OLD", "name"), live("OLD", "phone")) == (False, "Newer", "030")
    assert set(Proposal.objects.values_list("record_key", "kind", "state")) == {
        ("NEW", Kind.NEW, State.APPROVED),
        ("OLD", Kind.CHANGE, State.APPROVED),
    }


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
