"""Accounts receivable workflows: the list, its New menu, and each workflow's page."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from .. import registry
from ..models import Verb, VersionState, Workflow
from ..models.permissions import may_administer
from ..workflow import conditions, texts, workflows
from .display import history_url
from .visible import VisibleText

# One Save button: these pages lead on by themselves.
ONE_SAVE = {"show_save_and_continue": False, "show_save_and_add_another": False}

WORKFLOW_VERBS = (Verb.WORKFLOW_CHANGED, Verb.WORKFLOW_ACTIVATED, Verb.WORKFLOW_RETIRED)


class AdministeredAdmin(VisibleText, admin.ModelAdmin):
    """Pages that also need the right to administer workflows for every change."""

    actions = None

    def has_add_permission(self, request):
        """Whether the person may add, and administers workflows."""
        return super().has_add_permission(request) and may_administer(request.user)

    def has_change_permission(self, request, obj=None):
        """Whether the person may change, and administers workflows."""
        may = super().has_change_permission(request, obj)
        return may and may_administer(request.user)

    def has_delete_permission(self, request, obj=None):
        """Whether the person may delete, and administers workflows."""
        may = super().has_delete_permission(request, obj)
        return may and may_administer(request.user)

    def history_view(self, request, object_id, extra_context=None):
        """Lead to the entries about workflows."""
        return redirect(history_url(*WORKFLOW_VERBS))


class WorkflowForm(forms.ModelForm):
    """A workflow itself, apart from its versions."""

    def clean_is_default(self):
        """Refuse the default to a workflow that takes only some proposals."""
        wanted = self.cleaned_data["is_default"]
        if wanted and self.instance.pk and (why := workflows.why_not_default(self.instance)):
            raise forms.ValidationError(why)
        return wanted


@admin.register(Workflow)
class WorkflowAdmin(AdministeredAdmin):
    """A workflow and its versions. A new one has draft version 1 at once."""

    form = WorkflowForm
    list_display = (
        "position",
        "name",
        "active_version",
        "condition",
        "default",
        "draft",
        "type",
    )
    list_display_links = ("name",)
    ordering = ("is_default", "position", "name")
    sortable_by = ()
    fields = ("name", "description", "position", "is_default")

    class Media:
        css = {"all": ("css/setup.css", "css/workflow.css")}

    def get_queryset(self, request):
        """Workflows with their versions."""
        rows = [f"versions__{path}" for path in texts.ROWS]
        return super().get_queryset(request).select_related("content_type").prefetch_related(*rows)

    @admin.display(description=gettext_lazy("type"))
    def type(self, workflow):
        """The workflow type's name."""
        return _governed(workflow).workflow_type

    @admin.display(description=gettext_lazy("active version"))
    def active_version(self, workflow):
        """The number of the version in force."""
        return _number(workflow, VersionState.ACTIVE)

    @admin.display(description=gettext_lazy("takes a proposal where"))
    def condition(self, workflow):
        """The active version's condition in words."""
        version = _version(workflow, VersionState.ACTIVE)
        return conditions.describe(version, _governed(workflow)) if version else None

    @admin.display(description=gettext_lazy("default"))
    def default(self, workflow):
        """Said of the default one only."""
        return _("Default") if workflow.is_default else ""

    @admin.display(description=gettext_lazy("draft"))
    def draft(self, workflow):
        """The number of the draft."""
        return _number(workflow, VersionState.DRAFT)

    def has_delete_permission(self, request, obj=None):
        """Only a workflow without versions can be deleted."""
        return super().has_delete_permission(request, obj) and not (obj and obj.versions.exists())

    def get_urls(self):
        """The admin's pages, and Edit."""
        edit = self.admin_site.admin_view(require_POST(self.edit_view))
        return [
            path("<int:pk>/edit/", edit, name="approvals_workflow_edit"),
            *super().get_urls(),
        ]

    def edit_view(self, request, pk):
        """Edit: open the draft, made as a copy of the newest version if there is none."""
        workflow = find(self, request, pk)
        return to_version(workflows.new_draft(workflow, by=request.user))

    def changelist_view(self, request, extra_context=None):
        """The list, whose New menu has each type of workflow."""
        context = {"title": self.opts.verbose_name_plural, "types": registry.all_governed()}
        return super().changelist_view(request, context)

    def add_view(self, request, form_url="", extra_context=None):
        """A new workflow, under the name of its type."""
        title = _("New > %(type)s") % {"type": _asked_type(request).workflow_type}
        return super().add_view(request, form_url, {"title": title, **ONE_SAVE})

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Name, description and order, with the versions under them."""
        workflow = self.get_object(request, unquote(object_id))
        if workflow is None:
            return super().change_view(request, object_id, form_url)
        versions = workflow.versions.select_related("activated_by")
        context = {"title": workflow, "subtitle": None, "versions": versions, **ONE_SAVE}
        if request.method != "POST":
            return super().change_view(request, object_id, form_url, context)
        with workflows.setting_up(workflow, by=request.user):
            return super().change_view(request, object_id, form_url, context)

    def delete_view(self, request, object_id, extra_context=None):
        """Delete a workflow that has no versions, and note it."""
        workflow = self.get_object(request, unquote(object_id))
        if request.method != "POST" or workflow is None:
            return super().delete_view(request, object_id, extra_context)
        with workflows.setting_up(workflow, by=request.user):
            return super().delete_view(request, object_id, extra_context)

    def save_model(self, request, obj, form, change):
        """Save; a new workflow gets its type and draft version 1."""
        if not change:
            model = _asked_type(request).model
            obj.content_type = ContentType.objects.get_for_model(model)
        if obj.is_default and (former := workflows.take_default(obj, by=request.user)):
            text = _("“%(name)s” is no longer the default workflow.")
            messages.info(request, text % {"name": former})
        super().save_model(request, obj, form, change)
        if not change:
            # One entry, about the workflow, stands for both: nothing is in the draft yet.
            obj.versions.create(number=1)

    def response_add(self, request, obj, post_url_continue=None):
        """Go on to the draft, which needs its steps."""
        text = _("The workflow “%(name)s” has been made. Add the steps of its first version.")
        messages.success(request, text % {"name": obj})
        return to_version(obj.versions.get())

    def response_change(self, request, obj):
        """Stay on the page: the versions are there."""
        messages.success(request, _("The workflow “%(name)s” has been saved.") % {"name": obj})
        return redirect(request.path)


def _version(workflow, state):
    return next((v for v in workflow.versions.all() if v.state == state), None)


def _number(workflow, state):
    version = _version(workflow, state)
    return version.number if version else None


def _governed(workflow):
    return registry.for_content_type(workflow.content_type)


def _asked_type(request):
    """The governed model whose workflow type the New menu named; the first one by default."""
    types = registry.all_governed()
    asked = request.GET.get("type")
    return next((governed for governed in types if governed.label == asked), types[0])


def find(model_admin, request, pk):
    """The record that a page of `model_admin` is about. Raises Http404."""
    found = model_admin.get_object(request, str(pk))
    if found is None:
        raise Http404
    return found


def to_version(version):
    """A redirect to the page of `version`."""
    return redirect("admin:approvals_workflowversion_change", version.pk)
