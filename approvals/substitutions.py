"""Substitution: who may decide on behalf of whom, between two days."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from .models import Substitution, WorkflowVersion


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


def in_force(substitute) -> Absent:
    """Whom `substitute` stands in for today."""
    rows = today().filter(substitute=substitute)
    return Absent(frozenset(rows.values_list("person", "workflow")))


def today() -> QuerySet:
    """The substitutions whose days include today, in the time zone that is set."""
    day = timezone.localdate()
    return Substitution.objects.filter(starts__lte=day, ends__gte=day, person__is_active=True)
