"""What time does to a step: reminders, each level once, the last action. Never approval."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals import assigning, cases, deadlines, escalation, proposals
from approvals.models import (
    EscalationKind,
    FinalAction,
    ItemState,
    Policy,
    ReportingLine,
    State,
    StepRun,
    TimeUnit,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from approvals.outcomes import BROWSER
from tests.approvals.helpers import item_of, vote

pytestmark = pytest.mark.django_db

# A Monday.
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved: clock(MONDAY), clock.later(hours=3)."""

    class Clock:
        time = MONDAY

        def __call__(self, moment):
            self.time = moment

        def later(self, **how):
            self.time += timedelta(**how)

    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.time)
    return clock


@pytest.fixture
def step(workflow, govern_fields, clock):
    """The first step: due after eight hours, with a reminder after six and no path yet."""
    govern_fields("credit_limit")
    return limit(workflow.steps.get(position=1))


@pytest.fixture
def boss(person):
    return person("boss", "Approver", first_name="Bob", last_name="Boss")


@pytest.fixture
def director(person):
    return person("director", "Approver", first_name="Dora", last_name="Director")


def limit(step, **values):
    defaults = {"time_limit": 8, "time_unit": TimeUnit.HOURS, "remind_after": 6}
    for name, value in {**defaults, **values}.items():
        setattr(step, name, value)
    step.save()
    return step


def path(step, *levels, hours=4):
    """Give a step an escalation path: people, groups, or "manager"."""
    for position, who in enumerate(levels, start=1):
        to = {"kind": EscalationKind.MANAGER}
        if isinstance(who, User):
            to = {"kind": EscalationKind.USER, "user": who}
        if isinstance(who, Group):
            to = {"kind": EscalationKind.GROUP, "group": who}
        step.escalation_levels.create(position=position, time_limit=hours, **to)


def holders(proposal):
    items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN).order_by("id")
    return [item.assignee.username for item in items]


def run_of(proposal):
    return StepRun.objects.get(proposal=proposal, state="running")


def said(proposal, verb):
    return list(
        WorkflowEvent.objects.filter(proposal=proposal, verb=verb)
        .order_by("id")
        .values_list("comment", flat=True)
    )


def several(step, policy, *people, **values):
    step.policy = policy
    for name, value in values.items():
        setattr(step, name, value)
    step.save()
    step.users.add(*people)


# Reminders


def test_nothing_happens_before_the_reminder_is_due(step, propose, clock):
    propose()
    clock.later(hours=5, minutes=59)
    assert deadlines.process() == {}


def test_whoever_has_it_is_reminded_once(step, propose, clock, approver, monkeypatch):
    told = []
    monkeypatch.setattr(deadlines.notifications, "reminded", told.extend)
    proposal = propose()
    clock.later(hours=6)
    assert deadlines.process() == {"reminded": 1}
    assert deadlines.process() == {}
    clock.later(hours=1)
    assert deadlines.process() == {}
    assert told == [item_of(proposal, approver)]
    assert said(proposal, Verb.REMINDED) == ["Anna Approver"]
    assert WorkflowEvent.objects.get(verb=Verb.REMINDED).actor is None
    assert run_of(proposal).reminded_at == MONDAY + 6 * HOUR
    assert run_of(proposal).wake_at == MONDAY + 8 * HOUR


def test_a_step_without_a_time_limit_is_left_alone(step, propose, clock):
    limit(step, time_limit=None, remind_after=None)
    proposal = propose()
    clock.later(days=400)
    assert deadlines.process() == {}
    assert holders(proposal) == ["approver"]


def test_after_the_time_limit_nobody_is_reminded_any_more(step, propose, clock, boss):
    path(step, boss)
    proposal = propose()
    clock.later(hours=9)
    assert deadlines.process() == {"escalated": 1}
    assert said(proposal, Verb.REMINDED) == []


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
    assert run_of(proposal).due_at == MONDAY + 16 * HOUR
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


# The last action


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (FinalAction.REJECT, State.REJECTED),
        (FinalAction.REQUEST_CHANGE, State.CHANGE_REQUESTED),
    ],
)
def test_the_last_action_can_hand_the_proposal_back(step, propose, clock, action, state, clerk):
    limit(step, final_action=action)
    proposal = propose()
    revision = proposal.revision
    clock.later(hours=8)
    assert deadlines.process() == {state.value: 1}
    assert deadlines.process() == {}
    proposal.refresh_from_db()
    assert (proposal.state, proposal.revision) == (state, revision + 1)
    event = WorkflowEvent.objects.get(verb=state.value)
    assert (event.actor, event.step) == (None, step)
    assert event.comment == "The time limit passed without a decision."
    assert WorkItem.objects.get().state == ItemState.CANCELLED
    assert StepRun.objects.get().state == "stopped"
    assert proposals.submit(proposal.pk, by=clerk).state == State.PENDING


