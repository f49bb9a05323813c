"""Automatic actions: in a row on the version's page, and each on a page of its own."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import AutomaticAction
from ..workflow import texts
from ..workflow.texts import Line
from .conditions import AutomaticConditionInline
from .drafts import DraftAdmin, DraftForm, DraftInline, DraftRows, OrderedForm
from .parts import page_of
from .visible import VisibleText


class ActionRowForm(OrderedForm):
    """An automatic action on the version's page: one that exists is only moved there."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ActionInline.basics:
                self.fields.pop(name, None)

    @property
    def text(self):
        """The action's name."""
        return self.instance.name if self.instance.pk else ""

    @property
    def lines(self):
        """What it decides, and when."""
        action = self.instance
        if not action.pk:
            return []
        when = texts.condition(action, action.version)
        return [Line(action.get_decision_display(), when)]

    @property
    def url(self):
        """Where its condition is edited."""
        return page_of(self.instance) if self.instance.pk else ""


class ActionInline(VisibleText, DraftInline):
    """The automatic actions of a version, in order."""

    place = "actions"
    basics = ("name", "decision")
    model = AutomaticAction
    form = ActionRowForm
    formset = DraftRows
    fields = basics
    ordering = ("position",)
    related = ("version__workflow__content_type",)
    prefetched = texts.ROWS
    verbose_name = _("automatic action")


@admin.register(AutomaticAction)
class ActionAdmin(DraftAdmin):
    """One automatic action with its condition."""

    form = DraftForm
    fieldsets = (
        (None, {"fields": ("name", "decision", "seen")}),
        (_("Condition"), {"fields": ("match",), "classes": ("setup-condition",)}),
    )
    radio_fields = {"decision": admin.VERTICAL, "match": admin.VERTICAL}
    condition_help = _("The action decides where its condition holds. It needs at least one row.")
    inlines = (AutomaticConditionInline,)

    def get_queryset(self, request):
        """Actions with what their pages name."""
        return super().get_queryset(request).select_related("version__workflow__content_type")
