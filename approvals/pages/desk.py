"""What lies before one person: his work items by view, his proposals, his decisions."""

from functools import cached_property

from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..deciding import obstacles, substitutions
from ..models import (
    OPEN,
    Contributor,
    Decision,
    ItemState,
    Proposal,
    RunState,
    State,
    StepRun,
    WorkItem,
)
from ..models.permissions import may_decide

# Counting goes no further than one beyond this: a tab tells where there is much, not how much.
COUNT_LIMIT = 1000


class View(TextChoices):
    """The views of the work list."""

    WAITING = "waiting", _("Waiting for me")
    OWN = "own", _("Assigned to me")
    GROUPS = "groups", _("My groups’")
    CLAIMED = "claimed", _("Claimed by me")
    ON_BEHALF = "on_behalf", _("On behalf of others")
    OVERDUE = "overdue", _("Overdue")
    SUBMITTED = "submitted", _("My proposals")
    DECIDED = "decided", _("Decided by me")


class Desk:
    """What `person` has to do with: one queryset for each view."""

    def __init__(self, person):
        self.person = person

    @cached_property
    def decides(self) -> bool:
        """Whether he may decide work items."""
        return may_decide(self.person)

    @cached_property
    def submits(self) -> bool:
        """Whether he may have proposals of his own."""
        return self.person.has_perm("approvals.submit_proposal")

    @cached_property
    def absent(self) -> substitutions.Absent:
        """Whom he stands in for today."""
        return substitutions.in_force(self.person)

    @property
    def views(self) -> list[View]:
        """The views that can show him something, the first one first."""
        deciding = [view for view in View if view != View.SUBMITTED] if self.decides else []
        return deciding + ([View.SUBMITTED] if self.submits else [])

    def rows(self, view: View) -> QuerySet:
        """The work items, proposals or decisions of a view."""
        return getattr(self, view.value)()

    def count(self, view: View) -> int:
        """How many rows a view has, counted no further than one beyond COUNT_LIMIT."""
        rows = self.rows(view)
        rows = rows.filter(state__in=OPEN) if view == View.SUBMITTED else rows
        return rows.order_by()[: COUNT_LIMIT + 1].count()

    def waiting(self) -> QuerySet:
        """The open work items that he can decide now, one in each step."""
        return self._one_a_step(obstacles.clear(self.held(), self.person))

    def own(self) -> QuerySet:
        """Open work items that are his by name."""
        return _open().filter(assignee=self.person, group=None)

    def groups(self) -> QuerySet:
        """Open work items that came to him through a group, claimed ones too."""
        return _open().filter(assignee=self.person, group__isnull=False)

    def claimed(self) -> QuerySet:
        """Open work items that he has claimed."""
        runs = StepRun.objects.filter(claimed_by=self.person, state=RunState.RUNNING)
        return self._one_a_step(self.held().filter(step_run__in=runs))

    def on_behalf(self) -> QuerySet:
        """What he may decide for somebody else: a delegate's and a substitute's work items."""
        return self.waiting().filter(~Q(assignee=self.person) | Q(on_behalf_of__isnull=False))

    def overdue(self) -> QuerySet:
        """What waits for him beyond its time limit."""
        return self.waiting().filter(step_run__due_at__lt=timezone.now())

    def submitted(self) -> QuerySet:
        """The proposals that he submitted, and those not submitted that he had a hand in."""
        own = Contributor.objects.filter(person=self.person).values("proposal")
        mine = Q(submitted_by=self.person) | Q(state=State.NOT_SUBMITTED)
        return Proposal.objects.filter(mine, pk__in=own)

    def decided(self) -> QuerySet:
        """The decisions that he took."""
        return Decision.objects.filter(person=self.person)

    def held(self) -> QuerySet:
        """Open work items that are his, or of people he stands in for."""
        mine = Q(assignee=self.person)
        return _open().filter(mine | self.absent.items() if self.absent.pairs else mine)

    def _one_a_step(self, items):
        """He decides once in a step: his own work item, or the first of those he stands in for.

        His own is no reason to leave out another where he could not decide his own: somebody
        for whom he stands in has claimed the step, or a contributor delegated it to him.
        """
        if not self.absent.pairs:
            return items
        me = self.person
        own = obstacles.own(me).filter(step_run=OuterRef("step_run"))
        shadowed = Exists(own) & (Q(step_run__claimed_by=None) | Q(step_run__claimed_by=me))
        if len({person for person, _workflow in self.absent.pairs}) > 1:
            earlier = items.filter(~Q(assignee=me), pk__lt=OuterRef("pk"))
            shadowed |= Exists(earlier.filter(step_run=OuterRef("step_run")))
        return items.filter(Q(assignee=me) | ~shadowed)


def _open():
    return WorkItem.objects.filter(state=ItemState.OPEN, proposal__state=State.PENDING)
