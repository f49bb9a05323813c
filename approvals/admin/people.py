"""People with their managers, and groups; a change of rights may leave work items orphaned."""

from contextlib import nullcontext

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import history
from ..deciding.handover import hand_over_orphans
from ..models import VersionState, WorkflowStep
from ..models.permissions import may_administer
from .choosing import ManyRows
from .managers import CheckingManagers, ManagerInline
from .visible import VisibleText


class HandingOver:
    """Hands on the work items that nobody can decide after a save or a removal.

    Whoever an activated version names stays: such a version never changes.
    """

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """The page. What a save changes is sealed after the work items have been handed on."""
        with _sealed(request):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request, object_id, extra_context=None):
        """Remove one, likewise."""
        with _sealed(request):
            return super().delete_view(request, object_id, extra_context)

    def changelist_view(self, request, extra_context=None):
        """The list; what is done to several of it, likewise."""
        with _sealed(request):
            return super().changelist_view(request, extra_context)

    def save_related(self, request, form, formsets, change):
        """Save groups and permissions; then look whether somebody can still decide."""
        super().save_related(request, form, formsets, change)
        self._hand_over(request)

    def delete_model(self, request, obj):
        """Remove one; then look whether somebody can still decide."""
        super().delete_model(request, obj)
        self._hand_over(request)

    def delete_queryset(self, request, queryset):
        """Remove several; then look whether somebody can still decide."""
        super().delete_queryset(request, queryset)
        self._hand_over(request)

    def get_deleted_objects(self, objs, request):
        """Refuse to remove what a version names; tell that before any right that is missing.

        A foreign key protects by itself; what the step of a draft names is just taken off it.
        """
        to_delete, counts, missing, protected = super().get_deleted_objects(objs, request)
        steps = WorkflowStep.objects.exclude(version__state=VersionState.DRAFT)
        named = steps.filter(**{f"{self.named_as}__in": list(objs)}).distinct()
        labels = [f"{step.version}: {step}" for step in named.select_related("version__workflow")]
        protected = protected + labels
        return to_delete, counts, set() if protected else missing, protected

    def _hand_over(self, request):
        count = hand_over_orphans(by=request.user)
        if count:
            text = ngettext(
                "%(count)s step that nobody could decide any more was handed over.",
                "%(count)s steps that nobody could decide any more were handed over.",
                count,
            )
            self.message_user(request, text % {"count": count})


def _sealed(request):
    return history.sealed() if request.method == "POST" else nullcontext()


admin.site.unregister([User, Group])


@admin.register(User)
class PersonAdmin(ManyRows, VisibleText, CheckingManagers, HandingOver, UserAdmin):
    """People."""

    named_as = "users"
    inlines = (ManagerInline,)
    actions = ("reassign_work_items",)

    @admin.action(
        description=gettext_lazy("Reassign all open work items"), permissions=["reassign"]
    )
    def reassign_work_items(self, request, queryset):
        """Lead to the page on which all open work items of a person go to another."""
        if queryset.count() != 1:
            self.message_user(request, _("Select one person."), messages.ERROR)
            return None
        return redirect(f"{reverse('approvals:reassign_all')}?from={queryset.get().pk}")

    def has_reassign_permission(self, request):
        """Whether the person may give work items to others."""
        return may_administer(request.user)

    def get_inlines(self, request, obj):
        """The manager, once the person exists."""
        return super().get_inlines(request, obj) if obj else ()


@admin.register(Group)
class RoleAdmin(ManyRows, VisibleText, HandingOver, GroupAdmin):
    """Groups."""

    named_as = "groups"
