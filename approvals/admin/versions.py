"""A workflow's versions: the approval element with its steps, Activate and Retire."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.forms.models import BaseInlineFormSet
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals import parameters, registry, workflow_problems, workflows
from approvals.models import VersionState, WorkflowStep, WorkflowVersion
from approvals.outcomes import Refused

from .workflows import ONE_SAVE, AdministeredAdmin, find, to_version

# Added to positions while steps are renumbered: no version has so many.
OUT_OF_THE_WAY = 10_000


class StepForm(forms.ModelForm):
    """A step, with its place among the others as a number that may be given twice."""

    order = forms.IntegerField(
        label=gettext_lazy("Order"),
        min_value=1,
        required=False,
        help_text=gettext_lazy("Empty: after the others."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["order"] = self.instance.position


class StepFormset(BaseInlineFormSet):
    """The steps, numbered from one in the order that the person gave them."""

    def save(self, commit=True):
        """Save the steps, with new positions."""
        steps = [form.instance for form in self._ordered()]
        self.instance.steps.update(position=F("position") + OUT_OF_THE_WAY)
        for position, step in enumerate(steps, start=1):
            step.position = position
        saved = super().save(commit)
        for step in steps:
            WorkflowStep.objects.filter(pk=step.pk).update(position=step.position)
        return saved

    def _ordered(self):
        kept = [form for form in self.forms if form not in self.deleted_forms]
        kept = [form for form in kept if form.instance.pk or form.has_changed()]
        return sorted(kept, key=lambda form: form.cleaned_data.get("order") or OUT_OF_THE_WAY)


class StepInline(admin.StackedInline):
    """The steps of a version; those of a draft can be edited."""

    model = WorkflowStep
    form = StepForm
    formset = StepFormset
    autocomplete_fields = ("users", "groups")
    radio_fields = {"policy": admin.VERTICAL}
    ordering = ("position",)

    def get_fields(self, request, obj=None):
        """The fields, in order."""
        place = "order" if self.has_change_permission(request, obj) else "position"
        return (place, "name", "instructions", "users", "groups", "policy")

    def get_extra(self, request, obj=None, **kwargs):
        """An empty form where there is no step yet."""
        return 0 if obj and obj.steps.exists() else 1

    def has_add_permission(self, request, obj=None):
        """Steps are added to drafts only."""
        return super().has_add_permission(request, obj) and _is_draft(obj)

    def has_change_permission(self, request, obj=None):
        """Steps of drafts only are changed."""
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request, obj=None):
        """Steps of drafts only are removed."""
        return super().has_delete_permission(request, obj) and _is_draft(obj)


@admin.register(WorkflowVersion)
class VersionAdmin(AdministeredAdmin):
    """One version: the approval element with its steps. Only a draft can be edited."""

    fields = ("notes",)
    inlines = (StepInline,)

    def has_module_permission(self, request):
        """Versions are reached through their workflow."""
        return False

    def has_add_permission(self, request):
        """Versions are made by New and Edit of a workflow."""
        return False

    def has_change_permission(self, request, obj=None):
        """A version that has been activated never changes."""
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request, obj=None):
        """A version that has been activated stays."""
        return super().has_delete_permission(request, obj) and _is_draft(obj)

    def get_queryset(self, request):
        """Versions with what their pages name."""
        return super().get_queryset(request).select_related("workflow__content_type")

    def get_urls(self):
        """The admin's pages, Activate and Retire."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/activate/", wrap(self.activate_view), name="approvals_version_activate"),
            path("<int:pk>/retire/", wrap(self.retire_view), name="approvals_version_retire"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        """Lead to the workflows."""
        return redirect("admin:approvals_workflow_changelist")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The version's page; saving a draft is noted in the history."""
        version = self.get_object(request, unquote(object_id))
        if version is None:
            return super().change_view(request, object_id, form_url)
        context = _version_context(version, request.user)
        if request.method != "POST":
            return super().change_view(request, object_id, form_url, context)
        try:
            with workflows.editing(version, by=request.user):
                return super().change_view(request, object_id, form_url, context)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(request.path)

    def delete_view(self, request, object_id, extra_context=None):
        """Delete a draft, and note it."""
        version = self.get_object(request, unquote(object_id))
        if request.method != "POST" or version is None:
            return super().delete_view(request, object_id, extra_context)
        with workflows.noting(version.workflow, by=request.user):
            super().delete_view(request, object_id, extra_context)
        return redirect("admin:approvals_workflow_change", version.workflow_id)

    def response_change(self, request, obj):
        """Stay on the draft, which says what still keeps it from being activated; or go on."""
        if "_activate" in request.POST:
            return redirect("admin:approvals_version_activate", obj.pk)
        messages.success(request, _("The draft has been saved."))
        return redirect(request.path)

    def activate_view(self, request, pk):
        """Ask, then put a draft into force."""
        version = find(self, request, pk)
        active = version.workflow.versions.filter(state=VersionState.ACTIVE).first()
        context = {
            "title": _("Activate version %(number)s?") % {"number": version.number},
            "problems": workflows.problems(version),
            "steps": workflow_problems.deciders(version),
            "replaced": active,
            "verb": _("Activate"),
        }
        done = _("Version %(number)s is active.") % {"number": version.number}
        return self._confirm(request, version, workflows.activate, context, done)

    def retire_view(self, request, pk):
        """Ask, then take the active version out of force."""
        version = find(self, request, pk)
        context = {
            "title": _("Retire version %(number)s?") % {"number": version.number},
            "verb": _("Retire"),
            "retires": True,
        }
        done = _("Version %(number)s is retired.") % {"number": version.number}
        return self._confirm(request, version, workflows.retire, context, done)

    def _confirm(self, request, version, action, context, done):
        if not workflows.may_administer(request.user):
            raise PermissionDenied
        if request.method == "POST":
            return self._act(request, version, action, done)
        context |= {**self.admin_site.each_context(request), "opts": self.opts, "version": version}
        return TemplateResponse(request, "admin/approvals/workflowversion/confirm.html", context)

    def _act(self, request, version, action, done):
        try:
            action(version, by=request.user)
        except Refused as refusal:
            for line in str(refusal).splitlines():
                messages.error(request, line)
            return to_version(version)
        messages.success(request, done)
        for warning in parameters.warnings(version.workflow.content_type.model_class()):
            messages.warning(request, warning)
        return redirect("admin:approvals_workflow_change", version.workflow_id)


def _is_draft(version):
    return version is None or version.state == VersionState.DRAFT


def _version_context(version, person):
    draft = version.state == VersionState.DRAFT
    name = _("%(workflow)s, version %(number)s: %(state)s") % {
        "workflow": version.workflow,
        "number": version.number,
        "state": version.get_state_display(),
    }
    return {
        "title": registry.for_content_type(version.workflow.content_type).element,
        "subtitle": name,
        "problems": workflows.problems(version) if draft else [],
        "steps": workflow_problems.deciders(version),
        "is_draft": draft,
        **ONE_SAVE,
        "may_retire": version.state == VersionState.ACTIVE and workflows.may_administer(person),
    }
