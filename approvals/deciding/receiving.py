"""Who can get a work item that is handed on, whoever hands it on."""

from collections.abc import Collection
from copy import copy

from django.utils.translation import gettext as _

from .. import values
from ..models import Decision, ItemState, WorkItem
from ..workflow import routing
from .cases import Case
from .runs import Running


class Receiving:
    """Some people who may decide, and who has a place in the steps of `cases` already.

    able: their ids. cases: anything with a step run and the facts of its proposal.
    """

    def __init__(self, cases, able: Collection[int]):
        self.able = able
        runs = {case.run.pk for case in cases}
        items = WorkItem.objects.filter(step_run__in=runs)
        items = items.filter(state__in=(ItemState.OPEN, ItemState.DECIDED))
        decided = Decision.objects.filter(step_run__in=runs)
        self.taken = set(items.values_list("step_run", "assignee"))
        self.decided = set(decided.values_list("step_run", "person"))

    def among(self, able: Collection[int]) -> "Receiving":
        """The same for other people who may decide."""
        other = copy(self)
        other.able = able
        return other

    def why_not(self, case: Case, person) -> str:
        """Why `person` cannot get the work item of `case`, in words; "" where he can."""
        who = {"who": values.person_name(person)}
        if not person.is_active:
            return _("%(who)s is not active.") % who
        return self._barred(case, person.pk) % who or self._placed(case, person.pk) % who

    def may_get(self, case: Case | Running, person: int) -> bool:
        """Whether a person can get a work item of the step of `case`, by id."""
        return not (self._barred(case, person) or self._placed(case, person))

    def may_keep(self, case: Case | Running, item: WorkItem) -> bool:
        """Whether whoever has an open work item of the step of `case` can decide it himself."""
        barred = item.on_behalf_of_id in case.facts.contributors
        return not (barred or self._barred(case, item.assignee_id))

    def _barred(self, case, person) -> str:
        if person not in self.able:
            return _("%(who)s does not have the right to decide.")
        if person in case.facts.contributors:
            return _("%(who)s contributed to this proposal and cannot decide on it.")
        if (case.run.pk, person) in self.decided:
            return _("%(who)s has decided in this step already.")
        return ""

    def _placed(self, case, person) -> str:
        if (case.run.pk, person) in self.taken:
            return _("%(who)s has a work item in this step already.")
        return ""

    def people(self, case: Case) -> list:
        """Everyone who can get the work item of `case`, by name."""
        return [person for person in routing.by_name(self.able) if not self.why_not(case, person)]
