"""Substitution: what a substitute may decide, and on which days."""

import datetime

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from approvals.deciding import decisions, substitutions
from approvals.deciding.delegating import delegate
from approvals.models import Decision, Substitution, Workflow
from customers.models import Customer

from ..definitions import change_step
from ..helpers import item_of
from .substitutes import decide_as, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")


@pytest.fixture
def sue(person):
    return person("sue", "Approver", first_name="Sue", last_name="Substitute")


def test_a_substitute_decides_on_behalf_of_who_is_away(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    assert decide_as(sue, proposal, approver).done
    decision = Decision.objects.get()
    assert (decision.person, decision.on_behalf_of) == (sue, approver)
    event = proposal.events.get(verb="approved")
    assert (event.actor, event.on_behalf_of) == (sue, approver)


def test_the_work_item_stays_with_its_assignee_who_may_decide_too(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    assert item_of(proposal, approver).state == "open"
    assert not proposal.work_items.filter(assignee=sue).exists()
    assert decide_as(approver, proposal, approver).done
    assert Decision.objects.get().on_behalf_of is None


def test_a_substitute_delegates_on_behalf_of_who_is_away(approver, sue, person, propose):
    proposal, dan = propose("A"), person("dan", "Approver")
    stored(approver, sue)
    delegate(item_of(proposal, approver).pk, dan, "We are both away", by=sue)
    assert item_of(proposal, dan).on_behalf_of == approver
    event = proposal.events.get(verb="delegated")
    assert (event.actor, event.on_behalf_of) == (sue, approver)


@pytest.mark.parametrize(
    ("first", "last", "done"),
    [(0, 0, True), (-3, 0, True), (0, 3, True), (-1, 1, True), (1, 3, False), (-3, -1, False)],
)
def test_the_first_and_the_last_day_are_included(approver, sue, propose, first, last, done):
    proposal = propose("A")
    stored(approver, sue, first, last)
    assert decide_as(sue, proposal, approver).done == done


@pytest.mark.parametrize(("zone", "done"), [("Pacific/Kiritimati", True), ("UTC", False)])
def test_days_begin_and_end_in_the_time_zone_that_is_set(
    approver, sue, propose, monkeypatch, zone, done
):
    proposal = propose("A")
    day = datetime.date(2026, 5, 4)
    Substitution.objects.create(person=approver, substitute=sue, starts=day, ends=day)
    # On Kiritimati it is 2 a. m. on the 4th.
    late = datetime.datetime(2026, 5, 3, 12, 0, tzinfo=datetime.UTC)
    monkeypatch.setattr(timezone, "now", lambda: late)
    with timezone.override(zone):
        assert decide_as(sue, proposal, approver).done == done


def test_one_workflow_is_that_one_alone(approver, sue, propose, workflow):
    customers = ContentType.objects.get_for_model(Customer)
    other = Workflow.objects.create(content_type=customers, name="Other")
    proposal = propose("A")
    row = stored(approver, sue, workflow=other)
    result = decide_as(sue, proposal, approver)
    assert not result.done and "not assigned to you" in result.message
    Substitution._base_manager.filter(pk=row.pk).update(workflow=workflow.workflow)
    assert decide_as(sue, proposal, approver).done


def test_a_substitute_of_a_substitute_decides_nothing(approver, sue, person, propose):
    proposal, ted = propose("A"), person("ted", "Approver")
    stored(approver, sue)
    stored(sue, ted)
    assert not decide_as(ted, proposal, approver).done


def test_nobody_stands_in_for_who_has_left(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    User.objects.filter(pk=approver.pk).update(is_active=False)
    assert not decide_as(sue, proposal, approver).done


def test_nobody_stands_in_for_who_may_no_longer_decide(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    approver.groups.clear()
    assert not decide_as(sue, proposal, approver).done


def test_a_substitute_without_the_right_decides_nothing(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    sue.groups.clear()
    result = decide_as(User.objects.get(pk=sue.pk), proposal, approver)
    assert not result.done and "no longer have the right" in result.message


def test_a_substitute_does_not_decide_what_he_proposed(approver, sue, propose):
    sue.groups.add(Group.objects.get(name="Clerk"))
    sue = User.objects.get(pk=sue.pk)
    proposal = propose("A", by=sue)
    stored(approver, sue)
    result = decide_as(sue, proposal, approver)
    assert not result.done and "You contributed to this proposal" in result.message


def test_a_substitute_does_not_decide_what_who_is_away_proposed(approver, sue, propose):
    proposal = propose("A")
    proposal.contributors.create(person=approver, role="edited")
    stored(approver, sue)
    result = decide_as(sue, proposal, approver)
    assert not result.done and "The person you stand in for contributed" in result.message


def test_a_substitute_votes_once_in_a_step(approver, sue, propose, workflow):
    change_step(workflow.steps.get(position=1), policy="all", add=[sue])
    proposal = propose("A")
    stored(approver, sue)
    assert decide_as(sue, proposal, sue).done
    result = decide_as(sue, proposal, approver)
    assert not result.done and "every approval is another person's" in result.message
    assert decide_as(approver, proposal, approver).done


def test_a_substitute_of_two_votes_once_in_a_step(approver, sue, person, propose, workflow):
    change_step(workflow.steps.get(position=1), policy="all")
    other = person("other", "Approver")
    change_step(workflow.steps.get(position=1), add=[other])
    proposal = propose("A")
    stored(approver, sue)
    stored(other, sue)
    assert decide_as(sue, proposal, approver).done
    assert not decide_as(sue, proposal, other).done


def test_the_menu_of_proposed_changes_offers_it_to_a_substitute(client, approver, sue, propose):
    proposal = propose("A")
    page = reverse("customers:proposed_changes", args=[proposal.object_id])
    decide = reverse("approvals:decide", args=[item_of(proposal, approver).pk])
    client.force_login(sue)
    assert decide not in client.get(page).content.decode()
    stored(approver, sue)
    assert f"{decide}?action=approve" in client.get(page).content.decode()


def test_many_are_looked_up_in_few_queries(sue, person, django_assert_max_num_queries):
    for number in range(12):
        stored(person(f"away{number}", "Approver"), sue)
    with django_assert_max_num_queries(3):
        assert len(substitutions.in_force(sue).pairs) == 12


def test_who_has_a_vote_of_his_own_does_not_spend_it_on_another(
    workflow, approver, sue, person, propose
):
    change_step(workflow.steps.get(position=1), policy="all", users=[approver, sue])
    proposal = propose("A")
    stored(approver, sue)
    refused = decide_as(sue, proposal, approver)
    assert not refused.done and "your own work item" in refused.message
    assert decide_as(sue, proposal, sue).done
    assert decide_as(approver, proposal, approver).done
    assert not proposal.work_items.filter(step_run__step__position=1, state="open").exists()


def test_two_work_items_of_a_step_chosen_together_take_one_vote(
    workflow, approver, sue, person, propose
):
    third = person("third", "Approver")
    change_step(workflow.steps.get(position=1), policy="all", users=[approver, sue, third])
    proposal = propose("A")
    stored(approver, sue)
    items = [item_of(proposal, who).pk for who in (sue, approver)]
    votes = [decisions.Vote(item, proposal.revision) for item in items]
    own, other = decisions.decide(votes, "approve", by=sue)
    assert own.done
    assert not other.done and "decided in this step already" in other.message
    assert proposal.decisions.get().person == sue
