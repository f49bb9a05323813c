"""Editing a new customer while it is held."""

import pytest

from approvals import proposals
from approvals.models import Action, Kind, Proposal, State
from approvals.registry import HELD

from ..helpers import edit, live, vote
from .helpers import is_held, proposed

pytestmark = pytest.mark.django_db


def test_edits_go_into_its_proposal(held, clerk):
    edit(clerk, "NEW", name="Ander B.V.", credit_limit="5", phone="040 123")
    assert Proposal.objects.get() == held
    assert proposed(held)["name"] == ("", "Ander B.V.")
    assert proposed(held)["credit_limit"] == (None, "5.00")
    assert live("NEW", "phone") == "040 123"
    assert is_held()


@pytest.mark.parametrize("submitted", [False, True])
def test_saving_a_held_customer_that_is_complete_does_not_release_it(
    create, clerk, approve, govern_fields, submitted
):
    govern_fields("iban", approve_new=True)
    [number] = create().proposals
    held = Proposal.objects.get(pk=number)
    assert live("NEW", "name") == "Nieuw B.V."
    if submitted:
        proposals.submit(held.pk, by=clerk)
    assert HELD not in [change.field for change in edit(clerk, "NEW", phone="040 123").direct]
    assert (is_held(), Proposal.objects.get()) == (True, held)
    if submitted:
        approve(held)
        assert not is_held()


def test_what_was_missing_goes_into_the_proposal_that_came_back(held, clerk, approver, approve):
    proposals.submit(held.pk, by=clerk)
    vote(approver, held, Action.REQUEST_CHANGE, "Which limit?")
    edit(clerk, "NEW", credit_limit="5")
    assert Proposal.objects.get() == held
    proposals.submit(held.pk, by=clerk)
    approve(held)
    assert (live("NEW", "credit_limit"), is_held()) == ("5.00", False)


def test_while_it_is_pending_other_fields_are_a_change_that_releases_nothing(held, clerk, approve):
    proposals.submit(held.pk, by=clerk)
    [number] = edit(clerk, "NEW", credit_limit="5").proposals
    second = Proposal.objects.get(pk=number)
    assert (second.kind, list(proposed(second))) == (Kind.CHANGE, ["credit_limit"])
    proposals.submit(second.pk, by=clerk)
    approve(second)
    assert (live("NEW", "credit_limit"), is_held()) == ("5.00", True)
    approve(held)
    assert (live("NEW", "name"), is_held()) == ("Nieuw B.V.", False)


@pytest.mark.parametrize("first", ["new", "change"])
def test_recalled_beside_another_proposal_both_become_the_one_that_releases(
    held, clerk, approve, first
):
    proposals.submit(held.pk, by=clerk)
    [number] = edit(clerk, "NEW", credit_limit="5").proposals
    proposals.submit(number, by=clerk)
    order = (held.pk, number) if first == "new" else (number, held.pk)
    for pk in order:
        proposals.recall(pk, by=clerk)
    joined = Proposal.objects.get(state=State.NOT_SUBMITTED)
    assert (joined.pk, joined.kind) == (order[1], Kind.NEW)
    assert {"credit_limit", HELD} < set(proposed(joined))
    proposals.submit(joined.pk, by=clerk)
    approve(joined)
    assert (live("NEW", "credit_limit"), is_held()) == ("5.00", False)
