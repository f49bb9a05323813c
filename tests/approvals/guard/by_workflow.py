"""Forgeries by a workflow that was activated: other people, other conditions, other times."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.utils import timezone

from approvals.deciding import deadlines
from approvals.models import ReportingLine, StepCondition, StepRun, WorkflowStep, WorkflowVersion
from tests.approvals.helpers import vote

from .forging import followed_by, replace, sql

PEOPLE = WorkflowStep.users.through
NEVER = {"subject": "new", "field": "credit_limit", "operator": "more", "value": "1000000"}


def _step(stage):
    """The second step: what it says does not count before the first one is complete."""
    return stage.proposal.version.steps.get(position=2)


def _version(stage):
    return WorkflowVersion.objects.filter(pk=stage.proposal.version_id)


def _draft(stage):
    """A draft, which anybody may write who may write rows."""
    return WorkflowVersion.objects.create(workflow=stage.proposal.version.workflow, number=9)


def _draft_step(stage):
    return _draft(stage).steps.create(position=2, name="Draft")


@followed_by
def _decided_by_one(stage):
    """He decides the second step as well."""
    stage.approve_first_step()
    assert vote(stage.approver, stage.proposal).done


@followed_by
def _passed_over(stage):
    """The second step is left out: the first one's decision is the last."""
    stage.approve_first_step()


@_decided_by_one
def add_somebody_to_a_step(stage):
    _step(stage).users.add(stage.approver)


@_decided_by_one
def name_another_for_a_step(stage):
    PEOPLE.objects.filter(workflowstep=_step(stage)).update(user=stage.approver)


@_decided_by_one
def name_whom_a_draft_names(stage):
    draft = _draft_step(stage)
    draft.users.add(stage.approver)
    PEOPLE.objects.filter(workflowstep=draft).update(workflowstep=_step(stage))


@_decided_by_one
def give_a_step_to_a_group(stage):
    _step(stage).groups.add(Group.objects.get(name="Approver"))


@_decided_by_one
def leave_a_step_to_managers(stage):
    ReportingLine.objects.create(person=stage.clerk, manager=stage.approver)
    WorkflowStep.objects.filter(pk=_step(stage).pk).update(assignment="managers")


@_decided_by_one
def take_the_version_away_meanwhile(stage):
    version = _version(stage).get()
    _version(stage)._raw_delete("default")
    PEOPLE.objects.filter(workflowstep__position=2).update(user=stage.approver)
    version.save(force_insert=True)


def activate_a_retired_workflow_by_a_detour(stage):
    for state in ("retired", "paused", "active"):
        _version(stage).update(state=state)
    stage.approve_all()


def have_time_hand_it_on(stage):
    stage.approve_first_step()
    _step(stage).escalation_levels.create(
        position=1, kind="user", user=stage.approver, time_limit=1
    )
    past = timezone.now() - timedelta(hours=1)
    StepRun.objects.filter(state="running").update(due_at=past, wake_at=past)
    deadlines.process()
    assert vote(stage.approver, stage.proposal).done


@_passed_over
def give_a_step_a_condition(stage):
    _step(stage).conditions.create(**NEVER)


@_passed_over
def turn_the_condition_of_a_step(stage):
    _step(stage).conditions.update(operator="is_not")


@_passed_over
def give_a_step_the_condition_of_a_draft(stage):
    draft = _draft_step(stage)
    draft.conditions.create(**NEVER)
    StepCondition.objects.filter(step=draft).update(step=_step(stage))


@_decided_by_one
def replace_the_version_by_a_draft(stage):
    replace(WorkflowVersion, stage.proposal.version_id, state="draft")
    _step(stage).users.add(stage.approver)
    _version(stage).update(state="active")


def _put_back_as_a_draft(stage, version):
    """A version that is gone: what hangs on it can be written again, and it be activated."""
    assert not _version(stage).exists()
    version.state = "draft"
    version.save(force_insert=True)
    _step(stage).users.add(stage.approver)
    _version(stage).update(state="active")


@_decided_by_one
def replace_the_version_by_its_number(stage):
    version = _version(stage).get()
    other = _draft(stage)
    replace(WorkflowVersion, other.pk, id=other.pk + 1, number=version.number)
    WorkflowVersion.objects.filter(state="draft").delete()
    _put_back_as_a_draft(stage, version)


@_decided_by_one
def replace_the_version_by_numbering_a_draft(stage):
    version = _version(stage).get()
    other = _draft(stage)
    sql(f"UPDATE OR REPLACE {_VERSIONS} SET number = %s WHERE id = %s", version.number, other.pk)
    other.delete()
    _put_back_as_a_draft(stage, version)


@_decided_by_one
def replace_the_version_by_activating_a_draft(stage):
    version = _version(stage).get()
    other = _draft(stage)
    sql(f"UPDATE OR REPLACE {_VERSIONS} SET state = 'active' WHERE id = %s", other.pk)
    WorkflowVersion.objects.filter(pk=other.pk).update(state="retired")
    _put_back_as_a_draft(stage, version)


@_passed_over
def replace_a_step_by_one_of_a_draft(stage):
    replace(WorkflowStep, _step(stage).pk, version_id=_draft(stage).pk, position=3)


@_decided_by_one
def replace_a_step_by_numbering_one_of_a_draft(stage):
    """Whoever decided it does so still, where nobody is named."""
    step, draft = _step(stage), _draft_step(stage)
    sql(
        f"UPDATE OR REPLACE {WorkflowStep._meta.db_table} SET id = %s WHERE id = %s",
        step.pk,
        draft.pk,
    )
    step.users.add(stage.approver)
    WorkflowStep.objects.filter(pk=step.pk).update(version=stage.proposal.version_id)


_VERSIONS = WorkflowVersion._meta.db_table
AS_ACTIVATED = "as it was once the version was activated"
BY_WORKFLOW = {
    add_somebody_to_a_step: AS_ACTIVATED,
    name_another_for_a_step: AS_ACTIVATED,
    name_whom_a_draft_names: AS_ACTIVATED,
    give_a_step_to_a_group: AS_ACTIVATED,
    leave_a_step_to_managers: AS_ACTIVATED,
    take_the_version_away_meanwhile: "activated is never deleted",
    activate_a_retired_workflow_by_a_detour: "nor active once it is retired",
    have_time_hand_it_on: AS_ACTIVATED,
    give_a_step_a_condition: AS_ACTIVATED,
    turn_the_condition_of_a_step: AS_ACTIVATED,
    give_a_step_the_condition_of_a_draft: AS_ACTIVATED,
}
BY_REPLACING_IT = {
    replace_the_version_by_a_draft: "never replaced",
    replace_the_version_by_its_number: "never replaced",
    replace_the_version_by_numbering_a_draft: "stays with its workflow",
    replace_the_version_by_activating_a_draft: "never replaced",
    replace_a_step_by_one_of_a_draft: "never replaced",
    replace_a_step_by_numbering_one_of_a_draft: AS_ACTIVATED,
}
