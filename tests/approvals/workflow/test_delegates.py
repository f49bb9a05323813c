"""Who gets in later steps what goes to somebody who has delegated."""

import pytest

from approvals.models import Delegation, Policy, State, Verb, WorkItem

from ..definitions import define
from ..helpers import vote
from .helpers import named, preview, submit, usernames

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(govern_fields):
    govern_fields("credit_limit", "iban")


def delegate(proposal, person, to):
    now = proposal.submitted_at
    Delegation.objects.create(proposal=proposal, person=person, delegate=to, comment="Away", at=now)


def test_in_later_steps_a_delegate_gets_what_would_have_gone_to_the_one_who_delegated(clerk, three):
    sue, jo, bill = three
    define("Customers", named("First", sue), named("Second", jo))
    proposal = submit(clerk)
    delegate(proposal, jo, bill)
    vote(sue, proposal)
    item = WorkItem.objects.get(state="open")
    assert (item.assignee, item.on_behalf_of) == (bill, jo)
    vote(bill, proposal)
    assert proposal.state == State.APPROVED
    approved = proposal.events.filter(verb=Verb.APPROVED).last()
    assert (approved.actor, approved.on_behalf_of) == (bill, jo)


def test_a_delegation_is_good_for_its_proposal_only(clerk, three):
    sue, jo, bill = three
    define("Customers", named("Check", jo))
    delegate(submit(clerk), jo, bill)
    assert submit(clerk, account="C2").step_runs.get().work_items.get().assignee == jo


def test_delegates_may_delegate_on(clerk, three):
    sue, jo, bill = three
    define("Customers", named("Check", sue))
    [assignee] = preview(clerk, delegates={sue.pk: jo.pk, jo.pk: bill.pk}).steps[0].people
    assert (assignee.person, assignee.on_behalf_of) == (bill.pk, sue.pk)


def test_a_circle_of_delegates_ends(clerk, three):
    sue, jo, _bill = three
    define("Customers", named("Check", sue))
    [assignee] = preview(clerk, delegates={sue.pk: jo.pk, jo.pk: sue.pk}).steps[0].people
    assert assignee.person in (sue.pk, jo.pk)


def test_a_delegate_who_contributed_or_lost_the_right_does_not_get_it(clerk, three):
    sue, jo, _bill = three
    define("Customers", named("Check", sue))
    delegates = {sue.pk: jo.pk}
    found = preview(clerk, delegates=delegates, contributors=[jo])
    assert usernames(found.steps[0].people) == ["sue"]
    jo.groups.clear()
    assert usernames(preview(clerk, delegates=delegates).steps[0].people) == ["sue"]


def test_a_delegate_never_gets_what_a_contributor_would_have_decided(clerk, three):
    """Segregation of duties looks through the delegation."""
    sue, jo, _bill = three
    define("Customers", named("Check", sue))
    found = preview(clerk, delegates={sue.pk: jo.pk}, contributors=[sue])
    assert found.steps[0].people == ()
    assert found.refusal


def test_two_who_delegate_to_the_same_person_keep_two_votes(clerk, three):
    sue, jo, bill = three
    define("Customers", named("Check", sue, jo, policy=Policy.ALL))
    people = preview(clerk, delegates={sue.pk: bill.pk, jo.pk: bill.pk}).steps[0].people
    assert len({assignee.person for assignee in people}) == 2
