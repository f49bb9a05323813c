"""Every way of coming to decide on a proposal.

The program's own way is tried first. It never hands a contributor a work item, so then one
is laid past it: what refuses is to be the decision itself, and the database.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from approvals.models import StepRun, Substitution, WorkItem

from . import getting


@dataclass(frozen=True)
class Holding:
    """hand: lays the work item that Rosa is to decide, and returns it.

    by_tom: it is Tom who touched the proposal, and Rosa decides on his behalf. is_his:
    whether it is hers to decide. prepare: what happens before the proposal is submitted.
    """

    name: str
    hand: Callable
    by_tom: bool = False
    is_his: bool = True
    claimed: bool = False
    prepare: Callable | None = None

    def toucher(self, company):
        """Who touched the proposal."""
        return company.tom if self.by_tom else company.rosa


def _lay(item, assignee, **columns):
    WorkItem.objects.filter(pk=item.pk).update(assignee=assignee, **columns)
    item.refresh_from_db()
    return item


def stand_in(person, substitute):
    """Somebody stands in for another today."""
    today = timezone.localdate()
    Substitution.objects.create(person=person, substitute=substitute, starts=today, ends=today)


def _handed(way):
    """One of the program's own ways; by force where it refuses."""

    def hand(company, proposal):
        way(company, proposal)
        item = company.item_for(proposal, company.rosa)
        return item if item.assignee_id == company.rosa.pk else _lay(item, company.rosa)

    return hand


def _assigned(company, proposal):
    return _lay(company.item_for(proposal, company.rosa), company.rosa)


def _claimed(company, proposal):
    item = _lay(company.item_for(proposal), company.rosa, group=company.groups["Approver"])
    StepRun.objects.filter(pk=item.step_run_id).update(claimed_by=company.rosa)
    return item


def _substitute_of_an_assignee(company, proposal):
    item = company.item_for(proposal)
    stand_in(item.assignee, company.rosa)
    return item


def _delegate_of_tom(company, proposal):
    return _lay(company.item_for(proposal), company.rosa, on_behalf_of=company.tom)


def _substitute_of_tom(company, proposal):
    stand_in(company.tom, company.rosa)
    return _lay(company.item_for(proposal), company.tom)


def _substitute_of_toms_delegate(company, proposal):
    stand_in(company.dan, company.rosa)
    return _lay(company.item_for(proposal), company.dan, on_behalf_of=company.tom)


def _somebody_elses(company, proposal):
    return company.item_for(proposal)


def _managers_decide(company):
    getting.assign_to_managers(company.version.steps)


OWN = Holding("assigned to her", _assigned)
STANDING_IN = Holding("she stands in for an approver", _substitute_of_an_assignee)
OTHER_WAYS = (
    Holding("an approver delegated it to her", _handed(getting.delegated)),
    STANDING_IN,
    Holding("she claimed it from her group", _claimed, claimed=True),
    Holding("an administrator reassigned it to her", _handed(getting.reassigned)),
    Holding("it was escalated to her", _handed(getting.escalated)),
    Holding("she is the originator's manager", _assigned, prepare=_managers_decide),
    Holding("it is another's", _somebody_elses, is_his=False),
    Holding("Tom delegated it to her", _delegate_of_tom, by_tom=True),
    Holding("she stands in for Tom", _substitute_of_tom, by_tom=True),
    Holding("she stands in for Tom's delegate", _substitute_of_toms_delegate, by_tom=True),
)
