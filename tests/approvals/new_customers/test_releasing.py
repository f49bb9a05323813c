"""What releases a held customer, and what does not."""

import pytest

from approvals import parameters, proposals
from approvals.models import Action, Kind, Outcome, Proposal, State, Verb, WorkflowEvent
from approvals.outcomes import Refused
from approvals.registry import HELD
from customers.models import Customer
from tests.unguarded import unguarded

from ..helpers import edit, vote
from .helpers import GOVERNED, is_held, proposed

pytestmark = pytest.mark.django_db


# When its proposal is gone


def test_the_release_is_not_discarded_before_the_rest(held, clerk):
    release = held.changes.get(field=HELD)
    with pytest.raises(Refused, match="Discard all"):
        proposals.discard_change(release.pk, by=clerk)
    for change in held.changes.exclude(field=HELD):
        proposals.discard_change(change.pk, by=clerk)
    proposals.discard_change(release.pk, by=clerk)
    held.refresh_from_db()
    assert held.state == State.DISCARDED


def test_it_is_not_submitted_without_what_is_required(held, clerk):
    proposals.discard_change(held.changes.get(field="name").pk, by=clerk)
    with pytest.raises(Refused, match="Name: This field is required"):
        proposals.submit(held.pk, by=clerk)


def test_it_is_not_released_without_what_is_required(held, clerk, approve):
    proposals.submit(held.pk, by=clerk)
    with unguarded():
        held.changes.filter(field="name").update(outcome=Outcome.DISCARDED)
    approve(held)
    assert held.state == State.CHANGE_REQUESTED
    assert is_held()
    conflict = held.events.get(verb=Verb.CONFLICT)
    assert "Name: This field is required" in conflict.comment


@pytest.mark.parametrize("values", [{}, {"phone": "050 123"}, {"name": "Ander B.V."}])
def test_after_discarding_all_the_next_save_proposes_the_release_again(held, clerk, values):
    proposals.discard_all(Customer.objects.get(account="NEW"), by=clerk)
    assert is_held()
    outcome = edit(clerk, "NEW", **values)
    [number] = outcome.proposals
    assert Proposal.objects.get(pk=number).kind == Kind.NEW
    assert proposed(number)[HELD] == ("1", "0")
    assert edit(clerk, "NEW", **values).status == "unchanged"


def test_after_its_proposal_was_terminated_a_draft_beside_it_takes_over(held, clerk, administrator):
    proposals.submit(held.pk, by=clerk)
    [number] = edit(clerk, "NEW", credit_limit="5").proposals
    proposals.terminate(held.pk, by=administrator, comment="A duplicate.")
    assert is_held()
    assert edit(clerk, "NEW", name="Weer B.V.", customer_group="10").proposals == {number}
    draft = Proposal.objects.get(pk=number)
    assert draft.kind == Kind.NEW
    assert set(proposed(draft)) == {"credit_limit", "name", "customer_group", HELD}


def test_a_rejected_one_stays_held_and_may_be_submitted_again(held, clerk, approver, approve):
    proposals.submit(held.pk, by=clerk)
    vote(approver, held, Action.REJECT, "Not creditworthy.")
    assert is_held()
    assert HELD in proposed(held)
    proposals.submit(held.pk, by=clerk)
    approve(held)
    assert not is_held()


# The switches


def test_with_the_parameter_off_a_held_one_still_needs_its_approval(
    held, clerk, approve, govern_fields
):
    govern_fields(*GOVERNED, approve_new=False)
    edit(clerk, "NEW", phone="050 123")
    assert is_held()
    proposals.submit(held.pk, by=clerk)
    approve(held)
    assert not is_held()


@pytest.fixture
def off(administrator):
    return lambda: parameters.set_parameters(Customer, by=administrator, enabled=False)


def test_with_approvals_off_a_save_that_completes_it_releases_it(held, clerk, off):
    off()
    outcome = edit(clerk, "NEW", phone="050 123")
    assert "Name" in outcome.warnings[0].message
    assert is_held()
    edit(clerk, "NEW", name="Nieuw B.V.", customer_group="10")
    assert not is_held()
    events = WorkflowEvent.objects.filter(record_key="NEW", field=HELD).order_by("id")
    assert [e.verb for e in events] == [Verb.PROPOSED, Verb.SUPERSEDED, Verb.CHANGED]
    held.refresh_from_db()
    assert (held.kind, set(proposed(held))) == (Kind.CHANGE, {"iban"})


def test_with_approvals_off_a_pending_one_is_released_by_its_approval_only(
    create, clerk, off, approve, govern_fields
):
    govern_fields("iban", approve_new=True)
    [number] = create().proposals
    proposal = proposals.submit(number, by=clerk)
    off()
    edit(clerk, "NEW", phone="050 123")
    assert is_held()
    approve(proposal)
    assert not is_held()
