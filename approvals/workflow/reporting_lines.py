"""Who reports to whom: checked for circles, and noted in the history.

By signals, so that each change has its entry whatever way it goes: also where a line goes
with its person. What goes past them, `approvals.models` refuses in bulk.
"""

from contextlib import contextmanager

from django.utils.translation import gettext as _

from .. import acting, history, noting
from ..models import ReportingLine, Verb, WorkflowEvent
from ..values import person_name


def watch() -> None:
    """Connect to the signals of reporting lines."""
    noting.watch(ReportingLine, _remember, _saved, _removed)


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
def checked():
    """Change lines that were looked at for circles: nobody else changes any meanwhile."""
    with history.sealed():
        list(ReportingLine.objects.select_for_update().order_by("pk"))
        yield


def _remember(instance, **kwargs):
    """Keep what is stored, while the person is there."""
    instance.stored_before = _managers(pk=instance.pk)


def _saved(instance, **kwargs):
    _record(instance.stored_before, _managers(pk=instance.pk))


def _removed(instance, **kwargs):
    _record(instance.stored_before, {})


def _record(before, after):
    """before, after: the manager of each person whom a line was or is about."""
    people = [p for p in {**before, **after} if before.get(p) != after.get(p)]
    history.record([_event(p, before.get(p), after.get(p)) for p in people])


def _managers(**where):
    lines = ReportingLine.objects.filter(**where).select_related("person", "manager")
    return {line.person: line.manager for line in lines}


def _event(person, old, new):
    (by, source), nobody = acting.who(), _("nobody")
    return WorkflowEvent(
        verb=Verb.MANAGER_CHANGED,
        actor=by,
        origin=source.origin,
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
