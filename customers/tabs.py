"""The FastTabs of a customer, as `_fasttab.html` takes them: to edit, and to read."""

from django.utils.translation import gettext as _

from approvals import registry, values
from approvals.links import field_history_url
from approvals.models import RETURNED, State
from approvals.templatetags.approval_tags import person

from .models import Customer


def edit_tabs(form, governed, notes) -> list[dict]:
    """The fields of `form` by FastTab.

    governed: names of the fields a change of which needs approval. notes: as `notes_of` gives.
    """
    tabs = [
        _tab(number, title, [_marked(name, governed, notes, field=form[name]) for name in names])
        for number, (title, names) in enumerate(registry.get(Customer).groups.items())
    ]
    if "account" in form.fields:
        tabs[0]["fields"].insert(0, {"field": form["account"]})
    for tab in tabs:
        tab["errors"] = sum(bool(item["field"].errors) for item in tab["fields"])
    return tabs


def detail_tabs(customer, governed, notes) -> list[dict]:
    """The values of `customer`, whose references have been selected with it, by FastTab."""
    return [
        _tab(number, title, [_shown(customer, name, governed, notes) for name in names])
        for number, (title, names) in enumerate(registry.get(Customer).groups.items())
    ]


def notes_of(cards) -> dict:
    """What stands proposed for each field: name -> (text, kind of note)."""
    return {line.field: _note(card.proposal, line) for card in cards for line in card.changes}


def notes_of_events(lines) -> dict:
    """What somebody else did to each field meanwhile, from history lines, newest first."""
    return {line.event.field: (_meanwhile(line), "other") for line in reversed(lines)}


def _tab(number, title, fields):
    return {"title": title, "id": f"tab-{number}", "fields": fields}


def _marked(name, governed, notes, **item):
    note, kind = notes.get(name, ("", ""))
    return {**item, "governed": name in governed, "note": note, "note_kind": kind}


def _shown(customer, name, governed, notes):
    field = registry.get(Customer).fields[name]
    value = getattr(customer, name)
    shown = {"label": field.verbose_name, "value": values.display(field, value)}
    shown["history_url"] = field_history_url(Customer, customer.pk, name)
    if isinstance(value, Customer):
        shown["url"] = value.get_absolute_url()
    return _marked(name, governed, notes, **shown)


def _note(proposal, line):
    facts = {"value": line.value or _("(empty)"), "who": person(line.by)}
    if proposal.state == State.PENDING:
        facts |= {
            "who": person(proposal.submitted_by),
            "when": values.moment(proposal.submitted_at),
        }
        return _("Pending approval: %(value)s (submitted by %(who)s, %(when)s)") % facts, "pending"
    if proposal.state in RETURNED:
        facts["state"] = proposal.get_state_display()
        return _("%(state)s: %(value)s (proposed by %(who)s)") % facts, "pending"
    return _("Proposed: %(value)s (by %(who)s, not submitted)") % facts, "pending"


def _meanwhile(line):
    return _("%(what)s meanwhile: %(value)s (%(who)s, %(when)s)") % {
        "what": line.what,
        "value": line.new or _("(empty)"),
        "who": person(line.event.actor),
        "when": values.moment(line.event.at),
    }
