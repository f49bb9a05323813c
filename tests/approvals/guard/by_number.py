"""Forgeries on SQLite by rows that take the number of others, which are deleted for them."""

from django.utils import timezone

from approvals import proposals
from approvals.models import ProposedChange, WorkItem
from tests.approvals.helpers import edit

from .forging import followed_by, replace, sql

_CHANGES, _ITEMS = ProposedChange._meta.db_table, WorkItem._meta.db_table


def _take_its_number(stage, name="id"):
    """A change of one's own draft takes the number of the proposal's change."""
    edit(stage.clerk, "C1", name="Other")
    mine, other = ProposedChange.objects.get(field="name"), stage.changes().get()
    sql(f"UPDATE OR REPLACE {_CHANGES} SET {name} = %s WHERE id = %s", other.pk, mine.pk)
    return mine.proposal


def _approved_instead(stage, draft):
    stage.proposal = proposals.submit(draft.pk, by=stage.clerk)
    stage.approve_all()


def leave_out_what_is_pending(stage):
    _approved_instead(stage, _take_its_number(stage))


def leave_out_what_is_pending_by_another_name(stage):
    _approved_instead(stage, _take_its_number(stage, "rowid"))


def forget_what_was_applied(stage):
    stage.approve_all()
    _take_its_number(stage)


@followed_by
def _approved(stage):
    stage.approve_all()


def replace_a_work_item_by_anothers(stage):
    """The second step's is somebody else's then, who decides."""
    stage.approve_first_step()
    item = WorkItem.objects.get(assignee=stage.second)
    replace(WorkItem, item.pk, assignee_id=stage.steward.pk)
    stage.decide_raw(item, stage.steward)


@_approved
def replace_a_work_item_by_one_that_shows_another_customer(stage):
    item = WorkItem.objects.get()
    replace(WorkItem, item.pk, id=item.pk + 1, record_key="C2")


@_approved
def replace_a_work_item_by_opening_another(stage):
    item = WorkItem.objects.get()
    item.pk, item.record_key, item.state = None, "C2", "cancelled"
    item.created_at = timezone.now()
    item.save(force_insert=True)
    sql(f"UPDATE OR REPLACE {_ITEMS} SET state = 'open' WHERE id = %s", item.pk)


KEPT_NUMBER = "keeps its number"
BY_NUMBER = {
    leave_out_what_is_pending: KEPT_NUMBER,
    leave_out_what_is_pending_by_another_name: KEPT_NUMBER,
    forget_what_was_applied: KEPT_NUMBER,
    replace_a_work_item_by_anothers: "never replaced",
    replace_a_work_item_by_one_that_shows_another_customer: "never replaced",
    replace_a_work_item_by_opening_another: "never replaced",
}
