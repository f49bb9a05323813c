"""Who reports to whom: checked for circles, and noted in the history."""

from contextlib import contextmanager

from django.utils.translation import gettext as _

from .. import history
from ..models import Origin, ReportingLine, Verb, WorkflowEvent
from ..values import person_name


def circle(person, manager) -> str:
    """Why `manager` cannot be the manager of `person`: he reports to him already; or ""."""
    if person == manager:
        return _("Nobody is his own manager.")
    way = _way_up(manager, until=person)
    if person not in way:
        return ""
    names = " → ".join(person_name(found) for found in way)
    return _("That would be a circle, since %(manager)s reports to %(person)s: %(way)s.") % {
        "manager": person_name(manager),
        "person": person_name(person),
        "way": names,
    }


@contextmanager
def noting(*, by):
    """Note in the history whose manager changes while the block runs, also by a removal."""
    with history.sealed():
        before = _managers(lock=True)
        yield
        after = _managers()
        people = sorted(before.keys() | after.keys(), key=lambda person: person.pk)
        changed = [p for p in people if before.get(p) != after.get(p)]
        if changed:
            history.record([_event(p, before.get(p), after.get(p), by) for p in changed])


def _managers(lock=False):
    lines = ReportingLine.objects.select_related("person", "manager")
    lines = lines.select_for_update(of=("self",)) if lock else lines
    return {line.person: line.manager for line in lines}


def _event(person, old, new, by):
    nobody = _("nobody")
    return WorkflowEvent(
        verb=Verb.MANAGER_CHANGED,
        actor=by,
        origin=Origin.ADMIN,
        old=old and old.get_username(),
        new=new and new.get_username(),
        comment=_("Manager of %(person)s: %(old)s → %(new)s")
        % {
            "person": person_name(person),
            "old": person_name(old) if old else nobody,
            "new": person_name(new) if new else nobody,
        },
    )


def _way_up(person, until):
    """The people from `person` upwards, each once, as far as `until`."""
    manager_of = _managers()
    way = [person]
    while way[-1] != until and (above := manager_of.get(way[-1])) and above not in way:
        way.append(above)
    return way
