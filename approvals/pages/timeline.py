"""The history as people read it: what one person did at one time is one entry."""

from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import registry
from ..links import field_history_url
from ..models import Origin, Verb
from ..registry import HELD
from ..values import person_name
from .people import tell_actors_apart
from .queries import event_lines

KIND = {
    Verb.CREATED: "created",
    Verb.CHANGED: "updated",
    Verb.CHANGED_WITHOUT_APPROVAL: "updated",
    Verb.PROPOSED: "proposed",
    Verb.EDITED: "proposed",
    Verb.SUBMITTED: "pending",
    Verb.REMINDED: "pending",
    Verb.ESCALATED: "pending",
    Verb.APPROVED: "ok",
    Verb.APPROVED_BY_RULE: "ok",
    Verb.COMPLETED: "ok",
    Verb.APPLIED: "ok",
    Verb.REJECTED: "returned",
    Verb.REJECTED_BY_RULE: "returned",
    Verb.CHANGE_REQUESTED: "returned",
    Verb.CONFLICT: "returned",
    Verb.TERMINATED: "returned",
    Verb.RECALLED: "draft",
}
# What an entry says of itself where the name of what happened would not do.
WHAT = {
    Verb.CLAIMED: gettext_lazy("Work item claimed"),
    Verb.RELEASED: gettext_lazy("Work item released"),
}
# The same, of what is told with the names or the rule that the comment holds.
WHAT_OF_COMMENT = {
    Verb.ASSIGNED: gettext_lazy("Assigned to %(comment)s"),
    Verb.APPROVED_BY_RULE: gettext_lazy("Approved automatically by the rule “%(comment)s”"),
    Verb.REJECTED_BY_RULE: gettext_lazy("Rejected automatically by the rule “%(comment)s”"),
}
# Where the comment begins with a line of the program's own: from whom to whom.
BEGINS_WITH_NAMES = (Verb.DELEGATED, Verb.REASSIGNED, Verb.ESCALATED)
# Where the whole comment is the program's own and no quotation of a person.
TOLD = (Verb.STEP_SKIPPED, Verb.REMINDED, Verb.CONFLICT, Verb.JOINED)


def entries(events, model) -> list[dict]:
    """Group history entries of one record, in their order, for `_timeline.html`.

    events: such as `queries.history_of` gives. Entries of one person, moment, kind
    and proposal become one with all their changes.
    """
    events = list(events)
    tell_actors_apart(events)
    lines = event_lines(events, model)
    return [_entry(list(group), model) for _same, group in groupby(lines, _sameness)]


def _sameness(line):
    event = line.event
    people = (event.at, event.actor_id, event.on_behalf_of_id)
    return (*people, event.verb, event.proposal_id, event.step_id, event.comment)


def _change(line, model):
    name, change = line.event.field, {"label": line.label, "old": line.old, "new": line.new}
    if name in registry.get(model).fields:
        change["url"] = field_history_url(model, line.event.object_id, name)
    return change


def _entry(lines, model):
    lines.sort(key=lambda line: line.event.pk)
    event = lines[0].event
    changes = [_change(x, model) for x in lines if x.event.field]
    first = [{"label": label, "old": "", "new": new} for label, new in lines[0].details]
    told, comment = _told(event)
    if any(_releases(line.event) for line in lines):
        told = _("Released: it can be used from now on.")
    return {
        "at": event.at,
        "who": who(event),
        "what": _what(event),
        "kind": KIND.get(event.verb, ""),
        "via": _via(event),
        "told": told,
        "comment": comment,
        "changes": changes or first,
    }


def _releases(event):
    return event.field == HELD and event.new == "0" and event.verb in (Verb.APPLIED, Verb.CHANGED)


def _told(event) -> tuple[str, str]:
    """The comment, split into what the program says and what a person wrote."""
    if event.verb in WHAT_OF_COMMENT:
        return "", ""
    if event.version:
        return _("Workflow: %(version)s") % {"version": event.version.full_name}, event.comment
    if event.verb in TOLD:
        return event.comment, ""
    if event.verb in BEGINS_WITH_NAMES:
        told, _newline, comment = event.comment.partition("\n")
        return told, comment
    return "", event.comment


def who(event) -> str:
    """Who did what an entry tells, and on whose behalf."""
    return acting(event.actor, event.on_behalf_of)


def acting(person, other) -> str:
    """Who acted, and on behalf of which other person, if any."""
    if not other:
        return person_name(person)
    names = {"who": person_name(person), "other": person_name(other)}
    return _("%(who)s on behalf of %(other)s") % names


def _what(event):
    what = WHAT.get(event.verb, event.get_verb_display())
    if event.verb in WHAT_OF_COMMENT:
        what = WHAT_OF_COMMENT[event.verb] % {"comment": event.comment}
    if event.step:
        what = _("%(what)s (step “%(step)s”)") % {"what": what, "step": event.step}
    return what


def _via(event):
    proposal = event.proposal_id and _("Proposal %(id)s") % {"id": event.proposal_id}
    return " · ".join(part for part in (proposal, origin_of(event)) if part)


def origin_of(event) -> str:
    """Where it came in, in words; "" for the browser, which goes without saying."""
    if event.import_job:
        return _("Import %(job)s") % {"job": event.import_job}
    return "" if event.origin == Origin.BROWSER else event.get_origin_display()
