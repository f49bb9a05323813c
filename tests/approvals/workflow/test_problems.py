"""What keeps a version from being activated, and what an administrator is warned of."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType

from approvals.models import ReportingLine, Workflow, WorkflowVersion
from approvals.workflow import problems, workflows
from customers.models import Customer


def make(name, administrator, **values):
    customers = ContentType.objects.get_for_model(Customer)
    workflow = Workflow.objects.create(content_type=customers, name=name, **values)
    return workflows.new_draft(workflow, by=administrator)


@pytest.fixture
def draft(administrator, approver):
    """A draft that can be activated: the approver decides its one step."""
    version = make("Credit", administrator)
    version.steps.create(position=1, name="Manager").users.set([approver])
    return version


@pytest.fixture
def step(draft):
    return draft.steps.get()


def texts(version):
    return [str(problem) for problem in workflows.problems(version)]


def only(version):
    [problem] = workflows.problems(version)
    return problem


def test_nothing_keeps_a_complete_draft_from_being_activated(draft):
    assert workflows.problems(draft) == []


def test_a_problem_knows_what_it_is_about(draft, step):
    step.name = " "
    step.save()
    action = draft.automatic_actions.create(name="Everything")
    abouts = {str(problem): problem.about for problem in workflows.problems(draft)}
    assert abouts == {
        "Automatic action 1 “Everything”: it has no condition, so it would decide everything. "
        "Add a row.": action,
        "Step 1 “ ”: give it a name.": step,
    }


def test_the_percentage_of_a_percentage_policy_is_needed(draft, step):
    step.policy = "percentage"
    step.save()
    assert "which percentage" in only(draft).text
    step.percentage = 50
    step.save()
    assert workflows.problems(draft) == []


def test_a_step_for_managers_needs_no_users(draft, step, clerk, approver):
    step.users.clear()
    assert "nobody among its users" in only(draft).text
    step.assignment = "managers"
    step.save()
    assert workflows.problems(draft) == []
    assert "nobody has a manager yet" in problems.warnings(draft)[0].text
    ReportingLine.objects.create(person=clerk, manager=approver)
    assert problems.warnings(draft) == []


def test_users_left_on_a_step_for_managers_are_not_its_deciders(draft, step):
    step.assignment = "managers"
    step.save()
    assert problems.deciders(draft) == {step: []}


@pytest.mark.parametrize(
    "values, wrong",
    [
        ({"remind_after": 2}, "it has a reminder but no time limit"),
        ({"remind_after": 2, "time_limit": 2}, "reminder has to come before the time limit"),
        ({"remind_after": 1, "time_limit": 2}, None),
    ],
)
def test_a_reminder_comes_before_the_time_limit(draft, step, values, wrong):
    type(step).objects.filter(pk=step.pk).update(**values)
    assert [wrong in text for text in texts(draft)] == ([True] if wrong else [])


def test_an_escalation_path_needs_a_time_limit(draft, step):
    step.escalation_levels.create(position=1, kind="manager", time_limit=1)
    assert "escalation path but no time limit" in only(draft).text


def test_each_escalation_level_needs_somebody_who_may_decide(draft, step, clerk, approver):
    step.time_limit = 5
    step.save()
    clerks, approvers = (Group.objects.get(name=name) for name in ("Clerk", "Approver"))
    levels = [{"kind": "user"}, {"kind": "user", "user": clerk}, {"kind": "group"}]
    levels += [{"kind": "group", "group": clerks}, {"kind": "manager"}]
    levels += [{"kind": "user", "user": approver}, {"kind": "group", "group": approvers}]
    for position, level in enumerate(levels, start=1):
        step.escalation_levels.create(position=position, time_limit=1, **level)
    told = [text.removeprefix("Step 1 “Manager”, escalation ") for text in texts(draft)]
    assert told == [
        "level 1: choose the person.",
        "level 2: that person is not active or may not decide work items.",
        "level 3: choose the group.",
        "level 4: nobody in that group is active and may decide work items.",
    ]


def test_every_row_of_every_condition_is_checked(draft, step):
    action = draft.automatic_actions.create(name="Small", decision="approve")
    owners = [draft, action, step]
    for owner in owners:
        owner.conditions.create(subject="raised", field="credit_limit", operator="more", value="x")
    found = workflows.problems(draft)
    assert [problem.about for problem in found] == owners
    assert "“Credit limit raised by more than x”: “x” is not a number." in found[2].text


def test_a_default_workflow_has_no_activation_condition(draft):
    draft.conditions.create(subject="change", field="iban", operator="present")
    assert workflows.problems(draft) == []
    draft.workflow.is_default = True
    draft.workflow.save()
    assert "this is the default workflow" in only(draft).text


def test_a_workflow_that_another_one_hides_is_told(draft, administrator, approver):
    workflows.activate(draft, by=administrator)
    later = make("Zone", administrator, position=2)
    later.steps.create(position=1, name="Manager").users.set([approver])
    told = ["“Zone” is never used: “Credit” stands before it and has no activation condition."]
    assert [str(warning) for warning in problems.warnings(later)] == told
    assert workflows.problems(later) == []

    draft.workflow.is_default = True
    draft.workflow.save()
    assert "“Credit” is never used: “Zone” stands" in problems.warnings(later)[0].text
    later.conditions.create(subject="change", field="iban", operator="present")
    assert problems.warnings(later) == []


@pytest.mark.parametrize(
    ("value", "match", "never"),
    [("NL", "all", True), ("NL", "any", False), ("BE", "all", False)],
)
def test_a_workflow_behind_one_with_the_same_condition_is_never_used(
    administrator, value, match, never
):
    rows = [("record", "country", "is", "NL"), ("change", "iban", "present", "")]
    first, later = (make(name, administrator) for name in ("Ant", "Bee"))
    for version in (first, later):
        for subject, field, operator, compared in rows:
            version.conditions.create(
                subject=subject, field=field, operator=operator, value=compared
            )
    later.conditions.filter(subject="record").update(value=value)
    WorkflowVersion.objects.filter(pk=later.pk).update(match=match)
    WorkflowVersion.objects.filter(pk=first.pk).update(state="active")
    told = "“Bee” is never used: “Ant” stands before it and has the same activation condition."
    assert [str(warning) for warning in problems.warnings(later) if "never" in str(warning)] == (
        [told] if never else []
    )


def test_checking_takes_as_many_queries_for_many_steps(
    draft, approver, django_assert_max_num_queries
):
    def add(number):
        step = draft.steps.create(position=number, name=f"Step {number}", time_limit=9)
        step.users.set([approver])
        step.conditions.create(subject="change", field="name", operator="present")
        step.escalation_levels.create(position=1, kind="user", user=approver, time_limit=1)

    for number in range(2, 12):
        add(number)
    with django_assert_max_num_queries(30):
        assert workflows.problems(draft) == []


def test_a_condition_on_a_field_that_nobody_governs_is_told(draft, step, govern_fields):
    """Whoever edits the record could choose the way by it."""
    govern_fields("iban")
    action = draft.automatic_actions.create(position=1, name="Small")
    for owner in (draft, action, step):
        owner.conditions.create(subject="record", field="country", operator="is", value="NL")
        owner.conditions.create(subject="record", field="iban", operator="not_empty")
        owner.conditions.create(subject="new", field="city", operator="not_empty")
    found = problems.warnings(draft)
    assert [warning.about for warning in found] == [draft, action, step]
    assert found[2].text == (
        "Step 1 “Manager”, “Country/region of the customer is NL”: nobody approves changes of "
        "this field, so whoever edits the record can choose the way. Enable the field for "
        "approval."
    )
    assert workflows.problems(draft) == []

    govern_fields("iban", "country")
    assert problems.warnings(draft) == []


def test_the_pages_lead_from_a_warning_to_what_it_is_about(draft, step, client, administrator):
    step.conditions.create(subject="record", field="country", operator="is", value="NL")
    client.force_login(administrator)
    link = f'<a href="/admin/approvals/workflowstep/{step.pk}/change/">Step 1'
    for page in ("change", "activate"):
        shown = client.get(f"/admin/approvals/workflowversion/{draft.pk}/{page}/").content.decode()
        assert "nobody approves changes of this field" in shown
        assert link in shown
