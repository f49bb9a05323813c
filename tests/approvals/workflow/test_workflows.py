"""Workflows: drafts, what activation checks, and that active versions never change."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Value
from django.db.models.functions import Concat

from approvals.models import Origin, Verb, VersionState, Workflow, WorkflowEvent, WorkflowVersion
from approvals.outcomes import Refused
from approvals.workflow import problems, workflows
from approvals.workflow.texts import definition
from customers.models import Customer


@pytest.fixture
def draft(administrator):
    """The first draft of a new workflow; it has no step yet."""
    customers = ContentType.objects.get_for_model(Customer)
    workflow = Workflow.objects.create(content_type=customers, name="Credit changes")
    return workflows.new_draft(workflow, by=administrator)


@pytest.fixture
def ready(draft, approver):
    """A draft that can be activated: the approver decides its one step."""
    draft.steps.create(position=1, name="Credit manager").users.set([approver])
    return draft


def states(workflow):
    return dict(workflow.versions.values_list("number", "state"))


def texts(version):
    return [str(problem) for problem in workflows.problems(version)]


def comments(verb):
    return list(
        WorkflowEvent.objects.filter(verb=verb).order_by("id").values_list("comment", flat=True)
    )


def other_type():
    return ContentType.objects.get_for_model(Group).pk


def test_a_new_workflow_has_draft_one(draft):
    assert (draft.number, draft.state) == (1, VersionState.DRAFT)
    assert comments(Verb.WORKFLOW_CHANGED) == [
        "Credit changes\nname added: Credit changes\ndefault added: No\norder added: 1\n"
        "content type added: Customers | customer",
        "Credit changes\nversion 1 added: Draft",
    ]


def test_a_version_without_a_step_cannot_be_activated(draft, administrator):
    with pytest.raises(Refused, match="There is no step"):
        workflows.activate(draft, by=administrator)
    assert states(draft.workflow) == {1: VersionState.DRAFT}


def test_all_problems_are_named_with_their_steps(draft, administrator):
    draft.steps.create(position=1, name="First")
    draft.steps.create(position=2, name=" ")
    with pytest.raises(Refused) as refusal:
        workflows.activate(draft, by=administrator)
    assert str(refusal.value).splitlines() == texts(draft)
    assert texts(draft) == [
        "Step 1 “First”: nobody among its users and groups is active and may decide work items.",
        "Step 2 “ ”: give it a name.",
        "Step 2 “ ”: nobody among its users and groups is active and may decide work items.",
    ]


def test_an_unknown_policy_is_a_problem(ready):
    ready.steps.update(policy="whoever")
    assert ["completion policy" in text for text in texts(ready)] == [True]


def test_someone_inactive_does_not_count_as_decider(ready, approver):
    approver.is_active = False
    approver.save()
    assert len(workflows.problems(ready)) == 1


def test_someone_without_the_right_does_not_count_as_decider(draft, clerk):
    draft.steps.create(position=1, name="Clerk").users.set([clerk])
    assert len(workflows.problems(draft)) == 1


def test_a_member_of_an_assigned_group_counts_as_decider(draft, approver):
    step = draft.steps.create(position=1, name="Approvers")
    step.groups.set([Group.objects.get(name="Approver")])
    assert workflows.problems(draft) == []
    assert [user.username for user in problems.deciders(draft)[step]] == ["approver"]


def test_someone_assigned_twice_is_one_decider(ready, approver):
    step = ready.steps.get()
    step.groups.set([Group.objects.get(name="Approver")])
    assert [user.username for user in problems.deciders(ready)[step]] == ["approver"]


def test_activation_says_who_and_when(ready, administrator):
    version = workflows.activate(ready, by=administrator)
    version.refresh_from_db()
    assert version.state == VersionState.ACTIVE
    assert (version.activated_by, version.activated_at is None) == (administrator, False)
    [told] = comments(Verb.WORKFLOW_ACTIVATED)
    assert told.splitlines()[0] == "Credit changes, version 1"


def test_the_entry_of_an_activation_holds_what_the_version_is_made_of(ready, administrator):
    step = ready.steps.get()
    step.conditions.create(
        subject="raised", field="credit_limit", operator="more_percent", value=20
    )
    workflows.activate(ready, by=administrator)
    [told] = comments(Verb.WORKFLOW_ACTIVATED)
    assert told.splitlines()[1:] == definition(ready)
    assert any("approver" in line for line in told.splitlines())
    assert any("20" in line for line in told.splitlines())


def test_a_version_is_activated_once(ready, administrator):
    workflows.activate(ready, by=administrator)
    with pytest.raises(Refused, match="no draft any more"):
        workflows.activate(ready, by=administrator)


def test_activating_the_next_version_retires_the_one_before(ready, administrator):
    workflows.activate(ready, by=administrator)
    workflows.activate(workflows.new_draft(ready.workflow, by=administrator), by=administrator)
    assert states(ready.workflow) == {1: VersionState.RETIRED, 2: VersionState.ACTIVE}
    assert comments(Verb.WORKFLOW_RETIRED) == ["Credit changes, version 1"]
    ready.refresh_from_db()
    assert ready.activated_by == administrator


def test_an_active_version_can_be_retired_without_a_successor(ready, administrator):
    workflows.activate(ready, by=administrator)
    workflows.retire(ready, by=administrator)
    assert states(ready.workflow) == {1: VersionState.RETIRED}
    with pytest.raises(Refused):
        workflows.retire(ready, by=administrator)


def test_a_draft_cannot_be_retired(ready, administrator):
    with pytest.raises(Refused):
        workflows.retire(ready, by=administrator)


def test_the_next_draft_is_a_copy_of_the_newest_version(ready, administrator, approver):
    group = Group.objects.get(name="Approver")
    step = ready.steps.create(position=2, name="Board", policy="all", instructions="Read it twice.")
    step.groups.set([group])
    workflows.activate(ready, by=administrator)
    draft = workflows.new_draft(ready.workflow, by=administrator)
    assert (draft.number, draft.state) == (2, VersionState.DRAFT)
    first, second = draft.steps.all()
    assert (first.name, list(first.users.all())) == ("Credit manager", [approver])
    assert (second.policy, second.instructions) == ("all", "Read it twice.")
    assert list(second.groups.all()) == [group]
    assert ready.steps.count() == 2


def test_a_workflow_has_one_draft_at_a_time(ready, administrator):
    assert workflows.new_draft(ready.workflow, by=administrator) == ready
    assert ready.workflow.versions.count() == 1


@pytest.mark.parametrize(
    "states", [[VersionState.ACTIVE], [VersionState.ACTIVE, VersionState.RETIRED]]
)
def test_a_version_that_was_activated_is_not_edited(ready, administrator, states):
    for state in states:
        WorkflowVersion.objects.filter(pk=ready.pk).update(state=state)
    with pytest.raises(Refused, match="never changes"), workflows.editing(ready, by=administrator):
        ready.steps.all().delete()
    assert ready.steps.count() == 1


def test_editing_a_draft_is_noted_once_with_what_changed(ready, administrator, second_approver):
    before = len(comments(Verb.WORKFLOW_CHANGED))
    with workflows.editing(ready, by=administrator):
        step = ready.steps.get()
        step.name = "Finance"
        step.save()
        step.users.add(second_approver)
        ready.steps.create(position=2, name="Board")
    single = "Single approver: the first decision decides"
    assert comments(Verb.WORKFLOW_CHANGED)[before:] == [
        "Credit changes\n"
        f"version 1, step 1: Credit manager; {single}; approver → "
        f"Finance; {single}; approver, second_approver\n"
        f"version 1, step 2 added: Board; {single}; Nobody yet"
    ]


def test_editing_without_a_change_is_not_noted(ready, administrator):
    before = len(comments(Verb.WORKFLOW_CHANGED))
    with workflows.editing(ready, by=administrator):
        pass
    assert len(comments(Verb.WORKFLOW_CHANGED)) == before


def test_only_an_administrator_sets_up_workflows(ready, clerk, approver, auditor, steward):
    for other in (clerk, approver, auditor, steward):
        with pytest.raises(PermissionDenied):
            workflows.activate(ready, by=other)
        with pytest.raises(PermissionDenied):
            workflows.new_draft(ready.workflow, by=other)
        with pytest.raises(PermissionDenied), workflows.editing(ready, by=other):
            pass
    assert states(ready.workflow) == {1: VersionState.DRAFT}


def test_retiring_needs_the_right(ready, administrator, clerk):
    workflows.activate(ready, by=administrator)
    with pytest.raises(PermissionDenied):
        workflows.retire(ready, by=clerk)


# What belongs to a version

EVERYTHING = {
    "subject": "raised",
    "field": "credit_limit",
    "operator": "more_percent",
    "value": "20",
}


@pytest.fixture
def full(ready, approver, clerk):
    """The draft with a value in every column that a version, step, row, level or action has."""
    group = Group.objects.get(name="Approver")
    row = {**EVERYTHING, "person": clerk, "group": group}
    WorkflowVersion.objects.filter(pk=ready.pk).update(match="any", notes="Why")
    ready.conditions.create(**row)
    action = ready.automatic_actions.create(
        name="Small", decision="approve", position=2, match="any"
    )
    action.conditions.create(**row)
    step = ready.steps.create(
        position=2,
        name="Board",
        instructions="Read.",
        match="any",
        assignment="managers",
        manager_start=2,
        manager_levels=3,
        manager_stop_group=group,
        manager_take="last",
        policy="percentage",
        percentage=60,
        time_limit=9,
        time_unit="hours",
        remind_after=3,
        final_action="reject",
    )
    step.users.set([approver])
    step.groups.set([group])
    step.conditions.create(**row)
    step.escalation_levels.create(position=1, kind="user", user=approver, group=group, time_limit=2)
    ready.refresh_from_db()
    return ready


def content(version):
    """Everything in a version, without what tells it from a copy of it."""
    own = {"id", "number", "state", "activated_at", "activated_by_id"}
    links = {"version_id", "step_id", "action_id"}
    return [
        (name, [column for column in columns if column[0] not in own | links], many)
        for name, columns, many in map(workflows._content, workflows._rows(version))
    ]


def test_the_next_draft_has_everything_that_the_version_before_has(full, administrator):
    WorkflowVersion.objects.filter(pk=full.pk).update(state=VersionState.ACTIVE)
    draft = workflows.new_draft(full.workflow, by=administrator)
    assert draft.pk != full.pk
    assert content(draft) == content(full)
    assert len(content(full)) == 8


def test_the_fixture_leaves_no_column_at_its_default(full):
    """So that the test above notices a column that is not copied."""
    for row in workflows._rows(full):
        for column in row._meta.concrete_fields:
            if column.name in {"state", "activated_at", "activated_by", "match"}:
                continue
            if row._meta.model_name == "workflowstep" and row.position == 1:
                continue
            assert getattr(row, column.attname) not in (None, ""), (row, column)


def changes(version):
    """A change of each thing that a draft consists of."""
    step, action = version.steps.last(), version.automatic_actions.get()
    yield lambda: version.steps.filter(pk=step.pk).update(name="Directors")
    yield lambda: version.steps.filter(pk=step.pk).update(manager_start=3)
    yield lambda: step.users.clear()
    yield lambda: step.conditions.update(value="30")
    yield lambda: step.escalation_levels.update(time_limit=4)
    yield lambda: version.automatic_actions.update(decision="reject")
    yield lambda: action.conditions.all().delete()
    yield lambda: version.conditions.update(value="30")
    yield lambda: WorkflowVersion.objects.filter(pk=version.pk).update(notes="Because")
    yield lambda: version.steps.create(position=3, name="Third")


def test_the_token_differs_after_every_change_and_only_then(full):
    seen = {workflows.token(full)}
    assert {workflows.token(full)} == seen
    for number, change in enumerate(changes(full), start=2):
        change()
        seen.add(workflows.token(full))
        assert len(seen) == number


# What changes in a workflow itself


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda w: setattr(w, "position", 7) or w.save(), "order: 1 → 7"),
        (lambda w: setattr(w, "is_default", True) or w.save(), "default: No → Yes"),
        (lambda w: Workflow.objects.update_or_create({"position": 7}, pk=w.pk), "order: 1 → 7"),
        (
            lambda w: w.versions.all().delete() and w.delete(),
            "name removed: Credit changes\ndefault removed: No\norder removed: 1\n"
            "content type removed: Customers | customer",
        ),
        (
            lambda w: setattr(w, "content_type_id", other_type()) or w.save(),
            "content type: Customers | customer → Authentication and Authorization | group",
        ),
    ],
)
def test_a_workflow_leaves_an_entry_whatever_way_it_is_changed(draft, change, told):
    change(draft.workflow)
    event = WorkflowEvent.objects.filter(verb=Verb.WORKFLOW_CHANGED).latest("pk")
    assert event.comment == f"Credit changes\n{told}"
    assert (event.actor, event.origin) == (None, Origin.CODE)


def test_an_entry_about_a_workflow_tells_what_is_stored(draft):
    workflow = draft.workflow
    workflow.name, workflow.position = "Never stored", 4
    workflow.save(update_fields=["position"])
    assert comments(Verb.WORKFLOW_CHANGED)[-1] == "Credit changes\norder: 1 → 4"
    workflow.name = Concat("name", Value(" 2"))
    workflow.save()
    renamed = "Credit changes\nname: Credit changes → Credit changes 2"
    assert comments(Verb.WORKFLOW_CHANGED)[-1] == renamed


def test_a_rename_does_not_stand_for_what_else_was_changed_since(draft, administrator):
    mark = workflows.mark(draft)
    with workflows.editing(draft, by=administrator):
        WorkflowVersion.objects.filter(pk=draft.pk).update(notes="Another note")
    draft.workflow.name = "Renamed"
    draft.workflow.save()
    # Under its name of today there is nothing: rather that than half of it.
    assert workflows.changes_since(WorkflowVersion.objects.get(pk=draft.pk), mark) == []


def test_a_workflow_that_is_saved_as_it_was_leaves_no_entry(draft):
    newest = WorkflowEvent.objects.latest("pk")
    draft.workflow.save()
    assert WorkflowEvent.objects.latest("pk") == newest


@pytest.mark.parametrize(
    "in_bulk",
    [
        lambda w: Workflow.objects.update(position=7),
        lambda w: Workflow.objects.bulk_update([w], ["position"]),
        lambda w: Workflow.objects.bulk_create([w]),
    ],
)
def test_no_workflow_is_changed_in_bulk(draft, in_bulk):
    with pytest.raises(TypeError, match="one by one"):
        in_bulk(draft.workflow)


# The default workflow


def test_there_is_one_default_workflow_and_taking_it_over_is_noted(ready, administrator):
    other = Workflow.objects.create(
        content_type=ready.workflow.content_type, name="Other", is_default=True
    )
    assert workflows.take_default(ready.workflow, by=administrator) == other
    other.refresh_from_db()
    assert not other.is_default
    assert comments(Verb.WORKFLOW_CHANGED)[-1] == "Other\ndefault: Yes → No"


def test_a_workflow_whose_active_version_has_a_condition_cannot_be_the_default(
    ready, administrator
):
    ready.conditions.create(**EVERYTHING)
    assert workflows.why_not_default(ready.workflow) == ""
    workflows.activate(ready, by=administrator)
    assert "Version 1, which is active" in workflows.why_not_default(ready.workflow)
