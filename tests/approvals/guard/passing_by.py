"""Forgeries that pass by what the guard looks at: no steps, no contributors, no deletion."""

from django.db import connection
from django.db.models import F

from approvals import proposals
from approvals.models import StepRun, WorkItem
from tests.approvals.helpers import edit


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
