"""Reassign: a workflow administrator gives open work items to somebody else."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from .. import history, values
from ..models import ItemState, State, Verb, WorkItem
from ..models.permissions import may_administer
from ..notifying import notifications, outbox
from ..outcomes import BROWSER
from ..proposals import require_reason
from ..workflow import routing
from ..workflow.routing import Assignee
from . import assigning, cases
from .receiving import Receiving

BATCH = 2000


@dataclass(frozen=True)
class Reassigned:
    """What became of one work item, and why in words. key: the record's, "" where unknown."""

    work_item_id: int
    proposal_id: int | None
    key: str
    done: bool
    message: str


@history.sealed()
def reassign(item_ids, to, reason: str, *, by, source=BROWSER) -> list[Reassigned]:
    """Give open work items to `to`, whose own they become; each with its own result.

    reason: why, required. The statements do not grow with the number of items. An
    administrator who contributed may reassign too, but nobody who contributed gets one.
    Raises Refused without a reason, PermissionDenied where `by` may not reassign.
    """
    _require_right(by)
    reason, item_ids = require_reason(reason), list(dict.fromkeys(item_ids))
    loaded = cases.load(item_ids)
    receiving = Receiving(loaded.values(), routing.all_deciders())
    refusals = {pk: _refusal(loaded.get(pk), to, receiving) for pk in item_ids}
    handings = [
        assigning.Handing([case.item], (Assignee(to.pk),))
        for pk, case in loaded.items()
        if not refusals[pk]
    ]
    assigning.hand_on_all(handings, Verb.REASSIGNED, by=by, source=source, comment=reason)
    given = [item for handing in handings for item in handing.items]
    notifications.taken_away(given, to, by=by, comment=reason)
    return [_result(pk, loaded.get(pk), to, refusals[pk]) for pk in item_ids]


def reassign_all_of(person, to, reason: str, *, by, source=BROWSER) -> list[Reassigned]:
    """Give all open work items of `person` to `to`, such as when somebody leaves.

    Batch by batch, each in a transaction of its own: others wait for the locks of one.
    """
    _require_right(by)
    ids = list(open_items_of(person).values_list("pk", flat=True))
    results = []
    with outbox.together():
        for start in range(0, len(ids), BATCH):
            results += reassign(ids[start : start + BATCH], to, reason, by=by, source=source)
    return results


def open_items_of(person):
    """The open work items of `person`, oldest first."""
    items = WorkItem.objects.filter(assignee=person, state=ItemState.OPEN)
    return items.order_by("created_at", "id")


def candidates(proposal, *, by) -> list:
    """The people to whom `by` can give the open work items of `proposal` now."""
    _require_right(by)
    items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN)
    found = cases.load(items.values_list("pk", flat=True)[:1], lock=False)
    receiving = Receiving(found.values(), routing.all_deciders())
    return [person for case in found.values() for person in receiving.people(case)]


def _require_right(by):
    if not may_administer(by):
        raise PermissionDenied


def _refusal(case, to, receiving) -> str:
    if case is None:
        return _("This work item does not exist.")
    if case.proposal.state != State.PENDING or case.item.state != ItemState.OPEN:
        return cases.too_late(case.proposal, case.run, case.item)
    if to.pk == case.item.assignee_id:
        return _("%(who)s has this work item already.") % {"who": values.person_name(to)}
    if reason := receiving.why_not(case, to):
        return reason
    # Another work item of the same step in this batch is not for him as well.
    receiving.taken.add((case.run.pk, to.pk))
    return ""


def _result(pk, case, to, refusal):
    message = refusal or _("Reassigned to %(who)s.") % {"who": values.person_name(to)}
    if case is None:
        return Reassigned(pk, None, "", False, message)
    return Reassigned(pk, case.proposal.pk, case.item.record_key, not refusal, message)
