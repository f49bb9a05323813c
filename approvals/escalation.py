"""Whom an overdue step goes to: the levels of its escalation path, then the last action."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from .managers import Managers
from .models import EscalationKind, EscalationLevel, FinalAction, Verb, WorkItem
from .routing import Assignee, Router
from .runs import Running

ENDING = {
    FinalAction.REJECT: Verb.REJECTED,
    FinalAction.REQUEST_CHANGE: Verb.CHANGE_REQUESTED,
}


@dataclass(frozen=True)
class Escalation:
    """What happens to an overdue step.

    level: how many levels of the path are then carried out. time_limit: the new one, in
    the step's unit; None after the path. items go on to people; where there are none, they
    stay. ends: how the last action hands the proposal back. notes: what was passed over.
    """

    level: int
    time_limit: int | None = None
    items: tuple[WorkItem, ...] = ()
    people: tuple[Assignee, ...] = ()
    ends: Verb | None = None
    notes: tuple[str, ...] = ()


def plan(overdue: Running, router: Router, managers: Managers) -> Escalation:
    """The next level of the path that has somebody who may decide, or the last action."""
    step, notes = overdue.run.step, []
    path = list(step.escalation_levels.all())
    for number, level in enumerate(path[overdue.run.level :], start=overdue.run.level + 1):
        items, people = _replaced(overdue, _at_level(level, overdue, router, managers))
        if people:
            return Escalation(number, level.time_limit, items, people, notes=tuple(notes))
        notes.append(_passed_over(number))
    if ends := ENDING.get(step.final_action):
        return Escalation(len(path), ends=ends, notes=tuple(notes))
    items, people = _replaced(overdue, _administrators(overdue, router))
    return Escalation(len(path), None, items, people, notes=tuple(notes))


def _replaced(overdue, candidates):
    """Which open work items go on, and to whom.

    candidates: a function of a work item and the people who have a place already. Where
    one decision decides, all items go to all candidates. Where several must approve, one
    goes to one, and an item for which there is nobody stays: as many votes as before.
    """
    if overdue.one_decides:
        people = {a.person: a for item in overdue.open for a in candidates(item, overdue.taken)}
        return tuple(overdue.open), tuple(people.values())
    pairs, taken = [], set(overdue.taken)
    for item in overdue.open:
        for assignee in candidates(item, taken)[:1]:
            pairs.append((item, assignee))
            taken.add(assignee.person)
    return tuple(item for item, _a in pairs), tuple(assignee for _i, assignee in pairs)


def _at_level(level: EscalationLevel, overdue, router, managers):
    def candidates(item, taken):
        people = [
            person
            for person in _people(level, item, router, managers)
            if person not in taken and router.may_get(person, overdue.facts)
        ]
        if level.kind == EscalationKind.MANAGER:
            people = people[:1]
        return [Assignee(person, level.group_id) for person in people]

    return candidates


def _people(level, item, router, managers):
    if level.kind == EscalationKind.USER:
        return [level.user_id]
    if level.kind == EscalationKind.GROUP:
        return [person for person, groups in router.deciders.items() if level.group_id in groups]
    return managers.above(item.assignee_id)


def _administrators(overdue, router):
    def candidates(item, taken):
        return [a for a in router.stand_ins(overdue.facts) if a.person not in taken]

    return candidates


def _passed_over(number):
    return _(
        "Level %(number)s of the escalation path was passed over: nobody there may decide."
    ) % {"number": number}
