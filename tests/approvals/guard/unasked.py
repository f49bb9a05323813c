"""Forgeries by what nobody was asked: closed changes, drafts of workflows, others' work items."""

from django.db.models import F
from django.utils import timezone

from approvals import proposals
from approvals.models import (
    Behavior,
    ImportJob,
    Proposal,
    ProposedChange,
    StepRun,
    WorkflowVersion,
    WorkItem,
)
from tests.approvals.helpers import edit, import_source
from tests.approvals.segregation.holdings import stand_in

from .forging import followed_by, sql

# What is said to be applied, or discarded, though nobody ever saw it


def _slip(change, outcome="applied"):
    change.pk, change.field, change.value, change.outcome = None, "name", "Other", outcome
    change.save(force_insert=True)


def say_it_was_applied_while_it_is_pending(stage):
    _slip(stage.changes().get())
    stage.approve_all()


def say_it_was_applied_with_what_was_approved(stage):
    stage.approve_all()
    _slip(stage.changes().get())


def say_it_was_discarded_with_what_was_approved(stage):
    stage.approve_all()
    _slip(stage.changes().get(), "discarded")


def say_it_was_applied_before_it_is_submitted(stage):
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    _slip(stage.changes().get())
    proposals.submit(stage.proposal.pk, by=stage.clerk)
    stage.approve_all()


def say_it_was_applied_before_the_draft_is_made(stage):
    """A change of a proposal that is not there yet."""
    stage.no_other_change()
    draft, change = stage.row().get(), stage.changes().get()
    draft.pk, draft.state = 4711, "not_submitted"
    change.proposal_id = draft.pk
    _slip(change)
    draft.save(force_insert=True)
    change.pk, change.field, change.value, change.outcome = None, "credit_limit", "300.00", ""
    change.save(force_insert=True)
    stage.proposal = proposals.submit(draft.pk, by=stage.clerk)
    stage.approve_all()


def say_that_an_import_has_done_more(stage):
    stage.no_other_change()
    source = import_source(stage.steward, Behavior.ALLOW)
    edit(stage.steward, "C1", source=source, credit_limit="777")
    ImportJob.objects.filter(pk=source.job.pk).update(state="done")
    _slip(ProposedChange.objects.get(proposal__import_job=source.job))


def say_it_was_applied_as_the_draft_is_made(stage):
    """In one statement with what is proposed: no row of it comes first."""
    stage.no_other_change()
    _insert_draft(4711, stage, ("name", "Other", "applied"), ("credit_limit", "300.00", ""))
    stage.proposal = proposals.submit(4711, by=stage.clerk)
    stage.approve_all()


def _insert_draft(pk, stage, *changes):
    """A draft like the stage's proposal, with these changes; on PostgreSQL."""
    own, said = ("id", "state"), ("id", "proposal_id", "field", "value", "outcome")
    of_draft = ", ".join(f.column for f in _columns(Proposal, own))
    of_change = ", ".join(f.column for f in _columns(ProposedChange, said))
    rows = ", ".join(["(%s, %s, %s)"] * len(changes))
    sql(
        f"""WITH made AS (INSERT INTO approvals_proposal (id, state, {of_draft})
            SELECT {pk}, 'not_submitted', {of_draft} FROM approvals_proposal WHERE id = %s)
        INSERT INTO approvals_proposedchange (proposal_id, field, value, outcome, {of_change})
        SELECT {pk}, v.*, {of_change}
        FROM (VALUES {rows}) v, approvals_proposedchange WHERE proposal_id = %s""",
        stage.proposal.pk,
        *(text for change in changes for text in change),
        stage.proposal.pk,
    )


def _columns(model, but):
    return [f for f in model._meta.concrete_fields if f.column not in but]


# A version that is no more than a draft


@followed_by
def _decided_in_one_step(stage):
    """The one step of a version of one's own."""
    version = WorkflowVersion.objects.get(number=9)
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    now, pending = timezone.now(), {"state": "pending", "revision": F("revision") + 1}
    stage.row().update(**pending, version=version, submitted_by=stage.clerk, submitted_at=now)
    run = StepRun.objects.create(
        proposal=stage.proposal, step=version.steps.get(), votes_needed=1, started_at=now
    )
    of_run = {"step_run": run, "proposal": stage.proposal, "record_key": "C1"}
    item = WorkItem.objects.create(**of_run, assignee=stage.steward, created_at=now)
    stage.decide_raw(item, stage.steward)


def _draft(stage):
    draft = WorkflowVersion.objects.create(workflow=stage.proposal.version.workflow, number=9)
    draft.steps.create(position=1, name="Mine")
    return WorkflowVersion.objects.filter(pk=draft.pk)


@_decided_in_one_step
def decide_by_a_draft(stage):
    _draft(stage)


@_decided_in_one_step
def decide_by_a_draft_that_is_called_retired(stage):
    _draft(stage).update(state="retired")


@_decided_in_one_step
def decide_by_a_draft_that_is_called_otherwise(stage):
    _draft(stage).update(state="paused")


# A work item that is somebody else's


def _others_item(stage):
    stage.approve_first_step()
    return WorkItem.objects.get(assignee=stage.second)


def decide_what_another_is_to_decide(stage):
    stage.decide_raw(_others_item(stage), stage.steward)


def say_that_one_stands_in(stage):
    stage.decide_raw(_others_item(stage), stage.steward, on_behalf_of=stage.second)


def stand_in_for_another_than_who_has_it(stage):
    stand_in(stage.approver, stage.steward)
    stage.decide_raw(_others_item(stage), stage.steward, on_behalf_of=stage.second)


def decide_what_a_contributor_has_delegated(stage):
    """A substitute names for whom he decides, who does not name for whom he does."""
    item = _others_item(stage)
    WorkItem.objects.filter(pk=item.pk).update(on_behalf_of=stage.clerk)
    stand_in(stage.second, stage.steward)
    stage.decide_raw(item, stage.steward, on_behalf_of=stage.second)


def say_it_is_for_another(stage):
    stage.decide_raw(_others_item(stage), stage.second, on_behalf_of=stage.steward)


def decide_for_nobody_what_was_delegated(stage):
    """A decision that hides for whom it was taken."""
    item = _others_item(stage)
    WorkItem.objects.filter(pk=item.pk).update(on_behalf_of=stage.steward)
    stage.decide_raw(item, stage.second)


ADDED = "nothing is added"
ANOTHERS = "by whoever has the work item"
BEFORE = "nothing was applied before"
UNASKED = {
    say_it_was_applied_while_it_is_pending: ADDED,
    say_it_was_applied_with_what_was_approved: ADDED,
    say_it_was_discarded_with_what_was_approved: ADDED,
    say_it_was_applied_before_it_is_submitted: ADDED,
    say_it_was_applied_before_the_draft_is_made: BEFORE,
    say_that_an_import_has_done_more: ADDED,
    decide_by_a_draft: "only by a version that was activated",
    decide_by_a_draft_that_is_called_retired: "a draft becomes nothing but active",
    decide_by_a_draft_that_is_called_otherwise: "a draft becomes nothing but active",
    decide_what_another_is_to_decide: ANOTHERS,
    say_that_one_stands_in: ANOTHERS,
    stand_in_for_another_than_who_has_it: ANOTHERS,
    decide_what_a_contributor_has_delegated: "four eyes",
    say_it_is_for_another: ANOTHERS,
    decide_for_nobody_what_was_delegated: ANOTHERS,
}
ON_POSTGRESQL = {say_it_was_applied_as_the_draft_is_made: BEFORE}
