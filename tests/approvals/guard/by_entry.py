"""Forgeries by what the history says: which steps were passed over, what a rule has approved."""

from django.utils import timezone

from approvals import history, proposals
from approvals.models import AutomaticAction, StepRun, WorkflowEvent, WorkflowVersion

from .forging import followed_by


@followed_by
def _without_the_second_step(stage):
    """Submitted once more, it is approved by the first step's decision."""
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    proposals.submit(stage.proposal.pk, by=stage.clerk)
    stage.approve_first_step()
    StepRun.objects.filter(state="running").update(state="stopped")
    stage.mark_approved()
    stage.take()


def _skipped(stage, **also):
    """An entry that the second step was passed over."""
    step = stage.proposal.version.steps.get(position=2)
    said = {"verb": "step_skipped", "proposal": stage.proposal, "step": step, "origin": "code"}
    return WorkflowEvent(at=timezone.now(), **said, **also)


@_without_the_second_step
def pass_over_a_step_for_good(stage):
    """By an entry that is the newest one whenever it is submitted."""
    WorkflowEvent.objects.bulk_create([_skipped(stage, pk=2**62)])


@_without_the_second_step
def pass_over_a_step_of_an_earlier_submission(stage):
    history.record([_skipped(stage)])


@followed_by
def _by_its_rule(stage):
    """That of the draft, as if it were one of the version."""
    entry = WorkflowEvent(verb="approved_by_rule", proposal=stage.proposal, origin="code")
    history.record([entry])
    StepRun.objects.filter(state="running").update(state="stopped")
    stage.mark_approved(automatic_action=AutomaticAction.objects.get(name="All"))
    stage.take()


@_by_its_rule
def have_a_rule_of_a_draft_approve(stage):
    draft = WorkflowVersion.objects.create(workflow=stage.proposal.version.workflow, number=9)
    draft.automatic_actions.create(name="All", decision="approve")


BY_ENTRY = dict.fromkeys(
    (pass_over_a_step_of_an_earlier_submission, have_a_rule_of_a_draft_approve),
    "only from pending, with the decisions",
)
# On SQLite the entries that follow have higher numbers still.
PLANTED = {pass_over_a_step_for_good: "no number that is still to be given out"}
