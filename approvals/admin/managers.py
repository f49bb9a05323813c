"""Who reports to whom: on a person's page, and as a list of its own."""

from contextlib import nullcontext

from django import forms
from django.contrib import admin
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import ReportingLine, Verb
from ..models.permissions import may_administer
from ..workflow import reporting_lines
from .choosing import Choosing
from .display import history_url
from .workflows import AdministeredAdmin


class ReportingLineForm(forms.ModelForm):
    """Whom a person reports to."""

    def clean(self):
        """Refuse a circle, in words."""
        cleaned = super().clean()
        # Whoever is not stored yet, or was not named, is in no circle.
        person = cleaned.get("person") or (self.instance.person_id and self.instance.person)
        manager = cleaned.get("manager")
        if person and manager and (why := reporting_lines.circle(person, manager)):
            self.add_error("manager", why)
        return cleaned


class ManagerInline(Choosing, admin.StackedInline):
    """A person's manager, on his page; for who may set workflows up."""

    model = ReportingLine
    form = ReportingLineForm
    fk_name = "person"
    autocomplete_fields = ("manager",)
    verbose_name = gettext_lazy("manager")
    verbose_name_plural = gettext_lazy("manager")

    def has_add_permission(self, request, obj=None):
        """Whether the person may name a manager, and administers workflows."""
        return super().has_add_permission(request, obj) and may_administer(request.user)

    def has_change_permission(self, request, obj=None):
        """Whether the person may name another, and administers workflows."""
        may = super().has_change_permission(request, obj)
        return may and may_administer(request.user)

    def has_delete_permission(self, request, obj=None):
        """Whether the person may take the manager away, and administers workflows."""
        may = super().has_delete_permission(request, obj)
        return may and may_administer(request.user)


class CheckingManagers:
    """Keeps who reports to whom as it is while a page that changes it looks for circles."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """The page; what it saves is checked."""
        with reporting_lines.checked() if request.method == "POST" else nullcontext():
            return super().changeform_view(request, object_id, form_url, extra_context)


@admin.register(ReportingLine)
class ReportingLineAdmin(Choosing, CheckingManagers, AdministeredAdmin):
    """Who reports to whom, for administrators who may not change people."""

    form = ReportingLineForm
    fields = autocomplete_fields = ("person", "manager")
    list_display = ("person", "manager")
    list_display_links = ("person",)
    list_select_related = ("person", "manager")
    search_fields = ("=person__username", "=manager__username")
    ordering = ("person__username",)

    def get_readonly_fields(self, request, obj=None):
        """A line stays with its person."""
        return ("person",) if obj else ()

    def changelist_view(self, request, extra_context=None):
        """The list, under the name of what it lists."""
        return super().changelist_view(request, {"title": _("Managers"), **(extra_context or {})})

    def history_view(self, request, object_id, extra_context=None):
        """Lead to the entries about managers."""
        return redirect(history_url(Verb.MANAGER_CHANGED))
