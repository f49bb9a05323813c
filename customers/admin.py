"""Customers in Django admin: the browser's form, through the same door."""

from functools import partial
from types import SimpleNamespace

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms.models import ModelFormOptions
from django.http import Http404
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django.utils.translation import gettext as _

from approvals import registry
from approvals.changes import (
    change_records,
    plan_changes,
    read_rules,
    version_of,
)
from approvals.links import history_url, proposed_changes_url
from approvals.outcomes import ADMIN, Change
from approvals.pages.queries import open_proposals
from approvals.values import display

from . import admin_reference
from .admin_import import CustomerImportExportMixin
from .forms import CustomerForm
from .models import Customer
from .tabs import notes_of
from .views.customer_form import tell

__all__ = ["CustomerAdmin", "admin_reference"]

# One Save button: the page leads on by itself.
ONE_SAVE = {"show_save_and_continue": False, "show_save_and_add_another": False}


class NotTaken(Exception):  # noqa: N818
    """The door refused what it would have taken a moment ago."""


class AdminForm(CustomerForm):
    """The customer form as Django admin calls it. The door checks it and the door saves it."""

    # What the admin asks a model form for, to label the fields that are for reading.
    _meta = ModelFormOptions(SimpleNamespace(model=Customer))

    def __init__(self, data=None, files=None, *, person, instance=None, initial=None):
        self.instance, self.person, self.seen = instance or Customer(), person, None
        if data is not None:
            self.seen = data.get("seen", "")
        elif instance:
            # The version before the values: who saves in between is noticed.
            self.seen = version_of(instance)
            instance.refresh_from_db()
        super().__init__(data, record=self.instance)
        if instance or read_rules(Customer).approve_new:
            self._mark()

    def clean(self):
        """Ask the door, so that what it would refuse stands beside the fields."""
        # Whether others have saved is asked once all can be read.
        seen = None if self.errors else self.seen
        outcome = self._send(plan_changes, seen)
        if outcome.stale:
            outcome = self._catch_up()
        self.take_errors(outcome.errors)
        return self.cleaned_data

    def save(self, commit=False):
        """The record, as the admin wants it before it saves; nothing is written here."""
        return self.instance

    def save_m2m(self):
        """A customer refers to no lists of anything."""

    def write(self):
        """Hand over what the person meant and return the outcome. Raises NotTaken."""
        outcome = self._send(change_records, self.seen)
        if outcome.failed:
            raise NotTaken
        return outcome

    def _send(self, door, seen):
        if self.instance.pk:
            meant = Change(self.instance.account, self.meant(), seen=seen)
        else:
            values = self.filled()
            meant = Change(values.pop("account", ""), values, new=True)
        return door(Customer, [meant], by=self.person, source=ADMIN)[0]

    def _catch_up(self):
        """What is so by now, such as after a second click on Save, needs no question."""
        self.seen = version_of(self.instance)
        outcome = self._send(plan_changes, self.seen)
        if outcome.status != "unchanged":
            self._show_both()
        return outcome

    def _show_both(self):
        """Keep what the person typed and show what somebody else has saved meanwhile."""
        self.instance.refresh_from_db()
        shown, self.data = self.data, self.renewed(self.instance).data
        for name, field in registry.get(Customer).fields.items():
            key = self[name].html_initial_name
            if shown.get(key) != self.data[key]:
                now = display(field, field.value_from_object(self.instance))
                text = _("Somebody else has meanwhile set it to “%(value)s”.")
                self.add_error(name, text % {"value": now})
        raise ValidationError(
            _("Somebody else has saved this customer. Save again to keep what you typed.")
        )

    def _mark(self):
        """Say at each governed field that it needs approval, and what is proposed for it."""
        new = self.instance.pk is None
        notes = {} if new else notes_of(open_proposals(self.instance, self.person))
        for name in read_rules(Customer).fields:
            field, (note, _kind) = self.fields[name], notes.get(name, ("", ""))
            need = _("Needs approval.") if new else _("Changes need approval.")
            texts = [need, note, field.help_text]
            field.help_text = format_html_join(" ", "{}", [[text] for text in texts if text])


@admin.register(Customer)
class CustomerAdmin(CustomerImportExportMixin, admin.ModelAdmin):
    """Customers, grouped as on their page. They are never deleted."""

    list_display = ("account", "name", "customer_group", "country", "on_hold", "held")
    list_filter = ("customer_group", "on_hold", "held")
    list_select_related = ("customer_group", "country")
    search_fields = ("^account", "name")
    show_full_result_count = False
    actions = None

    def has_delete_permission(self, request, obj=None):
        """Customers are blocked, never deleted."""
        return False

    def get_readonly_fields(self, request, obj=None):
        """The account never changes once given; only an approval releases a new customer."""
        return ("account", "held") if obj else ()

    def get_fieldsets(self, request, obj=None):
        """The account, then the groups of the customer form."""
        groups = registry.get(Customer).groups.items()
        return [
            (None, {"fields": ("account", "held") if obj else ("account",)}),
            *((heading, {"fields": names}) for heading, names in groups),
        ]

    def get_form(self, request, obj=None, change=False, **kwargs):
        """The customer form, for this person."""
        return partial(AdminForm, person=request.user)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Where the customer changed between check and save, check again and show why."""
        try:
            return super().changeform_view(request, object_id, form_url, ONE_SAVE)
        except NotTaken:
            return super().changeform_view(request, object_id, form_url, ONE_SAVE)

    def save_model(self, request, obj, form, change):
        """Hand over to the door what the person meant."""
        obj.outcome = form.write()
        obj.pk = obj.outcome.record_id
        obj.refresh_from_db()

    def log_change(self, request, obj, message):
        """Leave no entry where nothing was done; what was done stands in the history."""
        if obj.outcome.status != "unchanged":
            return super().log_change(request, obj, obj.outcome.status)
        return None

    def response_add(self, request, obj, post_url_continue=None):
        """Say what was done, and show the customer, or what has to be approved first."""
        tell(request, obj.outcome)
        if obj.held:
            return redirect(proposed_changes_url(obj))
        return redirect("admin:customers_customer_change", obj.pk)

    def response_change(self, request, obj):
        """Say what was done; what needs approval is shown at once."""
        tell(request, obj.outcome)
        open_now = obj.outcome.proposed or obj.outcome.waiting
        return redirect(proposed_changes_url(obj) if open_now else request.path)

    def history_view(self, request, object_id, extra_context=None):
        """Lead to the customer's own history."""
        customer = self.get_object(request, object_id)
        if customer is None:
            raise Http404
        return redirect(history_url(customer))
