"""Escalation: each level once, its people get the work items of those who were late."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User

from approvals.deciding import assigning, cases, deadlines
from approvals.models import (
    Policy,
    ReportingLine,
    StepRun,
    TimeUnit,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from approvals.outcomes import BROWSER
from tests.approvals.helpers import item_of, vote

from ..definitions import change_step
from .limits import HOUR, MONDAY, holders, limit, path, run_of, said, several, told_of_escalation

pytestmark = pytest.mark.django_db


# The escalation path


def test_each_level_is_carried_out_once_and_then_the_last_action(
    step, propose, clock, boss, director, administrator, second_approver
):
    path(step, boss, director)
    proposal = propose()
    clock.later(hours=8)
    for expected, whose in [({"escalated": 1}, ["boss"]), ({}, ["boss"])]:
        assert deadlines.process() == expected
        assert holders(proposal) == whose
    clock.later(hours=4)
    for expected, whose in [({"escalated": 1}, ["director"]), ({}, ["director"])]:
        assert deadlines.process() == expected
        assert holders(proposal) == whose
    clock.later(hours=4)
    assert deadlines.process() == {"escalated": 1}
    assert holders(proposal) == ["administrator"]
    clock.later(days=30)
    assert deadlines.process() == {}
    assert vote(administrator, proposal).done
    assert holders(proposal) == ["second_approver"]


def test_the_history_says_from_whom_to_whom_and_why(step, propose, clock, boss):
    path(step, boss)
    proposal = propose()
    clock.later(hours=8)
    deadlines.process()
    assert said(proposal, Verb.ESCALATED) == [
        "From Anna Approver to Bob Boss\nThe time limit passed without a decision."
    ]
    event = WorkflowEvent.objects.get(verb=Verb.ESCALATED)
    assert (event.actor, event.step) == (None, step)


def test_after_a_missed_week_one_level_is_carried_out_and_its_people_get_their_time(
    step, propose, clock, boss, director
):
    path(step, boss, director)
    proposal = propose()
    clock.later(days=7)
    assert deadlines.process() == {"escalated": 1}
    assert deadlines.process() == {}
    assert holders(proposal) == ["boss"]
    assert run_of(proposal).due_at == MONDAY + timedelta(days=7, hours=4)


def test_a_levels_time_limit_counts_working_days_where_the_step_does(step, propose, clock, boss):
    limit(step, time_unit=TimeUnit.WORKING_DAYS, time_limit=4, remind_after=None)
    path(step, boss, hours=1)
    proposal = propose()
    assert run_of(proposal).due_at == MONDAY + timedelta(days=4)
    clock(MONDAY + timedelta(days=4))
    deadlines.process()
    assert run_of(proposal).due_at == MONDAY + timedelta(days=7)


def test_the_one_from_whom_it_was_taken_cannot_decide_it_and_reads_why(
    step, propose, clock, boss, approver
):
    path(step, boss)
    proposal = propose()
    clock.later(hours=8)
    deadlines.process()
    result = vote(approver, proposal)
    assert not result.done
    assert "Escalated by Workflow" in result.message
    assert vote(boss, proposal).done


def test_a_claim_ends_when_it_is_escalated(step, propose, clock, boss, approver):
    path(step, boss)
    proposal = propose()
    StepRun.objects.update(claimed_by=approver, claimed_at=clock.time)
    clock.later(hours=8)
    deadlines.process()
    assert run_of(proposal).claimed_by is None
    assert vote(boss, proposal).done


def test_a_level_can_be_the_members_of_a_group(step, propose, clock, boss, director):
    heads = Group.objects.create(name="Heads")
    heads.user_set.add(boss, director)
    path(step, heads)
    proposal = propose()
    clock.later(hours=8)
    deadlines.process()
    assert holders(proposal) == ["boss", "director"]
    assert item_of(proposal, boss).group == heads
    assert vote(director, proposal).done


def test_a_level_can_be_the_manager_of_whoever_has_it(
    step, propose, clock, approver, boss, director
):
    ReportingLine.objects.create(person=approver, manager=boss)
    ReportingLine.objects.create(person=boss, manager=director)
    path(step, "manager", "manager")
    proposal = propose()
    clock.later(hours=8)
    deadlines.process()
    assert holders(proposal) == ["boss"]
    clock.later(hours=4)
    deadlines.process()
    assert holders(proposal) == ["director"]


def test_a_manager_who_may_not_decide_is_passed_over_for_the_one_above(
    step, propose, clock, approver, boss, director, person
):
    clara = person("no_right", "Clerk")
    ReportingLine.objects.create(person=approver, manager=clara)
    ReportingLine.objects.create(person=clara, manager=director)
    path(step, "manager")
    proposal = propose()
    clock.later(hours=8)
    deadlines.process()
    assert holders(proposal) == ["director"]


def test_a_level_with_nobody_who_may_decide_is_passed_over_at_once(
    step, propose, clock, boss, director
):
    User.objects.filter(pk=boss.pk).update(is_active=False)
    path(step, boss, director)
    proposal = propose()
    clock.later(hours=8)
    assert deadlines.process() == {"escalated": 1}
    assert holders(proposal) == ["director"]
    assert run_of(proposal).level == 2
    [text] = said(proposal, Verb.ESCALATED)
    assert "Level 1 of the escalation path was passed over: nobody there may decide." in text


def test_nobody_who_contributed_gets_an_escalated_work_item(step, propose, clock, boss, director):
    path(step, boss, director)
    proposal = propose()
    proposal.contributors.create(person=boss, role="edited")
    clock.later(hours=8)
    deadlines.process()
    assert holders(proposal) == ["director"]


def test_an_escalated_work_item_is_the_new_persons_own(step, propose, clock, boss, director):
    proposal = propose()
    item = WorkItem.objects.get()
    taker = assigning.Assignee(director.pk, on_behalf_of=item.assignee_id)
    for case in cases.load([item.pk]).values():
        assigning.hand_on([case.item], [taker], Verb.DELEGATED, by=item.assignee, source=BROWSER)
    path(step, boss)
    clock.later(hours=8)
    deadlines.process()
    assert holders(proposal) == ["boss"]
    assert item_of(proposal, boss).on_behalf_of is None


# Several must approve


def test_where_several_must_approve_each_open_item_goes_to_one_other(
    step, propose, clock, approver, person, boss, director, second_approver
):
    several(step, Policy.ALL, person("colleague", "Approver"), person("third", "Approver"))
    heads = Group.objects.create(name="Heads")
    heads.user_set.add(approver, boss, director)
    path(step, heads)
    proposal = propose()
    assert vote(approver, proposal).done
    clock.later(hours=8)
    deadlines.process()
    assert holders(proposal) == ["boss", "director"]
    assert run_of(proposal).votes_needed == 3
    assert vote(boss, proposal).done
    assert run_of(proposal).step == step
    assert vote(director, proposal).done
    assert holders(proposal) == ["second_approver"]


def test_an_item_for_which_there_is_nobody_stays_so_that_the_votes_remain_possible(
    step, propose, clock, approver, person, boss, second_approver
):
    colleague = person("colleague", "Approver")
    several(step, Policy.MAJORITY, colleague)
    path(step, boss)
    proposal = propose()
    clock.later(hours=8)
    deadlines.process()
    assert sorted(holders(proposal)) == ["boss", "colleague"]
    assert vote(boss, proposal).done
    assert vote(colleague, proposal).done
    assert holders(proposal) == ["second_approver"]


# Levels whose people have a work item already


def test_a_level_whose_person_has_the_work_item_already_counts_and_he_is_told(
    step, propose, clock, boss, director
):
    change_step(step, users=[boss])
    path(step, boss, director)
    proposal = propose()
    clock.later(hours=8)
    assert deadlines.process() == {"escalated": 1}
    assert (holders(proposal), told_of_escalation(boss)) == (["boss"], 1)
    assert (run_of(proposal).level, run_of(proposal).due_at) == (1, MONDAY + 12 * HOUR)
    assert said(proposal, Verb.ESCALATED) == [
        "Bob Boss had it already\nThe time limit passed without a decision."
    ]
    assert deadlines.process() == {}
    clock.later(hours=4)
    assert deadlines.process() == {"escalated": 1}
    assert holders(proposal) == ["director"]


def test_a_level_whose_person_is_one_of_several_takes_it_from_the_others(
    step, propose, clock, boss, director
):
    change_step(step, add=[boss])
    path(step, boss, director)
    proposal = propose()
    clock.later(hours=8)
    assert deadlines.process() == {"escalated": 1}
    assert (holders(proposal), run_of(proposal).level) == (["boss"], 1)
    [text] = said(proposal, Verb.ESCALATED)
    assert text.startswith("From Anna Approver to Bob Boss\n")
    assert vote(boss, proposal).done


def test_of_a_group_whoever_has_it_keeps_it_and_the_others_get_it_too(
    step, propose, clock, boss, director
):
    heads = Group.objects.create(name="Heads")
    heads.user_set.add(boss, director)
    change_step(step, add=[boss])
    path(step, heads)
    proposal = propose()
    StepRun.objects.update(claimed_by=boss, claimed_at=clock.time)
    clock.later(hours=8)
    deadlines.process()
    assert holders(proposal) == ["boss", "director"]
    assert WorkItem.objects.filter(assignee=boss).count() == 1
    assert (told_of_escalation(boss), told_of_escalation(director)) == (1, 1)
    assert run_of(proposal).claimed_by is None
    assert vote(director, proposal).done


@pytest.mark.parametrize("policy", [Policy.SINGLE, Policy.ALL])
def test_a_manager_who_has_it_already_is_the_level(step, propose, clock, approver, boss, policy):
    ReportingLine.objects.create(person=approver, manager=boss)
    several(step, policy, boss)
    path(step, "manager")
    proposal = propose()
    clock.later(hours=8)
    assert deadlines.process() == {"escalated": 1}
    assert (run_of(proposal).level, told_of_escalation(boss)) == (1, 1)
    assert holders(proposal) == (["boss"] if policy == Policy.SINGLE else ["approver", "boss"])


def test_where_several_must_approve_whoever_is_the_level_keeps_his_vote(
    step, propose, clock, approver, boss, director
):
    several(step, Policy.ALL, boss)
    heads = Group.objects.create(name="Heads")
    heads.user_set.add(boss, director)
    path(step, heads)
    proposal = propose()
    clock.later(hours=8)
    deadlines.process()
    assert holders(proposal) == ["boss", "director"]
    assert (told_of_escalation(boss), told_of_escalation(director)) == (1, 1)
    assert vote(boss, proposal).done and vote(director, proposal).done


def test_whoever_has_it_but_contributed_meanwhile_is_no_level(
    step, propose, clock, approver, boss, director
):
    change_step(step, users=[boss])
    path(step, boss, director)
    proposal = propose()
    proposal.contributors.create(person=boss, role="edited")
    clock.later(hours=8)
    deadlines.process()
    assert (holders(proposal), run_of(proposal).level) == (["director"], 2)
