"""History entries as administrators read them."""

from typing import NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .. import registry, rights
from ..models import ApprovalParameters, FieldEnablement, Verb
from ..pages.queries import event_lines
from ..values import display_text


class Shown(NamedTuple):
    """The field, parameter or switch that an entry is about, and what was done to it."""

    label: str
    change: str

    def __str__(self):
        return f"{self.label}: {self.change}"


def shown(event) -> Shown:
    """What a history entry says, as a person reads it; what no program wrote as it stands."""
    try:
        return _shown(event)
    except (AttributeError, FieldDoesNotExist, LookupError):
        return _step(event.field, event.old, event.new)


def _shown(event):
    if event.verb == Verb.PARAMETER_CHANGED:
        column = ApprovalParameters._meta.get_field(event.field)
        return _step(column.verbose_name, *_texts(column, event))
    if event.verb == Verb.ENABLEMENT_CHANGED:
        field = registry.for_content_type(event.content_type).proposable.get(event.field)
        label = _("Enable %(field)s") % {"field": field.verbose_name if field else event.field}
        return _step(label, *_texts(FieldEnablement._meta.get_field("enabled"), event))
    if event.verb == Verb.SUBSTITUTION_CHANGED:
        return _step(_("Substitute"), event.old, event.new)
    if event.verb == Verb.RIGHTS_CHANGED:
        return _step(rights.label(event), event.old, event.new)
    return _about_record(event) if event.content_type else Shown("", "")


def history_url(*verbs):
    """The history list with entries of these kinds only."""
    return reverse("admin:approvals_workflowevent_changelist") + f"?verb__in={','.join(verbs)}"


def _about_record(event):
    line = event_lines([event], event.content_type.model_class())[0]
    if line.label:
        return _step(line.label, line.old, line.new)
    return Shown("", "; ".join(f"{label}: {text}" for label, text in line.details if text))


def _texts(column, event):
    return display_text(column, event.old), display_text(column, event.new)


def _step(label, old, new):
    empty = _("(empty)")
    return Shown(str(capfirst(label)), f"{old or empty} → {new or empty}")
