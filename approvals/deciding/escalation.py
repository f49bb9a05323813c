"""Whom an overdue step goes to: the levels of its escalation path, then the last action."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from ..models import EscalationKind, EscalationLevel, FinalAction, Verb, WorkItem
from ..workflow import routing
from ..workflow.managers import Managers
from ..workflow.routing import Assignee, Router
from .receiving import Receiving
from .runs import Running

ENDING = {
    FinalAction.REJECT: Verb.REJECTED,
    FinalAction.REQUEST_CHANGE: Verb.CHANGE_REQUESTED,
}


@dataclass(frozen=True)
class Escalation:
    """What happens to an overdue step.

    level: how many levels of the path are then carried out. time_limit: the new one, in
    the step's unit; None after the path. items go on to people. kept: the work items of
    those to whom it comes and who have one already. Where there are neither people nor
    kept, all stays. ends: how the last action hands the proposal back. notes: what was
    passed over.
    """

    level: int
    time_limit: int | None = None
    items: tuple[WorkItem, ...] = ()
    people: tuple[Assignee, ...] = ()
    kept: tuple[WorkItem, ...] = ()
    ends: Verb | None = None
    notes: tuple[str, ...] = ()

    @property
    def reaches(self) -> bool:
        """Whether there is somebody to whom it comes."""
        return bool(self.people or self.kept)


class Planner:
    """Plans what happens to overdue steps, with the same few queries for all of them."""

    def __init__(self, overdue: list[Running]):
        self.router, self.managers = Router(), Managers()
        self.receiving = Receiving(overdue, self.router.deciders)
        administrators = routing.deciders("administer_workflow")
        self.last = self.receiving.among(administrators)

    def plan(self, overdue: Running) -> Escalation:
        """The next level of the path that has somebody who may decide, or the last action."""
        step, notes = overdue.run.step, []
        path = list(step.escalation_levels.all())
        for number, level in enumerate(path[overdue.run.level :], start=overdue.run.level + 1):
            found = self._at_level(level, overdue)
            if any(found):
                return Escalation(number, level.time_limit, *found, notes=tuple(notes))
            notes.append(_passed_over(number))
        if ends := ENDING.get(step.final_action):
            return Escalation(len(path), ends=ends, notes=tuple(notes))
        return Escalation(len(path), None, *self._at_administrators(overdue), notes=tuple(notes))

    def _at_level(self, level, overdue):
        def meant(item):
            return [Assignee(pk, level.group_id) for pk in self._people(level, item)]

        return _placed(overdue, meant, self.receiving, level.kind == EscalationKind.MANAGER)

    def _at_administrators(self, overdue):
        people = [Assignee(pk) for pk in sorted(self.last.able)]
        return _placed(overdue, lambda item: people, self.last)

    def _people(self, level: EscalationLevel, item):
        if level.kind == EscalationKind.USER:
            return [level.user_id]
        if level.kind == EscalationKind.GROUP:
            deciders = self.router.deciders
            return [pk for pk, groups in deciders.items() if level.group_id in groups]
        return self.managers.above(item.assignee_id)


def _placed(overdue, meant, receiving, only_first=False):
    """Which open work items go on, to whom, and which are kept by those who are meant.

    meant: the people who are meant in place of whoever has a work item. only_first: only
    the first of them who may decide. Where one decision decides, all items go to all of
    them. Where several must approve, one goes to one, and an item for which there is
    nobody stays: as many votes as before.
    """
    held = {i.assignee_id: i for i in overdue.open if receiving.may_keep(overdue, i)}

    def able(item):
        return [a for a in meant(item) if a.person in held or receiving.may_get(overdue, a.person)]

    if overdue.one_decides:
        return _all_to_all(overdue, able, held, only_first)
    return _one_to_one(overdue, able, held)


def _all_to_all(overdue, able, held, only_first):
    found = {a.person: a for item in overdue.open for a in able(item)[: 1 if only_first else None]}
    kept = tuple(held[person] for person in found if person in held)
    people = tuple(a for person, a in found.items() if person not in held)
    items = tuple(item for item in overdue.open if found and item not in kept)
    return items, people, kept


def _one_to_one(overdue, able, held):
    pairs, kept, taken = [], {}, set()
    for item in overdue.open:
        found = {a.person: a for a in able(item)}
        free = [a for person, a in found.items() if person not in held and person not in taken]
        if item.assignee_id in found or not free:
            kept |= {person: held[person] for person in found if person in held}
            continue
        pairs.append((item, free[0]))
        taken.add(free[0].person)
    # Whoever keeps his own is not among those whose item has gone on.
    gone = {item.assignee_id for item, _a in pairs}
    stay = tuple(item for person, item in kept.items() if person not in gone)
    return tuple(item for item, _a in pairs), tuple(a for _i, a in pairs), stay


def _passed_over(number):
    return _(
        "Level %(number)s of the escalation path was passed over: nobody there may decide."
    ) % {"number": number}
