"""Delegate: somebody else decides on behalf of whoever had the work item."""

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from approvals import proposals
from approvals.deciding import reassigning
from approvals.deciding.delegating import candidates, delegate
from approvals.models import Decision, Delegation, ItemState, Notification, State, WorkItem
from approvals.outcomes import Refused

from ..definitions import change_step
from ..helpers import edit, item_of, live, vote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")


@pytest.fixture
def dan(person):
    return person("dan", "Approver", first_name="Dan", last_name="Delegate")


@pytest.fixture
def eve(person):
    return person("eve", "Approver", first_name="Eve", last_name="Else")


def holders(proposal):
    """Who has an open work item, and on whose behalf."""
    items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN).order_by("pk")
    return [
        (item.assignee.username, item.on_behalf_of and item.on_behalf_of.username) for item in items
    ]


def hand(by, proposal, to, comment="I am at the fair"):
    delegate(item_of(proposal, by).pk, to, comment, by=by)


def test_the_delegate_decides_on_behalf_of_who_delegated(approver, dan, propose):
    proposal = propose("A")
    hand(approver, proposal, dan)
    assert holders(proposal) == [("dan", "approver")]
    assert vote(dan, proposal).done
    decision = Decision.objects.get()
    assert (decision.person, decision.on_behalf_of) == (dan, approver)
    event = proposal.events.get(verb="approved")
    assert (event.actor, event.on_behalf_of) == (dan, approver)


def test_the_history_says_from_whom_to_whom_and_why(approver, dan, propose):
    proposal = propose("A")
    hand(approver, proposal, dan)
    event = proposal.events.get(verb="delegated")
    assert event.actor == approver
    assert event.comment == (
        "From Anna Approver to Dan Delegate on behalf of Anna Approver\nI am at the fair"
    )
    assert Delegation.objects.get().comment == "I am at the fair"


def test_who_delegated_can_no_longer_decide(approver, dan, propose):
    proposal = propose("A")
    hand(approver, proposal, dan)
    result = vote(approver, proposal)
    assert not result.done
    assert "Delegated by Anna Approver" in result.message


def test_the_delegate_is_told(approver, dan, propose):
    hand(approver, propose("A"), dan)
    assert Notification.objects.filter(person=dan, occasion="assigned").count() == 1


@pytest.mark.parametrize("comment", ["", " \n "])
def test_a_comment_is_required(approver, dan, propose, comment):
    proposal = propose("A")
    with pytest.raises(Refused, match="a reason is required"):
        hand(approver, proposal, dan, comment)
    assert holders(proposal) == [("approver", None)]


def test_later_steps_go_to_the_delegate_of_who_is_assigned_there(
    approver, dan, eve, propose, workflow
):
    change_step(workflow.steps.get(position=2), users=[approver, eve])
    proposal = propose("A")
    hand(approver, proposal, dan)
    assert vote(dan, proposal).done
    assert holders(proposal) == [("dan", "approver"), ("eve", None)]


def test_a_delegation_outlasts_that_the_proposal_comes_back(
    approver, clerk, dan, second_approver, propose
):
    proposal = propose("A")
    hand(approver, proposal, dan)
    vote(dan, proposal, "request_change", "Lower, please")
    proposals.submit(proposal.pk, by=clerk)
    assert holders(proposal) == [("dan", "approver")]
    proposals.recall(proposal.pk, by=clerk)
    proposals.submit(proposal.pk, by=clerk)
    assert holders(proposal) == [("dan", "approver")]


def test_a_delegation_is_for_one_proposal_only(approver, dan, propose):
    hand(approver, propose("A"), dan)
    assert holders(propose("B")) == [("approver", None)]


def test_a_delegate_delegates_on_and_it_stays_on_behalf_of_the_first(
    approver, clerk, dan, eve, propose
):
    proposal = propose("A")
    hand(approver, proposal, dan)
    hand(dan, proposal, eve)
    assert holders(proposal) == [("eve", "approver")]
    event = proposal.events.filter(verb="delegated").latest("pk")
    assert (event.actor, event.on_behalf_of) == (dan, approver)
    vote(eve, proposal, "reject", "No")
    proposals.submit(proposal.pk, by=clerk)
    assert holders(proposal) == [("eve", "approver")]


def test_giving_it_back_ends_the_delegation(approver, clerk, dan, propose):
    proposal = propose("A")
    hand(approver, proposal, dan)
    hand(dan, proposal, approver)
    assert holders(proposal) == [("approver", None)]
    vote(approver, proposal, "reject", "No")
    assert Decision.objects.get().on_behalf_of is None
    proposals.submit(proposal.pk, by=clerk)
    assert holders(proposal) == [("approver", None)]


def test_giving_it_back_along_a_chain_ends_it_too(approver, clerk, dan, eve, propose):
    proposal = propose("A")
    hand(approver, proposal, dan)
    hand(dan, proposal, eve)
    hand(eve, proposal, approver)
    vote(approver, proposal, "reject", "No")
    proposals.submit(proposal.pk, by=clerk)
    assert holders(proposal) == [("approver", None)]


