"""Inquiry: proposals, work items, decisions, imports and history, for reading only."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _

from .. import registry
from ..models import (
    Decision,
    Delegation,
    ImportJob,
    Proposal,
    ProposedChange,
    WorkflowEvent,
    WorkItem,
)
from ..pages import timeline
from ..pages.people import tell_actors_apart
from ..values import display_text, moment, person_name
from .display import shown

DETAILS_LENGTH = 120
# Lists of millions count, and lead, no further: filters lead to what is older.
COUNT_LIMIT = 10_000


class ReadOnly:
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request, obj=None):
        """Never."""
        return False

    def has_change_permission(self, request, obj=None):
        """Never."""
        return False

    def has_delete_permission(self, request, obj=None):
        """Never."""
        return False


class CappedPaginator(Paginator):
    """Pages of a list as long as it likes, of which it counts the first COUNT_LIMIT rows."""

    @cached_property
    def count(self):
        """How many rows there are, or COUNT_LIMIT where there are more."""
        return self.object_list[:COUNT_LIMIT].count()


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    """A list to search and filter, newest first."""

    actions = None
    ordering = ("-id",)
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    change_form_template = "admin/approvals/read_only.html"

    class Media:
        css = {"all": ("css/setup.css",)}

    def changelist_view(self, request, extra_context=None):
        """The list, under the name of what it lists."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})


class ChangeValues:
    """The field and the values of a proposed change, as a person reads them."""

    @admin.display(description=_("field"))
    def label(self, change):
        """The field's label."""
        return capfirst(_field(change).verbose_name)

    @admin.display(description=_("Original value"))
    def original_value(self, change):
        """What the field was."""
        return display_text(_field(change), change.original)

    @admin.display(description=_("New value"))
    def new_value(self, change):
        """What the field is to be."""
        return display_text(_field(change), change.value)


def _field(change):
    return registry.for_content_type(change.content_type).proposable[change.field]


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    """Rows that belong to a record; related: what is shown of other tables with them."""

    extra = 0
    related = ()

    def get_queryset(self, request):
        """The rows, with all that is shown of them."""
        return super().get_queryset(request).select_related(*self.related)


class ChangeInline(ChangeValues, ReadOnlyInline):
    """The changes of a proposal."""

    model = ProposedChange
    fields = ("label", "original_value", "new_value", "outcome", "proposed_by", "proposed_at")
    readonly_fields = ("label", "original_value", "new_value")
    related = ("proposed_by", "content_type")


class DecisionInline(ReadOnlyInline):
    """The decisions on a proposal."""

    model = Decision
    fields = ("person", "on_behalf_of", "action", "comment", "decided_at")
    related = ("person", "on_behalf_of")


class WorkItemColumns:
    """What a work item shows of the step that it belongs to."""

    @admin.display(description=_("step"))
    def step(self, item):
        """The step that the item belongs to."""
        return item.step_run.step

    @admin.display(description=_("due"))
    def due(self, item):
        """When the time limit of the step ends."""
        return item.step_run.due_at and moment(item.step_run.due_at)

    @admin.display(description=_("claimed by"))
    def claimed_by(self, item):
        """Who has taken it out of his groups' hands."""
        return item.step_run.claimed_by and person_name(item.step_run.claimed_by)


class WorkItemInline(WorkItemColumns, ReadOnlyInline):
    """Whom a proposal was, or is, assigned to."""

    model = WorkItem
    fields = (
        "step",
        "assignee",
        "group",
        "on_behalf_of",
        "state",
        "created_at",
        "due",
        "claimed_by",
    )
    readonly_fields = ("step", "due", "claimed_by")
    related = ("assignee", "group", "on_behalf_of", "step_run__step", "step_run__claimed_by")


class DelegationInline(ReadOnlyInline):
    """Whose work items on a proposal go to whom."""

    model = Delegation
    fields = ("person", "delegate", "comment", "at")
    related = ("person", "delegate")


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    """Proposals with their changes, work items and decisions."""

    list_display = (
        "id",
        "record_key",
        "kind",
        "state",
        "submitted_by",
        "submitted_at",
        "closed_at",
    )
    list_filter = ("state", "kind", "origin", "submitted_at")
    list_select_related = ("submitted_by",)
    search_fields = ("=record_key",)
    fields = (
        "customer",
        "kind",
        "state",
        "origin",
        "import_job",
        "created_by",
        "created_at",
        "submitted_by",
        "submitted_at",
        "note",
        "version",
        "automatic_action",
        "closed_at",
        "history",
    )
    readonly_fields = ("customer", "history")
    inlines = (ChangeInline, WorkItemInline, DelegationInline, DecisionInline)

    @admin.display(description=_("account"))
    def customer(self, proposal):
        """The record, with a link to its page."""
        url = proposal.record.get_absolute_url()
        return format_html('<a href="{}">{}</a>', url, proposal.record)

    @admin.display(description=_("history"))
    def history(self, proposal):
        """A link to everything that happened to the proposal."""
        url = reverse("approvals:proposal_history", args=[proposal.pk])
        return format_html('<a href="{}">{}</a>', url, _("Show what happened"))


