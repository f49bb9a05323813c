"""Substitution: who may decide on behalf of whom, between two days."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import values
from ..models import Substitution, WorkflowVersion, WorkItem
from ..models.permissions import may_decide
from ..workflow import routing


@dataclass(frozen=True)
class Absent:
    """The people whom somebody stands in for today: pairs of person and workflow, by id.

    A workflow of None stands for everything.
    """

    pairs: frozenset[tuple[int, int | None]]

    def covers(self, person: int, version: WorkflowVersion | None) -> bool:
        """Whether work items of `person` that run on `version` may be decided for him."""
        workflow = version.workflow_id if version else None
        return bool({(person, None), (person, workflow)} & self.pairs)

    def items(self) -> Q:
        """The same of work items, as a filter."""
        for_everything = {person for person, workflow in self.pairs if workflow is None}
        found = Q(assignee__in=for_everything)
        for person, workflow in self.pairs:
            if workflow is not None:
                found |= Q(assignee=person, proposal__version__workflow=workflow)
        return found


def in_force(substitute) -> Absent:
    """Whom `substitute` stands in for today.

    Only for somebody who could decide himself: who stands in has no more rights than he.
    """
    found = _absences(today().filter(substitute=substitute))
    return found.get(substitute.pk, Absent(frozenset()))


def standing_in(people) -> dict[int, Absent]:
    """Who stands in today for some of `people`, each with whom of them, by id."""
    return _absences(today().filter(person__in=people))


def claimed(items: Iterable[WorkItem]) -> list[WorkItem]:
    """Those of some work items on which the claim of their step stands, if anybody has it.

    items: open ones, with their step run and proposal. They are the claimer's own, or else
    those of people he stands in for today.
    """
    items = [item for item in items if item.step_run.claimed_by_id]
    absent = standing_in({item.assignee_id for item in items})
    own = [item for item in items if item.step_run.claimed_by_id == item.assignee_id]
    runs = {item.step_run_id for item in own}
    others = [item for item in items if item.step_run_id not in runs and _covered(item, absent)]
    return own + others


def _covered(item, absent):
    claimer = item.step_run.claimed_by_id
    return claimer in absent and absent[claimer].covers(item.assignee_id, item.proposal.version)


def _absences(substitutions):
    rows = list(substitutions.values_list("substitute", "person", "workflow"))
    able = routing.all_deciders() if rows else set()
    found = defaultdict(set)
    for substitute, person, workflow in rows:
        if person in able:
            found[substitute].add((person, workflow))
    return {substitute: Absent(frozenset(pairs)) for substitute, pairs in found.items()}


def today() -> QuerySet:
    """The substitutions whose days include today, in the time zone that is set."""
    day = timezone.localdate()
    return Substitution.objects.filter(starts__lte=day, ends__gte=day, person__is_active=True)


def may_be_substitute(person) -> bool:
    """Whether `person` can stand in for somebody: active, and with the right to decide."""
    return person.is_active and may_decide(person)


def check(substitution: Substitution, before: Substitution | None = None) -> None:
    """Raise ValidationError, by field, where a substitution cannot be entered so.

    before: how it is stored; what it says and is not changed needs no second check.
    """
    substitution.clean()
    day = timezone.localdate()
    problems = {}
    if before and before.person_id != substitution.person_id:
        problems["person"] = _("A substitution stays that of one person. Enter another one.")
    moved = before is None or before.starts != substitution.starts
    if moved and substitution.starts < day:
        problems["starts"] = _("This day is past. Begin today or later.")
    if substitution.ends < day:
        problems["ends"] = _("This day is past.")
    other = before is None or before.substitute_id != substitution.substitute_id
    if other and not may_be_substitute(substitution.substitute):
        problems["substitute"] = _("%(who)s is not active, or does not have the right to decide.")
        problems["substitute"] %= {"who": values.person_name(substitution.substitute)}
    if problems:
        raise ValidationError(problems)


def overlapping(substitution: Substitution) -> QuerySet:
    """Other substitutions of the same person for some of the same days and the same work."""
    others = Substitution.objects.filter(
        person=substitution.person, starts__lte=substitution.ends, ends__gte=substitution.starts
    )
    if substitution.workflow_id:
        others = others.filter(Q(workflow=None) | Q(workflow=substitution.workflow_id))
    return others.exclude(pk=substitution.pk).select_related("person", "substitute", "workflow")


def substitutes() -> list:
    """Everyone who can stand in for somebody, by name."""
    return routing.by_name(routing.all_deciders())


def described(substitution: Substitution, on: str = "") -> str:
    """Who stands in for whom, on which days, for what, in one line; on: the days, in words."""
    return _("%(who)s for %(person)s, %(days)s, %(what)s") % {
        "who": values.person_name(substitution.substitute),
        "person": values.person_name(substitution.person),
        "days": on or days(substitution),
        "what": substitution.workflow or _("everything"),
    }


def days(substitution: Substitution) -> str:
    """The first and the last day as a person reads them; one where they are the same."""
    first, last = (_day(day) for day in (substitution.starts, substitution.ends))
    return first if first == last else f"{first} – {last}"


def _day(day: date) -> str:
    return values.display(Substitution._meta.get_field("starts"), day)
