"""A workflow's versions: notes, activation condition, automatic actions and steps."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import parameters, registry
from ..models import VersionState, WorkflowVersion
from ..models.permissions import may_administer
from ..outcomes import Refused
from ..workflow import problems, texts, workflows
from ..workflow.texts import Line
from .automatic_actions import ActionInline
from .conditions import VersionConditionInline
from .drafts import DraftAdmin, DraftForm
from .parts import linked
from .steps import StepInline
from .workflows import find, to_version


@admin.register(WorkflowVersion)
class VersionAdmin(DraftAdmin):
    """One version: the approval element with its steps. Only a draft can be edited."""

    form = DraftForm
    fieldsets = (
        (
            gettext_lazy("Activation condition"),
            {"fields": ("match",), "classes": ("setup-condition",)},
        ),
        (None, {"fields": (), "classes": ("setup-actions",)}),
        (None, {"fields": (), "classes": ("setup-steps",)}),
        (None, {"fields": ("notes", "seen")}),
    )
    radio_fields = {"match": admin.VERTICAL}
    condition_help = gettext_lazy(
        "The workflow takes a proposal where its condition holds; without a row it takes every "
        "one. Workflows are asked in their order, the default one last."
    )
    inlines = (VersionConditionInline, ActionInline, StepInline)

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

    def show(self, request, part):
        """The form of a draft, or the version in words for who may not edit it."""
        if self.has_change_permission(request, part):
            return super().show(request, part)
        if not self.has_view_permission(request, part):
            raise PermissionDenied
        context = self._page(request, part) | _in_words(part)
        return TemplateResponse(request, "admin/approvals/setup/version.html", context)

    def context(self, part):
        """What the template needs beside the form: every problem of the version."""
        errors = linked(problems.problems(part))
        warnings = linked(problems.warnings(part))
        context = super().context(part) | {"problems": errors, "warnings": warnings}
        count = part.automatic_actions.count()
        return context | _titles(part) | {"activates": True, "action_count": count}

    def after_delete(self, part):
        """Back to the workflow."""
        return redirect("admin:approvals_workflow_change", part.workflow_id)

    def response_change(self, request, obj):
        """Go on to activate where that was asked; else stay on the draft."""
        if "_activate" in request.POST:
            return redirect("admin:approvals_version_activate", obj.pk)
        return super().response_change(request, obj)

    def activate_view(self, request, pk):
        """Ask, then put a draft into force."""
        version = find(self, request, pk)
        active = version.workflow.versions.filter(state=VersionState.ACTIVE).first()
        context = {
            "title": _("Activate version %(number)s?") % {"number": version.number},
            "problems": linked(problems.problems(version)),
            "warnings": linked(problems.warnings(version)),
            "replaced": active,
            "seen": workflows.token(version),
            "verb": _("Activate"),
            **_in_words(version),
        }
        done = _("Version %(number)s is active.") % {"number": version.number}
        return self._confirm(request, version, _activate(request), context, done)

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
        if not may_administer(request.user):
            raise PermissionDenied
        if request.method == "POST":
            return self._act(request, version, action, done)
        context = self._page(request, version) | context
        return TemplateResponse(request, "admin/approvals/setup/confirm.html", context)

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

    def _page(self, request, version):
        may = may_administer(request.user)
        return {
            **self.admin_site.each_context(request),
            **_titles(version),
            "opts": self.opts,
            "version": version,
            "may_retire": may and version.state == VersionState.ACTIVE,
            "was_activated": version.state != VersionState.DRAFT,
        }


def _activate(request):
    """Activate what the person was shown; a request that does not say what is refused."""
    seen = request.POST.get("seen", "")
    return lambda version, by: workflows.activate(version, by=by, seen=seen)


def _titles(version):
    name = _("%(workflow)s, version %(number)s: %(state)s") % {
        "workflow": version.workflow,
        "number": version.number,
        "state": version.get_state_display(),
    }
    element = registry.for_content_type(version.workflow.content_type).element
    return {"title": element, "subtitle": name}


def _in_words(version):
    """The whole version for a person to read."""
    pk = version.pk
    version = texts.with_everything(WorkflowVersion.objects.filter(pk=pk)).get()
    deciders = problems.deciders(version)
    steps = [
        (step, texts.step_lines(step, version), deciders[step]) for step in version.steps.all()
    ]
    actions = [
        (action, [Line(action.get_decision_display(), texts.condition(action, version))])
        for action in version.automatic_actions.all()
    ]
    condition = texts.condition(version, version)
    return {"condition": condition, "actions": actions, "steps": steps}
