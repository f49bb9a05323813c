"""Forgeries that pass by what the guard looks at: no steps, no contributors, no deletion.

And those that show an approver something else than what was submitted.
"""

from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.utils import timezone

from approvals import proposals
from approvals.models import Decision, StepRun, WorkflowVersion, WorkItem
from tests.approvals.helpers import edit

from .forging import followed_by


def decide_without_a_workflow(stage):
    """No version, and so no step that misses a vote."""
    item = WorkItem.objects.get()
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    stage.row().update(state="pending", version=None, revision=F("revision") + 1)
    StepRun.objects.filter(pk=item.step_run_id).update(state="running")
    stage.decide_raw(item, stage.approver)


def never_be_noted_as_a_contributor(stage):
    """Decide on what is one's own, where nobody has written down that it is."""
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    stage.changes().update(proposed_by=stage.approver)
    proposals.submit(stage.proposal.pk, by=stage.clerk)
    stage.approve_all()


def replace_by_an_update(stage):
    """Another change takes the place of one, which is deleted for it."""
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    edit(stage.clerk, "C1", name="777")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE OR REPLACE approvals_proposedchange SET field = 'credit_limit' "
            "WHERE field = 'name'"
        )
    proposals.submit(stage.proposal.pk, by=stage.clerk)
    stage.approve_all()


@followed_by
def _approved(stage):
    stage.approve_all()


@_approved
def say_another_proposed_it(stage):
    stage.changes().update(proposed_by=stage.steward)


@_approved
def say_it_was_proposed_earlier(stage):
    stage.changes().update(proposed_at=F("proposed_at") - timedelta(9))


def say_another_proposed_the_approved_one(stage):
    stage.approve_all()
    stage.changes().update(proposed_by=stage.steward)


@_approved
def show_it_as_another_customers(stage):
    stage.row().update(record_key="C2")


@_approved
def show_another_customers_name_on_the_work_item(stage):
    WorkItem.objects.update(record_key="C2")


@_approved
def say_it_was_assigned_earlier(stage):
    WorkItem.objects.update(created_at=F("created_at") - timedelta(9))


@_approved
def say_the_step_began_earlier(stage):
    StepRun.objects.update(started_at=F("started_at") - timedelta(9))


@_approved
def give_it_another_note(stage):
    stage.row().update(note="The director has agreed.")


@_approved
def say_another_made_it(stage):
    stage.row().update(created_by=stage.steward)


@_approved
def say_it_was_made_earlier(stage):
    stage.row().update(created_at=F("created_at") - timedelta(9))


@_approved
def say_it_came_from_an_import(stage):
    stage.row().update(origin="import")


@_approved
def say_it_was_submitted_earlier(stage):
    stage.row().update(submitted_at=F("submitted_at") - timedelta(9))


@_approved
def say_it_was_routed_on_other_facts(stage):
    stage.row().update(routed_on={})


@_approved
def call_it_a_new_customer(stage):
    stage.row().update(kind="new")


def edit_the_workflow_as_a_draft(stage):
    """Leave the second step to whoever approves the first, and activate it again."""
    version = WorkflowVersion.objects.filter(pk=stage.proposal.version_id)
    version.update(state="draft")
    version.get().steps.get(position=2).users.set([stage.second, stage.steward])
    version.update(state="active")
    stage.approve_all()


def activate_a_retired_workflow(stage):
    version = WorkflowVersion.objects.filter(pk=stage.proposal.version_id)
    version.update(state="retired")
    version.update(state="active")
    stage.approve_all()


def leave_out_a_step(stage):
    """Nobody has entered it yet."""
    stage.proposal.version.steps.get(position=2).delete()
    stage.approve_first_step()


def let_another_step_be_the_last(stage):
    """Move it to a version of its own."""
    workflow = stage.proposal.version.workflow
    other = WorkflowVersion.objects.create(workflow=workflow, number=9)
    stage.proposal.version.steps.filter(position=2).update(version=other)
    stage.approve_first_step()


def have_another_decide(stage):
    """Exchange the second step's work item for one of somebody else's."""
    stage.approve_first_step()
    item = WorkItem.objects.get(assignee=stage.second)
    WorkItem.objects.filter(pk=item.pk).delete()
    item.pk, item.assignee = None, stage.steward
    item.save(force_insert=True)
    stage.decide_raw(item, stage.steward)


def approve_beside_a_rejection(stage):
    """The step has the vote that it needs; somebody else has rejected."""
    stage.approve_first_step()
    item = WorkItem.objects.get(assignee=stage.second)
    vote = {"step_run": item.step_run, "proposal": stage.proposal, "decided_at": timezone.now()}
    vote |= {"revision": stage.row().get().revision, "person": stage.second}
    Decision.objects.create(work_item=item, action="reject", **vote)
    item.pk, item.assignee = None, stage.steward
    item.save(force_insert=True)
    stage.decide_raw(item, stage.steward)


def _submitted_again(change_rules):
    def forgery(stage):
        proposals.recall(stage.proposal.pk, by=stage.clerk)
        change_rules(stage.proposal.version.automatic_actions)
        proposals.submit(stage.proposal.pk, by=stage.clerk)

    forgery.__name__ = change_rules.__name__
    return forgery


@_submitted_again
def add_a_rule_that_approves(rules):
    rule = rules.create(name="All", position=2, decision="approve")
    rule.conditions.create(subject="new", field="credit_limit", operator="more", value="1")


@_submitted_again
def have_a_rule_approve_less(rules):
    rules.get().conditions.update(value="1")


@_submitted_again
def give_a_rule_a_condition_that_holds(rules):
    rules.update(match="any")
    rules.get().conditions.create(subject="new", field="credit_limit", operator="more", value="1")


WITH_THE_CHANGE = "not edited while it is pending"
AS_SUBMITTED = "keeps .* what was submitted with it"
OF_ITS_OWN = "stays with its record"
AS_ACTIVATED = "as it was once the version was activated"
SHOWN = {
    leave_out_a_step: AS_ACTIVATED,
    let_another_step_be_the_last: AS_ACTIVATED,
    have_another_decide: "workitems are never deleted",
    approve_beside_a_rejection: "only from pending, with the decisions",
    add_a_rule_that_approves: AS_ACTIVATED,
    have_a_rule_approve_less: AS_ACTIVATED,
    give_a_rule_a_condition_that_holds: AS_ACTIVATED,
    edit_the_workflow_as_a_draft: "never becomes a draft again",
    activate_a_retired_workflow: "nor active once it is retired",
    say_another_proposed_it: WITH_THE_CHANGE,
    say_it_was_proposed_earlier: WITH_THE_CHANGE,
    say_another_proposed_the_approved_one: WITH_THE_CHANGE,
    show_it_as_another_customers: OF_ITS_OWN,
    show_another_customers_name_on_the_work_item: OF_ITS_OWN,
    say_it_was_assigned_earlier: "as old as it is",
    say_the_step_began_earlier: "keeps its proposal, when it began",
    say_another_made_it: OF_ITS_OWN,
    say_it_was_made_earlier: OF_ITS_OWN,
    say_it_came_from_an_import: OF_ITS_OWN,
    give_it_another_note: AS_SUBMITTED,
    say_it_was_submitted_earlier: AS_SUBMITTED,
    say_it_was_routed_on_other_facts: AS_SUBMITTED,
    call_it_a_new_customer: AS_SUBMITTED,
}
