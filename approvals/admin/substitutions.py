"""Substitutions: administrators enter them for anybody; people do so on a page of their own."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..deciding import substituting, substitutions
from ..models import Substitution
from ..outcomes import ADMIN
from ..pages.people_forms import CheckedSubstitutionForm
from .choosing import Choosing


@admin.register(Substitution)
class SubstitutionAdmin(Choosing, admin.ModelAdmin):
    """Who stands in for whom, on which days, for what; each change has its history."""

    form = CheckedSubstitutionForm
    fields = ("person", "substitute", "starts", "ends", "workflow")
    autocomplete_fields = ("person", "substitute")
    list_display = ("person", "substitute", "starts", "ends", "scope")
    list_filter = ("starts", "ends", "workflow")
    list_select_related = ("person", "substitute", "workflow")
    search_fields = ("=person__username", "=substitute__username")
    ordering = ("-starts", "-pk")

    class Media:
        css = {"all": ("css/setup.css",)}

    @admin.display(description=_("workflow"), ordering="workflow")
    def scope(self, substitution):
        """What it is for."""
        return substitution.workflow or _("Everything")

    def get_readonly_fields(self, request, obj=None):
        """A substitution stays that of one person."""
        return ("person",) if obj else ()

    def save_model(self, request, obj, form, change):
        """Store it, with its entry in the history; say who else stands in on these days."""
        substituting.save(obj, by=request.user, source=ADMIN)
        for other in substitutions.overlapping(obj):
            text = _("Also on some of these days: %(others)s.")
            told = {"others": substitutions.described(other)}
            self.message_user(request, text % told, "warning")

    def delete_model(self, request, obj):
        """Remove it, with its entry in the history."""
        substituting.remove(obj, by=request.user, source=ADMIN)

    def delete_queryset(self, request, queryset):
        """Remove several, each with its entry in the history."""
        for substitution in queryset:
            self.delete_model(request, substitution)
