"""History entries as administrators read them."""

from django.urls import reverse
from django.utils.translation import gettext as _

from approvals import registry
from approvals.models import ApprovalParameters, FieldEnablement, Verb
from approvals.values import display_text


class Shown:
    """A history entry's field and values as a person reads them."""

    def __init__(self, event):
        self.label, self.column = "", None
        if event.verb == Verb.PARAMETER_CHANGED:
            self.column = ApprovalParameters._meta.get_field(event.field)
            self.label = self.column.verbose_name
        elif event.content_type and event.field:
            self._read_governed(event)
        self.old, self.new = self._text(event.old), self._text(event.new)

    def __str__(self):
        return f"{self.label}: {self.old} → {self.new}"

    def _read_governed(self, event):
        field = registry.for_content_type(event.content_type).fields.get(event.field)
        self.label, self.column = (field.verbose_name, field) if field else (event.field, None)
        if event.verb == Verb.ENABLEMENT_CHANGED:
            self.column = FieldEnablement._meta.get_field("enabled")
            self.label = _("Enable %(field)s") % {"field": self.label}

    def _text(self, text):
        return display_text(self.column, text) if self.column else text or ""


def history_url(*verbs):
    """The history list with entries of these kinds only."""
    return reverse("admin:approvals_workflowevent_changelist") + f"?verb__in={','.join(verbs)}"