def test_a_stale_link_says_that_time_rejected_it(step, propose, clock, approver, person):
    colleague = person("colleague", "Approver")
    several(step, Policy.ALL, colleague, final_action=FinalAction.REJECT)
    proposal = propose()
    assert vote(approver, proposal).done
    clock.later(hours=8)
    deadlines.process()
    result = vote(colleague, proposal)
    assert not result.done
    assert "Rejected by Workflow" in result.message


def test_where_no_administrator_may_decide_it_stays_and_the_history_says_so(
    step, propose, clock, administrator, approver
):
    proposal = propose()
    proposal.contributors.create(person=administrator, role="edited")
    clock.later(hours=8)
    assert deadlines.process() == {"stayed": 1}
    assert deadlines.process() == {}
    assert holders(proposal) == ["approver"]
    assert said(proposal, Verb.ESCALATED) == ["Nobody else may decide, so it stays where it is."]
    assert run_of(proposal).wake_at is None
    assert vote(approver, proposal).done


def test_an_administrator_who_has_it_already_does_not_get_it_from_himself(
    step, propose, clock, administrator
):
    administrator.groups.add(Group.objects.get(name="Approver"))
    step.users.set([administrator])
    proposal = propose()
    clock.later(hours=8)
    assert deadlines.process() == {"stayed": 1}
    assert holders(proposal) == ["administrator"]
    assert WorkItem.objects.count() == 1


@pytest.mark.parametrize("action", FinalAction)
@pytest.mark.parametrize("policy", Policy)
def test_time_never_approves(
    step, propose, clock, person, boss, director, administrator, action, policy
):
    several(step, policy, person("colleague", "Approver"), percentage=50, final_action=action)
    path(step, boss, director)
    proposal = propose()
    for _unused in range(100):
        clock.later(hours=1)
        deadlines.process()
    proposal.refresh_from_db()
    assert proposal.state != State.APPROVED
    if proposal.state == State.PENDING:
        assert run_of(proposal).step == step
    assert not proposal.decisions.exists()


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


# Many, and failures


def test_decided_and_recalled_proposals_are_left_alone(step, propose, clock, approver, clerk):
    decided, recalled = propose(), propose()
    vote(approver, decided)
    proposals.recall(recalled.pk, by=clerk)
    clock.later(days=30)
    assert deadlines.process() == {}


def test_one_step_that_fails_holds_up_no_other(step, propose, clock, boss, monkeypatch, caplog):
    path(step, boss)
    made = [propose() for _unused in range(5)]
    original = escalation.plan

    def plan(overdue, *args):
        if overdue.proposal == made[2]:
            raise ValueError("broken")
        return original(overdue, *args)

    monkeypatch.setattr(escalation, "plan", plan)
    clock.later(hours=8)
    assert deadlines.process() == {"escalated": 4, "failed": 1}
    assert [holders(proposal) for proposal in made] == [
        ["boss"],
        ["boss"],
        ["approver"],
        ["boss"],
        ["boss"],
    ]
    assert f"step run {run_of(made[2]).pk} " in caplog.text


def test_a_program_that_was_stopped_between_batches_goes_on_where_it_was(
    step, propose, clock, boss, monkeypatch
):
    monkeypatch.setattr(deadlines, "BATCH", 2)
    path(step, boss)
    made = [propose() for _unused in range(5)]
    clock.later(hours=8)
    answers = iter([False, True])
    assert deadlines.process(stopped=lambda: next(answers)) == {"escalated": 2}
    assert deadlines.process() == {"escalated": 3}
    assert [holders(proposal) for proposal in made] == [["boss"]] * 5
    assert WorkflowEvent.objects.filter(verb=Verb.ESCALATED).count() == 5


def test_the_oldest_come_first(step, propose, clock, boss, monkeypatch):
    monkeypatch.setattr(deadlines, "BATCH", 1)
    path(step, boss)
    late = propose()
    StepRun.objects.update(wake_at=MONDAY + 9 * HOUR, due_at=MONDAY + 9 * HOUR)
    early = propose()
    clock.later(hours=10)
    answers = iter([False, True])
    deadlines.process(stopped=lambda: next(answers))
    assert (holders(early), holders(late)) == (["boss"], ["approver"])


@pytest.mark.parametrize("action", FinalAction)
def test_the_statements_do_not_grow_with_the_number_of_steps(
    step, propose_by_import, clock, boss, action
):
    path(step, boss)
    limit(step, final_action=action)
    counts = []
    for size in (2, 6):
        propose_by_import(*(f"{action}{size}-{number}" for number in range(size)))
        counts.append([])
        for _unused in range(3):
            clock.later(hours=8)
            with CaptureQueriesContext(connection) as queries:
                deadlines.process()
            counts[-1].append(len(queries))
    assert counts[0] == counts[1]