@admin.register(ProposedChange)
class ProposedChangeAdmin(ChangeValues, ReadOnlyAdmin):
    """Proposed changes field by field."""

    list_display = (
        "proposal",
        "label",
        "original_value",
        "new_value",
        "outcome",
        "proposed_by",
        "proposed_at",
    )
    list_filter = ("outcome", "proposed_at")
    list_select_related = ("proposal", "content_type", "proposed_by")
    search_fields = ("=proposal__record_key",)
    fields = list_display
    readonly_fields = ("label", "original_value", "new_value")


@admin.register(WorkItem)
class WorkItemAdmin(WorkItemColumns, ReadOnlyAdmin):
    """What waits, or waited, for whom."""

    list_display = (
        "record_key",
        "step",
        "assignee",
        "on_behalf_of",
        "state",
        "created_at",
        "due",
        "claimed_by",
        "proposal",
    )
    list_filter = ("state", "created_at")
    list_select_related = (
        "step_run__step",
        "step_run__claimed_by",
        "assignee",
        "on_behalf_of",
        "proposal",
    )
    search_fields = ("=record_key", "=assignee__username")
    fields = (*list_display, "group")
    readonly_fields = ("step", "due", "claimed_by")


@admin.register(Delegation)
class DelegationAdmin(ReadOnlyAdmin):
    """Whose work items on which proposal go to whom."""

    list_display = ("at", "person", "delegate", "proposal", "comment")
    list_filter = ("at",)
    list_select_related = ("person", "delegate", "proposal")
    search_fields = ("=proposal__record_key", "=person__username", "=delegate__username")
    fields = list_display


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """Who decided what."""

    list_display = ("decided_at", "person", "on_behalf_of", "action", "proposal", "comment")
    list_filter = ("action", "decided_at")
    list_select_related = ("person", "on_behalf_of", "proposal")
    search_fields = ("=proposal__record_key", "=person__username")
    fields = (*list_display, "revision")


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """Imports and what came of them."""

    list_display = (
        "id",
        "file_name",
        "state",
        "behavior",
        "created_by",
        "created_at",
        "rows",
        "created",
        "updated",
        "proposed",
        "unchanged",
        "failed",
    )
    list_filter = ("state", "behavior", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("file_name", "=created_by__username")
    fields = (*list_display[1:], "finished_at", "refused")


@admin.register(WorkflowEvent)
class WorkflowEventAdmin(ReadOnlyAdmin):
    """Workflow history: everything that happened, newest first."""

    list_display = ("at", "who", "verb", "record_key", "label", "details")
    list_filter = ("at", "origin", "verb")
    list_select_related = ("actor", "on_behalf_of", "content_type")
    search_fields = ("=record_key", "=actor__username")
    fields = (
        "at",
        "who",
        "verb",
        "record_key",
        "label",
        "change",
        "comment",
        "proposal",
        "version",
        "step",
        "origin",
        "import_job",
    )
    readonly_fields = ("who", "label", "change")

    def get_queryset(self, request):
        """With what an entry refers to, which there may not be."""
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_changelist_instance(self, request):
        """The list, with namesakes told apart."""
        found = super().get_changelist_instance(request)
        tell_actors_apart(found.result_list)
        return found

    def get_object(self, request, object_id, from_field=None):
        """One entry, with namesakes told apart."""
        found = super().get_object(request, object_id, from_field)
        tell_actors_apart([found] if found else [])
        return found

    @admin.display(description=_("who"))
    def who(self, event):
        """Who did it, and for whom; the workflow where a rule or a time limit did."""
        return timeline.who(event)

    @admin.display(description=_("field"))
    def label(self, event):
        """The field's or parameter's label."""
        return shown(event).label

    @admin.display(description=_("change"))
    def change(self, event):
        """The values, as a person reads them."""
        return shown(event).change

    @admin.display(description=_("details"))
    def details(self, event):
        """As much of the values and the comment as a list has room for."""
        text = " ".join(part for part in (shown(event).change, event.comment) if part)
        return Truncator(text).chars(DETAILS_LENGTH)
