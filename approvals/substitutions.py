"""Substitution: who may decide on behalf of whom, between two days."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from . import history, routing, values
from .models import Substitution, Verb, WorkflowEvent, WorkflowVersion
from .models.permissions import may_decide
from .outcomes import BROWSER, Source


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


@transaction.atomic
def save(substitution: Substitution, *, by, source: Source = BROWSER) -> Substitution:
    """Store a new or changed substitution, with an entry in the history.

    Everyone who may decide enters his own; an administrator anybody's. Raises
    ValidationError, and PermissionDenied where `by` may not.
    """
    before = Substitution.objects.select_for_update().filter(pk=substitution.pk).first()
    _require_right(substitution, by)
    if before:
        _require_right(before, by)
    check(substitution, before)
    substitution.save()
    _record(before, substitution, by, source)
    return substitution


@transaction.atomic
def end(substitution: Substitution, *, by, source: Source = BROWSER) -> None:
    """End a substitution at once, with an entry in the history.

    One that has been in force on earlier days ended yesterday then; another is removed.
    Nothing happens where it is over already. Raises PermissionDenied where `by` may not.
    """
    _require_right(substitution, by)
    before = Substitution.objects.select_for_update().filter(pk=substitution.pk).first()
    day = timezone.localdate()
    if before is None or before.ends < day:
        return
    if before.starts >= day:
        remove(before, by=by, source=source)
        return
    Substitution.objects.filter(pk=before.pk).update(ends=day - timedelta(days=1))
    _record(before, Substitution.objects.get(pk=before.pk), by, source)


@transaction.atomic
def remove(substitution: Substitution, *, by, source: Source = BROWSER) -> None:
    """Remove a substitution altogether, with an entry in the history.

    Raises PermissionDenied where `by` may not.
    """
    _require_right(substitution, by)
    Substitution.objects.filter(pk=substitution.pk).delete()
    _record(substitution, None, by, source)


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


def _require_right(substitution, by):
    own = substitution.person_id == by.pk and may_decide(by)
    if not own and not by.has_perm("approvals.change_substitution"):
        raise PermissionDenied


def _record(before, after, by, source):
    old, new = (_lasting(substitution) for substitution in (before, after))
    if old == new:
        return
    event = WorkflowEvent(
        verb=Verb.SUBSTITUTION_CHANGED,
        actor=by,
        old=old,
        new=new,
        origin=source.origin,
        import_job=source.job,
    )
    history.record([event])


def _lasting(substitution):
    """A text for the history: with names, since accounts may go; with days that all read alike."""
    if substitution is None:
        return ""
    return described(substitution, f"{substitution.starts} – {substitution.ends}")
