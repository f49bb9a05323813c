"""What keeps a person from deciding an open work item: the rule, once, as conditions on many.

A person's desk asks what he can decide, `cases` why he cannot decide some of it, and `handover`
what its own assignees cannot decide.
"""

from functools import reduce
from operator import or_

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, TextChoices, Value, When
from django.utils.translation import gettext_lazy as _

from ..models import Contributor, Decision, ItemState, WorkItem

ASSIGNEE = OuterRef("assignee")


class Obstacle(TextChoices):
    """Why somebody cannot decide a work item, in words for him; the first one counts."""

    CONTRIBUTED = (
        "contributed",
        _("You contributed to this proposal, so somebody else has to decide on it."),
    )
    STANDS_IN_FOR_CONTRIBUTOR = (
        "stands_in_for_contributor",
        _(
            "The person you stand in for contributed to this proposal, so somebody else has to "
            "decide on it."
        ),
    )
    CLAIMED = "claimed", _("Claimed by %(who)s since %(when)s")
    VOTED = (
        "voted",
        _("You have decided in this step already; every approval is another person's."),
    )
    OWN_FIRST = "own_first", _("Decide your own work item of this step; you have one vote in it.")


# Segregation of duties, which looks through delegation and substitution.
BARRING = (Obstacle.CONTRIBUTED, Obstacle.STANDS_IN_FOR_CONTRIBUTOR)


def clear(items: QuerySet[WorkItem], person) -> QuerySet[WorkItem]:
    """Those of some work items that nothing keeps `person` from deciding."""
    return items.filter(*(~condition for condition in _conditions(person).values()))


def met(items: QuerySet[WorkItem], person) -> QuerySet[WorkItem]:
    """The others: each with its `obstacle`, and with whoever claimed it."""
    found = items.annotate(obstacle=_first(_conditions(person))).exclude(obstacle="")
    return found.select_related("step_run__claimed_by")


def of_assignees() -> Case:
    """What keeps the assignees themselves from deciding, for good: an Obstacle or ""."""
    return _first(_lasting(ASSIGNEE))


def own(person) -> QuerySet[WorkItem]:
    """The open work items that are his and that segregation of duties lets him decide."""
    items = WorkItem.objects.filter(assignee=person, state=ItemState.OPEN)
    return items.filter(*(~_lasting(person)[obstacle] for obstacle in BARRING))


def _first(conditions):
    whens = [When(conditions[o], then=Value(o.value)) for o in Obstacle if o in conditions]
    return Case(*whens, default=Value(""))


def _lasting(person) -> dict[Obstacle, Exists]:
    """What does not pass while the step runs. person: also ASSIGNEE, of each work item."""
    decisions = Decision.objects.filter(step_run=OuterRef("step_run"), person=person)
    return {
        Obstacle.CONTRIBUTED: _contributed(person),
        Obstacle.STANDS_IN_FOR_CONTRIBUTOR: _contributed(ASSIGNEE, OuterRef("on_behalf_of")),
        Obstacle.VOTED: Exists(decisions),
    }


def _conditions(person) -> dict[Obstacle, Exists | Q]:
    return {
        **_lasting(person),
        Obstacle.CLAIMED: _claimed_from(person),
        Obstacle.OWN_FIRST: _own_first(person),
    }


def _contributed(*people):
    anyone = reduce(or_, (Q(person=person) for person in people))
    return Exists(Contributor.objects.filter(anyone, proposal=OuterRef("proposal")))


def _claimed_from(person):
    """A claim keeps away everybody but the claimer, and who stands in for him."""
    claimed = Q(step_run__claimed_by__isnull=False)
    return claimed & ~Q(step_run__claimed_by=person) & ~Q(step_run__claimed_by=F("assignee"))


def _own_first(person):
    """With his one vote on another's item, his own would be one too few for the step."""
    several = Q(step_run__votes_needed__gt=1) & ~Q(assignee=person)
    return several & Exists(own(person).filter(step_run=OuterRef("step_run")))
