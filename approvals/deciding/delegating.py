"""Delegate: whoever may decide a work item has somebody else decide it on his behalf."""

from django.utils import timezone
from django.utils.translation import gettext as _

from .. import history
from ..models import Delegation, Verb
from ..outcomes import BROWSER, Refused
from ..proposals import require_reason
from ..workflow import routing
from ..workflow.routing import Assignee
from . import assigning, cases
from .receiving import Receiving


@history.sealed()
def delegate(item_id: int, to, comment: str, *, by, source=BROWSER) -> None:
    """Hand a work item on to `to`, who decides it on behalf of its assignee.

    It counts for the whole proposal: what later steps, also after it is submitted again,
    would assign to the assignee goes to his delegate (`routing` sees to that). Whoever has
    it by delegation may delegate it further; it stays on behalf of the first one.
    comment: why, required. Raises Refused with the reason.
    """
    comment = require_reason(comment)
    case = cases.load([item_id]).get(item_id)
    if reason := cases.why_not(case, cases.Voter(by, [case] if case else [])):
        raise Refused(reason)
    if reason := _why_not_to(case, to, by):
        raise Refused(reason)
    _keep(case, to, comment)
    handing = assigning.Handing([case.item], (_delegate(case.item, to),), case.on_behalf_of(by))
    assigning.hand_on_all([handing], Verb.DELEGATED, by=by, source=source, comment=comment)


def candidates(item_id: int, *, by) -> list:
    """The people to whom `by` can delegate a work item now. Raises Refused where he cannot."""
    case = cases.load([item_id], lock=False).get(item_id)
    if reason := cases.why_not(case, cases.Voter(by, [case] if case else [])):
        raise Refused(reason)
    return [person for person in _receiving(case).people(case) if person.pk != by.pk]


def _why_not_to(case, to, by) -> str:
    if to.pk in (by.pk, case.item.assignee_id):
        return _("Choose somebody else: this work item is yours to decide already.")
    return _receiving(case).why_not(case, to)


def _receiving(case):
    """Administrators decide only where nobody else is left to: they are no delegates."""
    return Receiving([case], routing.deciders("decide_proposal"))


def _keep(case, to, comment):
    Delegation.objects.create(
        proposal=case.proposal,
        person_id=case.item.assignee_id,
        delegate=to,
        comment=comment,
        at=timezone.now(),
    )


def _delegate(item, to) -> Assignee:
    """Who gets it, on behalf of the first delegator; on nobody's if that is himself."""
    first = item.on_behalf_of_id or item.assignee_id
    return Assignee(to.pk, on_behalf_of=None if first == to.pk else first)