def test_who_has_handed_on_his_own_hands_on_what_he_is_given(
    approver, clerk, dan, eve, propose, workflow
):
    change_step(workflow.steps.get(position=1), policy="all", add=[dan])
    proposal = propose("A")
    hand(dan, proposal, eve)
    hand(approver, proposal, dan)
    vote(eve, proposal, "reject", "No")
    proposals.submit(proposal.pk, by=clerk)
    # Eve takes one place, the first one's.
    assert holders(proposal) == [("eve", "approver"), ("dan", None)]


def test_where_several_approve_one_delegate_takes_one_place(approver, dan, eve, propose, workflow):
    change_step(workflow.steps.get(position=1), policy="all", add=[eve])
    proposal = propose("A")
    hand(approver, proposal, dan)
    assert sorted(holders(proposal)) == [("dan", "approver"), ("eve", None)]
    assert proposal.step_runs.get().votes_needed == 2
    assert vote(dan, proposal).done
    assert proposal.step_runs.count() == 1
    assert vote(eve, proposal).done
    assert proposal.step_runs.count() == 2


# Who gets it


def refused(by, proposal, to, why):
    before = holders(proposal)
    with pytest.raises(Refused, match=why):
        hand(by, proposal, to)
    assert holders(proposal) == before
    assert not Delegation.objects.exists()


def test_nobody_delegates_to_himself(approver, propose):
    refused(approver, propose("A"), approver, "Choose somebody else")


def test_somebody_inactive_gets_nothing(approver, dan, propose):
    dan.is_active = False
    dan.save()
    refused(approver, propose("A"), dan, "Dan Delegate is not active")


def test_who_may_not_decide_gets_nothing(approver, auditor, administrator, propose):
    proposal = propose("A")
    refused(approver, proposal, auditor, "Audrey Auditor does not have the right to decide")
    refused(approver, proposal, administrator, "does not have the right to decide")


def test_a_contributor_gets_nothing(approver, clerk, propose):
    clerk.groups.add(Group.objects.get(name="Approver"))
    refused(approver, propose("A"), clerk, "Clara Clerk contributed")


def test_who_has_a_work_item_in_the_step_gets_no_other(approver, eve, propose, workflow):
    change_step(workflow.steps.get(position=1), add=[eve])
    refused(approver, propose("A"), eve, "has a work item in this step already")


def test_who_has_decided_in_the_step_gets_no_other(approver, eve, propose, workflow):
    change_step(workflow.steps.get(position=1), policy="all", add=[eve])
    proposal = propose("A")
    vote(eve, proposal)
    refused(approver, proposal, eve, "has decided in this step already")


# Who delegates


def test_nobody_delegates_what_is_not_his(approver, eve, dan, propose):
    item = item_of(propose("A"), approver)
    with pytest.raises(Refused, match="not assigned to you"):
        delegate(item.pk, dan, "Why not", by=eve)
    with pytest.raises(Refused, match="not assigned to you"):
        delegate(4711, dan, "Why not", by=eve)


def test_without_the_right_to_decide_nobody_delegates(approver, dan, propose):
    proposal = propose("A")
    approver.groups.clear()
    refused(User.objects.get(pk=approver.pk), proposal, dan, "no longer have the right")


def test_what_is_decided_is_not_delegated(approver, dan, propose):
    proposal = propose("A")
    vote(approver, proposal)
    with pytest.raises(Refused, match="Already approved by Anna Approver"):
        hand(approver, proposal, dan)


def test_what_somebody_else_has_claimed_is_not_delegated(approver, dan, eve, propose, workflow):
    change_step(workflow.steps.get(position=1), add=[eve])
    proposal = propose("A")
    proposal.step_runs.update(claimed_by=eve, claimed_at=proposal.submitted_at)
    with pytest.raises(Refused, match="Claimed by Eve Else"):
        hand(approver, proposal, dan)


def test_a_claim_ends_with_the_work_item_of_who_made_it(
    approver, administrator, dan, eve, propose, workflow
):
    change_step(workflow.steps.get(position=1), add=[eve])
    proposal = propose("A")
    proposal.step_runs.update(claimed_by=eve, claimed_at=proposal.submitted_at)
    reassigning.reassign([item_of(proposal, approver).pk], dan, "Away", by=administrator)
    assert proposal.step_runs.get().claimed_by == eve
    hand(eve, proposal, approver)
    run = proposal.step_runs.get()
    assert (run.claimed_by, run.claimed_at) == (None, None)


def test_a_recalled_proposal_leaves_nothing_with_the_delegate(approver, clerk, dan, propose):
    proposal = propose("A")
    hand(approver, proposal, dan)
    proposals.recall(proposal.pk, by=clerk)
    assert not WorkItem.objects.filter(state=ItemState.OPEN).exists()
    assert not vote(dan, proposal).done


