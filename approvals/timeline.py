"""The history as people read it: what one person did at one time is one entry."""

from itertools import groupby

from django.utils.translation import gettext as _

from .models import Origin, Verb
from .queries import event_lines
from .values import person_name

KIND = {
    Verb.CREATED: "created",
    Verb.CHANGED: "updated",
    Verb.CHANGED_WITHOUT_APPROVAL: "updated",
    Verb.PROPOSED: "proposed",
    Verb.EDITED: "proposed",
    Verb.SUBMITTED: "pending",
    Verb.APPROVED: "ok",
    Verb.COMPLETED: "ok",
    Verb.APPLIED: "ok",
    Verb.REJECTED: "returned",
    Verb.CHANGE_REQUESTED: "returned",
    Verb.CONFLICT: "returned",
}


def entries(events, model) -> list[dict]:
    """Group history entries of one record, in their order, for `_timeline.html`.

    events: such as `queries.history_of` gives. Entries of one person, moment, kind
    and proposal become one with all their changes.
    """
    lines = event_lines(events, model)
    return [_entry(list(group)) for _same, group in groupby(lines, _sameness)]


def _sameness(line):
    event = line.event
    return (event.at, event.actor_id, event.verb, event.proposal_id, event.step_id)


def _entry(lines):
    lines.sort(key=lambda line: line.event.pk)
    event = lines[0].event
    changes = [{"label": x.label, "old": x.old, "new": x.new} for x in lines if x.event.field]
    first = [{"label": label, "old": "", "new": new} for label, new in lines[0].details]
    return {
        "at": event.at,
        "who": _who(event),
        "what": _what(event),
        "kind": KIND.get(event.verb, ""),
        "via": _via(event),
        "comment": "" if event.verb == Verb.ASSIGNED else event.comment,
        "changes": changes or first,
    }


def _who(event):
    who = person_name(event.actor)
    if not event.on_behalf_of:
        return who
    other = person_name(event.on_behalf_of)
    return _("%(who)s on behalf of %(other)s") % {"who": who, "other": other}


def _what(event):
    what = event.get_verb_display()
    if event.verb == Verb.ASSIGNED:
        what = _("Assigned to %(names)s") % {"names": event.comment}
    if event.step:
        what = _("%(what)s (step “%(step)s”)") % {"what": what, "step": event.step}
    return what


def _via(event):
    parts = []
    if event.proposal_id:
        parts.append(_("Proposal %(id)s") % {"id": event.proposal_id})
    if event.import_job:
        parts.append(_("Import %(job)s") % {"job": event.import_job})
    elif event.origin != Origin.BROWSER:
        parts.append(event.get_origin_display())
    return " · ".join(parts)
