"""A workflow in words, and what the history says of a change of a draft."""

import pytest
from django.contrib.auth.models import Group

from approvals.models import Verb, WorkflowEvent, WorkflowStep
from approvals.workflow import texts, workflows


@pytest.fixture
def draft(workflow, administrator):
    return workflows.new_draft(workflow.workflow, by=administrator)


@pytest.fixture
def step(draft):
    return draft.steps.first()


def noted():
    event = WorkflowEvent.objects.filter(verb=Verb.WORKFLOW_CHANGED).latest("id")
    return event.comment.splitlines()[1:]


def lines(step):
    return {line.label: line.text for line in texts.step_lines(step, step.version)}


def test_a_plain_step_says_that_it_always_applies_and_has_no_time_limit(step):
    assert lines(step) == {
        "Condition": "Always",
        "Assignment": "approver",
        "Completion policy": "Single approver: the first decision decides",
        "Time limit": "None",
    }


def test_a_step_with_everything_reads_as_sentences(step, second_approver):
    board = Group.objects.create(name="Board")
    WorkflowStep.objects.filter(pk=step.pk).update(
        assignment="managers",
        manager_start=2,
        manager_levels=3,
        manager_stop_group=board,
        manager_take="last",
        policy="percentage",
        percentage=60,
        time_limit=3,
        remind_after=1,
        final_action="reject",
    )
    step = WorkflowStep.objects.get(pk=step.pk)
    step.conditions.create(
        subject="raised", field="credit_limit", operator="more_percent", value="20"
    )
    step.escalation_levels.create(position=1, kind="manager", time_limit=2)
    step.escalation_levels.create(position=2, kind="group", group=board, time_limit=1)
    step.escalation_levels.create(position=3, kind="user", user=second_approver, time_limit=1)
    assert lines(step) == {
        "Condition": "Credit limit raised by more than 20 %",
        "Assignment": "The originator's managers from level 2, at most 3 levels, up to the first "
        "member of Board; Only the last manager found",
        "Completion policy": "Percentage of approvers: 60 %",
        "Time limit": "3 working days, reminder after 1 working day",
        "Escalation": "The manager of whoever has it (2 working days) → group Board (1 working "
        "day) → second_approver (1 working day) → Reject",
    }


def test_the_history_tells_each_setting_of_a_step_apart(draft, step, administrator, approver):
    with workflows.editing(draft, by=administrator):
        step.time_limit, step.time_unit = 8, "hours"
        step.save()
        step.conditions.create(subject="origin", operator="is", value="import")
        step.escalation_levels.create(position=1, kind="user", user=approver, time_limit=1)
    assert noted() == [
        "version 2, step 1, condition added: Origin is Import",
        "version 2, step 1, time limit added: 8 hours",
        "version 2, step 1, escalation added: approver (1 hour) → Reassign to administrators",
    ]


def test_the_history_tells_of_automatic_actions_and_the_activation_condition(draft, administrator):
    with workflows.editing(draft, by=administrator):
        draft.conditions.create(subject="change", field="iban", operator="present")
        action = draft.automatic_actions.create(name="Small raise", decision="approve")
        action.conditions.create(
            subject="raised", field="credit_limit", operator="more", value="100"
        )
    assert noted() == [
        "version 2, activation condition added: IBAN is among the changes",
        "version 2, automatic action 1 added: Small raise; Approve where: Credit limit raised by "
        "more than 100",
    ]


def test_any_and_all_are_told_where_they_make_a_difference(draft, administrator):
    for field in ("iban", "swift"):
        draft.conditions.create(subject="change", field=field, operator="present")
    with workflows.editing(draft, by=administrator):
        draft.match = "any"
        draft.save()
    assert noted() == [
        "version 2, activation condition: All of: IBAN is among the changes; SWIFT is among the "
        "changes → Any of: IBAN is among the changes; SWIFT is among the changes"
    ]


def test_describing_takes_as_many_queries_for_many_steps(draft, django_assert_max_num_queries):
    for number in range(3, 9):
        draft.steps.create(position=number, name=str(number)).conditions.create(
            subject="change", field="name", operator="present"
        )
    with django_assert_max_num_queries(10):
        texts.described_draft(draft.workflow_id)
