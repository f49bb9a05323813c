"""A group's work item is claimed by one of them, and released."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from approvals.deciding import assigning, claims, deadlines, decisions
from approvals.models import (
    Action,
    Notification,
    Occasion,
    Policy,
    Proposal,
    StepRun,
    Substitution,
    Verb,
    WorkflowEvent,
    WorkflowStep,
    WorkItem,
)
from approvals.outcomes import BROWSER, Refused
from approvals.workflow.routing import Assignee

from ..definitions import change_step
from ..helpers import accounts, decide_url, get_list, item_of, post_list, ticked, vote
from .limits import limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(workflow, govern_fields, approver, person):
    """The first step goes to a group of two: `approver` and Cora Colleague."""
    govern_fields("credit_limit")
    team = Group.objects.create(name="Credit team")
    cora = person("cora", "Approver", first_name="Cora", last_name="Colleague")
    for member in (approver, cora):
        member.groups.add(team)
    change_step(workflow.steps.get(position=1), users=[], groups=[team])
    return team


@pytest.fixture
def cora(team):
    return team.user_set.get(username="cora")


def the_run():
    return StepRun.objects.get()


def test_whoever_claims_keeps_the_others_from_deciding(team, approver, cora, propose):
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=approver)
    assert the_run().claimed_by == approver
    result = vote(cora, proposal)
    assert not result.done and "Claimed by Anna Approver" in result.message
    assert vote(approver, proposal).done


def test_what_is_released_can_be_decided_by_the_others_again(team, approver, cora, propose):
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=approver)
    claims.release(item_of(proposal, approver).pk, by=approver)
    assert the_run().claimed_by is None and the_run().claimed_at is None
    assert vote(cora, proposal).done


def test_claim_and_release_are_in_the_history_and_leave_the_revision(team, approver, propose):
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=approver)
    claims.release(item_of(proposal, approver).pk, by=approver)
    events = WorkflowEvent.objects.filter(verb__in=(Verb.CLAIMED, Verb.RELEASED)).order_by("id")
    assert [(e.verb, e.actor, e.proposal_id) for e in events] == [
        (Verb.CLAIMED, approver, proposal.pk),
        (Verb.RELEASED, approver, proposal.pk),
    ]
    revision = proposal.revision
    proposal.refresh_from_db()
    assert proposal.revision == revision


def test_what_is_claimed_cannot_be_claimed_again(team, approver, cora, propose):
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=approver)
    with pytest.raises(Refused, match="Claimed by Anna Approver"):
        claims.claim(item_of(proposal, cora).pk, by=cora)
    with pytest.raises(Refused, match="claimed already"):
        claims.claim(item_of(proposal, approver).pk, by=approver)


def test_nobody_claims_the_work_item_of_somebody_else(team, approver, second_approver, propose):
    proposal = propose("A")
    with pytest.raises(Refused, match="not assigned to you"):
        claims.claim(item_of(proposal, approver).pk, by=second_approver)
    with pytest.raises(Refused, match="not assigned to you"):
        claims.claim(4711, by=approver)


def test_what_is_assigned_by_name_cannot_be_claimed(workflow, govern_fields, approver, propose):
    govern_fields("credit_limit")
    with pytest.raises(Refused, match="through a group"):
        claims.claim(item_of(propose("A"), approver).pk, by=approver)


def test_where_several_decide_nobody_claims(team, approver, propose):
    change_step(WorkflowStep.objects.get(position=1), policy=Policy.ALL)
    with pytest.raises(Refused, match="through a group"):
        claims.claim(item_of(propose("A"), approver).pk, by=approver)


def test_what_is_decided_cannot_be_claimed(team, approver, cora, propose):
    proposal = propose("A")
    vote(cora, proposal)
    with pytest.raises(Refused, match="Already approved by Cora Colleague"):
        claims.claim(item_of(proposal, approver).pk, by=approver)


def test_only_the_claimer_or_an_administrator_releases(
    team, approver, cora, administrator, propose
):
    item = item_of(propose("A"), approver)
    with pytest.raises(Refused, match="not claimed"):
        claims.release(item.pk, by=approver)
    claims.claim(item.pk, by=approver)
    with pytest.raises(Refused, match="only Anna Approver or an administrator"):
        claims.release(item.pk, by=cora)
    claims.release(item.pk, by=administrator)
    assert the_run().claimed_by is None
    with pytest.raises(Refused, match="does not exist"):
        claims.release(4711, by=administrator)


def test_a_claim_ends_when_the_work_item_is_handed_on(team, approver, administrator, propose):
    proposal = propose("A")
    item = item_of(proposal, approver)
    claims.claim(item.pk, by=approver)
    item = WorkItem.objects.select_related("step_run__step", "proposal").get(pk=item.pk)
    people = [Assignee(administrator.pk)]
    assigning.hand_on([item], people, Verb.REASSIGNED, by=administrator, source=BROWSER)
    assert the_run().claimed_by is None


def test_the_claim_of_whoever_lost_the_right_lapses(team, approver, cora, propose):
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=approver)
    assert claims.end_lapsed() == 0
    approver.groups.clear()
    assert claims.end_lapsed() == 1
    assert vote(cora, proposal).done
    assert WorkflowEvent.objects.get(verb=Verb.RELEASED).actor is None


def test_the_claim_of_a_substitute_lapses_with_his_days(
    team, approver, second_approver, cora, propose
):
    today = timezone.localdate()
    days = Substitution.objects.create(
        person=approver, substitute=second_approver, starts=today, ends=today
    )
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=second_approver)
    assert claims.end_lapsed() == 0
    Substitution._base_manager.filter(pk=days.pk).update(
        starts=today - timedelta(days=2), ends=today - timedelta(days=1)
    )
    assert claims.end_lapsed() == 1
    assert vote(cora, proposal).done


def test_claiming_many_takes_as_many_statements_as_claiming_two(
    team, approver, propose, django_assert_max_num_queries, django_assert_num_queries
):
    two = [item_of(propose(account), approver).pk for account in ("A", "B")]
    many = [item_of(propose(f"C{n}"), approver).pk for n in range(12)]
    approver.get_all_permissions()
    with django_assert_max_num_queries(24) as few:
        claims.claim_all(two, by=approver)
    with django_assert_num_queries(len(few)):
        results = claims.claim_all(many, by=approver)
    assert all(result.done for result in results)
    with django_assert_max_num_queries(24) as few:
        claims.release_all(two, by=approver)
    with django_assert_num_queries(len(few)):
        claims.release_all(many, by=approver)


def test_two_work_items_of_one_step_are_one_claim(team, approver, cora, propose):
    today = timezone.localdate()
    Substitution.objects.create(person=cora, substitute=approver, starts=today, ends=today)
    proposal = propose("A")
    ids = [item_of(proposal, person).pk for person in (approver, cora)]
    claims.claim_all(ids, by=approver)
    assert WorkflowEvent.objects.filter(verb=Verb.CLAIMED).count() == 1


# On the pages


def test_the_list_offers_to_claim_and_then_to_release(client, team, approver, cora, propose):
    proposal = propose("A")
    client.force_login(approver)
    assert "Claim<span" in get_list(client).content.decode()
    response = client.post(
        reverse("approvals:claim_selected") + "?sort=due",
        {"item": ticked(proposal, person=approver)},
    )
    assert response.url == reverse("approvals:work_items") + "?sort=due"
    page = get_list(client, view="claimed")
    assert accounts(page) == ["A"]
    assert "Claimed by you" in page.content.decode() and "Release<span" in page.content.decode()
    client.force_login(cora)
    assert accounts(get_list(client)) == []
    groups = get_list(client, view="groups")
    assert accounts(groups) == ["A"]
    assert "Claimed by Anna Approver" in groups.content.decode()
    assert "Claim<span" not in groups.content.decode()
    assert 'name="item"' not in groups.content.decode()


def test_the_page_of_a_work_item_claims_and_releases(client, team, approver, cora, propose):
    proposal = propose("A")
    item = item_of(proposal, approver)
    client.force_login(approver)
    assert (
        reverse("approvals:claim", args=[item.pk])
        in client.get(decide_url(proposal, approver)).content.decode()
    )
    response = client.post(reverse("approvals:claim", args=[item.pk]) + "?view=groups")
    assert response.url == decide_url(proposal, approver, "?view=groups")
    page = client.get(response.url).content.decode()
    assert reverse("approvals:release", args=[item.pk]) in page
    client.force_login(cora)
    page = client.get(decide_url(proposal, cora)).content.decode()
    assert "Claimed by Anna Approver" in page and 'name="revision"' not in page
    response = post_list(client, action="approve", item=ticked(proposal, person=cora))
    assert "Claimed by Anna Approver" in response.content.decode()


def test_a_refused_claim_says_why(client, team, approver, cora, propose):
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=approver)
    client.force_login(cora)
    url = reverse("approvals:claim_selected")
    response = client.post(url, {"item": ticked(proposal, person=cora)}, follow=True)
    assert "Claimed by Anna Approver" in response.content.decode()
    response = client.post(url, {}, follow=True)
    assert "Select at least one work item." in response.content.decode()


def test_claiming_needs_the_right_and_a_post(client, team, clerk, approver, propose):
    item = item_of(propose("A"), approver)
    urls = [reverse("approvals:claim", args=[item.pk]), reverse("approvals:release_selected")]
    client.force_login(clerk)
    assert [client.post(url).status_code for url in urls] == [403, 403]
    client.force_login(approver)
    assert [client.get(url).status_code for url in urls] == [405, 405]


def test_a_claimed_work_item_is_decided_in_bulk_by_its_claimer(team, approver, propose):
    proposal = propose("A")
    item = item_of(proposal, approver)
    claims.claim(item.pk, by=approver)
    votes = [decisions.Vote(item.pk, proposal.revision)]
    [result] = decisions.decide(votes, Action.APPROVE, by=approver)
    assert result.done and Proposal.objects.get().step_runs.count() == 2


def test_a_claim_for_somebody_who_lost_his_right_is_ended(team, approver, cora, person, propose):
    proposal, sue = propose("A"), person("sue", "Approver")
    today = timezone.localdate()
    Substitution.objects.create(person=approver, substitute=sue, starts=today, ends=today)
    claims.claim(item_of(proposal, approver).pk, by=sue)
    approver.groups.remove(Group.objects.get(name="Approver"))
    assert claims.end_lapsed() == 1
    assert vote(cora, proposal).done


@pytest.fixture
def sue(person, approver):
    """Stands in for `approver` today."""
    sue, today = person("sue", "Approver", first_name="Sue"), timezone.localdate()
    Substitution.objects.create(person=approver, substitute=sue, starts=today, ends=today)
    return sue


def test_the_history_says_on_whose_behalf_a_substitute_claims_and_releases(
    team, approver, cora, sue, administrator, propose
):
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=sue)
    claims.release(item_of(proposal, approver).pk, by=sue)
    claims.claim(item_of(proposal, approver).pk, by=sue)
    claims.release(item_of(proposal, approver).pk, by=administrator)
    claims.claim(item_of(proposal, cora).pk, by=cora)
    events = WorkflowEvent.objects.filter(verb__in=(Verb.CLAIMED, Verb.RELEASED)).order_by("id")
    assert [(event.actor, event.on_behalf_of) for event in events] == [
        (sue, approver),
        (sue, approver),
        (sue, approver),
        (administrator, None),
        (cora, None),
    ]


def handed_on(proposal, giver, taker, by):
    item = WorkItem.objects.select_related("step_run__step", "proposal")
    item = item.get(pk=item_of(proposal, giver).pk)
    assigning.hand_on([item], [Assignee(taker.pk)], Verb.REASSIGNED, by=by, source=BROWSER)
    return the_run().claimed_by


@pytest.mark.parametrize("claimer", ["approver", "sue"])
def test_a_claim_outlasts_that_the_work_item_of_another_member_is_handed_on(
    request, team, approver, cora, sue, administrator, person, propose, claimer
):
    proposal, dan = propose("A"), person("dan", "Approver")
    claimer = request.getfixturevalue(claimer)
    claims.claim(item_of(proposal, approver).pk, by=claimer)
    assert handed_on(proposal, cora, dan, administrator) == claimer
    assert handed_on(proposal, approver, cora, administrator) is None


def test_the_history_names_who_was_reminded_of_what_a_substitute_has_claimed(
    team, approver, cora, sue, propose
):
    limit(WorkflowStep.objects.get(position=1))
    proposal = propose("A")
    claims.claim(item_of(proposal, approver).pk, by=sue)
    assert deadlines.process(timezone.now() + timedelta(hours=7)) == {"reminded": 1}
    event = WorkflowEvent.objects.get(verb=Verb.REMINDED)
    assert event.comment == "Anna Approver, Sue on behalf of Anna Approver"
    told = Notification.objects.filter(occasion=Occasion.REMINDED)
    assert {notification.person for notification in told} == {approver, sue}
