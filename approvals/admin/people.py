"""People and groups: Django's own pages; a change of rights may leave work items orphaned."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.utils.translation import ngettext

from ..handover import hand_over_orphans


class HandingOver:
    """Hands over the work items that nobody can decide after a save."""

    def save_related(self, request, form, formsets, change):
        """Save groups and permissions; then look whether somebody can still decide."""
        super().save_related(request, form, formsets, change)
        count = hand_over_orphans(by=request.user)
        if count:
            text = ngettext(
                "%(count)s work item that nobody could decide any more was handed over.",
                "%(count)s work items that nobody could decide any more were handed over.",
                count,
            )
            self.message_user(request, text % {"count": count})


admin.site.unregister([User, Group])


@admin.register(User)
class PersonAdmin(HandingOver, UserAdmin):
    """People."""


@admin.register(Group)
class RoleAdmin(HandingOver, GroupAdmin):
    """Groups."""
