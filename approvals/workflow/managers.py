"""The originator's manager chain: who stands above whom, read once for many."""

from collections.abc import Iterator

from django.contrib.auth import get_user_model

from ..models import ManagerTake, ReportingLine, WorkflowStep
from . import facts


class Managers:
    """Everybody's managers, with two queries, or three where a step stops at a group."""

    def __init__(self):
        self._manager_of = dict(ReportingLine.objects.values_list("person", "manager"))
        ids = set(self._manager_of.values())
        people = get_user_model().objects.filter(pk__in=ids, is_active=True)
        self._active = set(people.values_list("pk", flat=True))
        self._groups = None

    def above(self, person: int) -> Iterator[int]:
        """The managers above a person, from his own up, each once even in a circle.

        Who is no longer active is passed over: the way goes on to the one above him.
        """
        seen = {person}
        while (person := self._manager_of.get(person)) and person not in seen:
            seen.add(person)
            if person in self._active:
                yield person

    def meant_by(self, step: WorkflowStep, person: int) -> list[int]:
        """The managers above `person` whom `step` means, from the lowest level up.

        Where only the last counts, it is that one whether or not he may decide: nobody
        below him takes his place.
        """
        found = []
        for level, manager in enumerate(self.above(person), start=1):
            if level < step.manager_start:
                continue
            found.append(manager)
            if self._stops_at(step, manager) or len(found) == step.manager_levels:
                break
        return found[-1:] if step.manager_take == ManagerTake.LAST else found

    def _stops_at(self, step, manager):
        if step.manager_stop_group_id is None:
            return False
        if self._groups is None:
            self._groups = facts.groups_of(self._active)
        return step.manager_stop_group_id in self._groups.get(manager, ())