# The delegate and his delegator's own change


@pytest.fixture
def resubmitted_by_the_delegator(approver, dan, eve, propose, workflow):
    """`approver` delegates to Dan; the proposal comes back, and he edits and submits it."""
    change_step(workflow.steps.get(position=1), add=[eve])
    approver.groups.add(Group.objects.get(name="Clerk"))
    approver = User.objects.get(pk=approver.pk)
    proposal = propose("A")
    hand(approver, proposal, dan)
    vote(dan, proposal, "request_change", "Lower, please")
    edit(approver, "A", credit_limit="9")
    return proposals.submit(proposal.pk, by=approver)


def test_a_delegate_gets_nothing_of_what_his_delegator_has_changed(
    resubmitted_by_the_delegator, dan, approver
):
    assert holders(resubmitted_by_the_delegator) == [("eve", None)]
    for person in (dan, approver):
        assert not vote(person, resubmitted_by_the_delegator).done


def test_not_even_a_work_item_that_is_his_delegators_lets_him_decide(
    resubmitted_by_the_delegator, dan, approver
):
    WorkItem.objects.filter(state="open").update(assignee=dan, on_behalf_of=approver)
    result = vote(dan, resubmitted_by_the_delegator)
    assert "The person you stand in for contributed" in result.message
    with pytest.raises(Refused, match="The person you stand in for contributed"):
        candidates(item_of(resubmitted_by_the_delegator, dan).pk, by=dan)


def test_what_is_offered_is_what_is_taken(approver, clerk, dan, eve, propose, workflow, auditor):
    clerk.groups.add(Group.objects.get(name="Approver"))
    change_step(workflow.steps.get(position=1), add=[eve])
    proposal = propose("A")
    offered = candidates(item_of(proposal, approver).pk, by=approver)
    assert [person.username for person in offered] == ["second_approver", "dan"]


# The page


def url_of(proposal, person):
    return reverse("approvals:delegate", args=[item_of(proposal, person).pk])


def test_the_page_offers_who_can_get_it_and_delegates(client, approver, dan, propose):
    proposal = propose("A")
    client.force_login(approver)
    page = client.get(url_of(proposal, approver)).content.decode()
    assert "Dan Delegate (dan)" in page and "1,000.00" in page
    assert "(approver)" not in page.split("<form", 2)[-1]
    sent = {"to": dan.pk, "comment": "I am away"}
    response = client.post(url_of(proposal, approver), sent, follow=True)
    assert "A: delegated to Dan Delegate." in response.content.decode()
    assert holders(proposal) == [("dan", "approver")]


@pytest.mark.parametrize("to", ["", "x", "9" * 40, "\0", "-1"])
def test_a_senseless_choice_is_shown_beside_its_field(client, approver, propose, to):
    proposal = propose("A")
    client.force_login(approver)
    response = client.post(url_of(proposal, approver), {"to": to, "comment": "y"})
    assert response.status_code == 200 and response.context["form"].errors["to"]
    assert holders(proposal) == [("approver", None)]


def test_the_page_says_why_somebody_cannot_get_it(client, approver, auditor, propose):
    proposal = propose("A")
    client.force_login(approver)
    sent = {"to": auditor.pk, "comment": "y"}
    page = client.post(url_of(proposal, approver), sent).content.decode()
    assert "Audrey Auditor does not have the right to decide." in page


def test_the_page_of_somebody_elses_work_item_is_refused(client, approver, eve, clerk, propose):
    proposal = propose("A")
    for person in (eve, clerk):
        client.force_login(person)
        assert client.get(url_of(proposal, approver)).status_code == 403
        assert client.post(url_of(proposal, approver)).status_code == 403


def test_a_stale_page_says_what_happened(client, approver, dan, propose):
    proposal = propose("A")
    url = url_of(proposal, approver)
    hand(approver, proposal, dan)
    client.force_login(approver)
    for send in (client.get, client.post):
        assert "Delegated by Anna Approver" in send(url, follow=True).content.decode()


def test_where_nobody_else_may_decide_the_page_says_so(client, approver, second_approver, propose):
    second_approver.is_active = False
    proposal = propose("A")
    second_approver.save()
    client.force_login(approver)
    assert "There is nobody else" in client.get(url_of(proposal, approver)).content.decode()


def test_the_menu_offers_it_to_who_may_decide_alone(client, approver, clerk, propose):
    proposal = propose("A")
    page = reverse("customers:proposed_changes", args=[proposal.object_id])
    for person, offered in ((approver, True), (clerk, False)):
        client.force_login(person)
        assert (url_of(proposal, approver) in client.get(page).content.decode()) == offered


def test_the_value_is_applied_in_the_end(approver, second_approver, dan, propose):
    proposal = propose("A")
    hand(approver, proposal, dan)
    vote(dan, proposal)
    vote(second_approver, proposal)
    assert proposal.state == State.APPROVED
    assert live("A", "credit_limit") == "1000.00"
