"""Who can get a work item that is handed on, whoever hands it on."""

from collections.abc import Collection

from django.utils.translation import gettext as _

from . import routing, values
from .cases import Case
from .models import Decision, ItemState, WorkItem


class Receiving:
    """Some people who may decide, and who has a place in the steps of `cases` already.

    able: their ids.
    """

    def __init__(self, cases, able: Collection[int]):
        self.able = able
        runs = {case.run.pk for case in cases}
        items = WorkItem.objects.filter(step_run__in=runs)
        items = items.filter(state__in=(ItemState.OPEN, ItemState.DECIDED))
        decided = Decision.objects.filter(step_run__in=runs)
        self.taken = set(items.values_list("step_run", "assignee"))
        self.decided = set(decided.values_list("step_run", "person"))

    def why_not(self, case: Case, person) -> str:
        """Why `person` cannot get the work item of `case`, in words; "" where he can."""
        who = {"who": values.person_name(person)}
        if not person.is_active:
            return _("%(who)s is not active.") % who
        if person.pk not in self.able:
            return _("%(who)s does not have the right to decide.") % who
        if person.pk in case.facts.contributors:
            return _("%(who)s contributed to this proposal and cannot decide on it.") % who
        if (case.run.pk, person.pk) in self.decided:
            return _("%(who)s has decided in this step already.") % who
        if (case.run.pk, person.pk) in self.taken:
            return _("%(who)s has a work item in this step already.") % who
        return ""

    def people(self, case: Case) -> list:
        """Everyone who can get the work item of `case`, by name."""
        return [person for person in routing.by_name(self.able) if not self.why_not(case, person)]
