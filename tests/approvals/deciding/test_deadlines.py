"""What time does to a step: reminders, the last action. Never approval."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import proposals
from approvals.deciding import deadlines, escalation
from approvals.models import (
    FinalAction,
    ItemState,
    Policy,
    State,
    StepRun,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from tests.approvals.helpers import accounts, get_list, item_of, vote

from ..definitions import change_step
from .limits import HOUR, MONDAY, holders, limit, path, run_of, said, several, told_of_escalation

pytestmark = pytest.mark.django_db


# Reminders


def test_nothing_happens_before_the_reminder_is_due(step, propose, clock):
    propose()
    clock.later(hours=5, minutes=59)
    assert deadlines.process() == {}


def test_whoever_has_it_is_reminded_once(step, propose, clock, approver, monkeypatch):
    told, remind = [], deadlines.notifications.reminded

    def reminded(items):
        told.extend(items)
        return remind(items)

    monkeypatch.setattr(deadlines.notifications, "reminded", reminded)
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


def test_an_administrator_who_has_it_already_keeps_it_and_is_told(
    step, propose, clock, administrator
):
    administrator.groups.add(Group.objects.get(name="Approver"))
    change_step(step, users=[administrator])
    proposal = propose()
    clock.later(hours=8)
    assert deadlines.process() == {"escalated": 1}
    assert holders(proposal) == ["administrator"]
    assert WorkItem.objects.count() == 1
    assert told_of_escalation(administrator) == 1


def test_after_the_last_action_it_stays_overdue_and_is_left_alone(
    step, propose, clock, client, administrator
):
    proposal = propose()
    clock.later(hours=8)
    assert deadlines.process() == {"escalated": 1}
    run = run_of(proposal)
    assert (run.due_at, run.wake_at) == (MONDAY + 8 * HOUR, None)
    clock.later(hours=1)
    client.force_login(administrator)
    assert accounts(get_list(client, view="overdue")) == [proposal.record_key]
    page = client.get(reverse("approvals:inquiry"), {"overdue": "on"})
    assert [line.proposal for line in page.context["lines"]] == [proposal]
    clock.later(days=400)
    assert deadlines.process() == {}
    assert len(said(proposal, Verb.ESCALATED)) == 1


def test_what_nobody_else_may_decide_stays_overdue(step, propose, clock, administrator):
    proposal = propose()
    proposal.contributors.create(person=administrator, role="edited")
    clock.later(hours=8)
    deadlines.process()
    assert run_of(proposal).due_at == MONDAY + 8 * HOUR


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
    original = escalation.Planner.plan

    def plan(planner, overdue):
        if overdue.proposal == made[2]:
            raise ValueError("broken")
        return original(planner, overdue)

    monkeypatch.setattr(escalation.Planner, "plan", plan)
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
