"""The steps of a version: in a row on the version's page, and each on a page of its own."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ..models import EscalationLevel, WorkflowStep
from ..workflow import texts
from .conditions import StepConditionInline
from .drafts import DraftAdmin, DraftForm, DraftInline, DraftRows, OrderedForm
from .parts import page_of
from .visible import VisibleText


class StepRowForm(OrderedForm):
    """A step on the version's page: one that exists is shown in words, and only moved there."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in StepInline.basics:
                self.fields.pop(name, None)

    @property
    def text(self):
        """The step's name."""
        return self.instance.name if self.instance.pk else ""

    @property
    def lines(self):
        """Its settings in words."""
        step = self.instance
        return texts.step_lines(step, step.version) if step.pk else []

    @property
    def url(self):
        """Where everything of the step is edited."""
        return page_of(self.instance) if self.instance.pk else ""


class StepInline(VisibleText, DraftInline):
    """The steps of a version, in order."""

    place = "steps"
    basics = ("name", "users", "groups", "policy")
    model = WorkflowStep
    form = StepRowForm
    formset = DraftRows
    fields = basics
    autocomplete_fields = ("users", "groups")
    ordering = ("position",)
    related = ("version__workflow__content_type",)
    prefetched = texts.OF_STEP
    verbose_name = _("step")


class LevelForm(OrderedForm):
    """One level of an escalation path."""

    @property
    def text(self):
        """To whom, and for how long."""
        level = self.instance
        if not level.pk:
            return ""
        return f"{texts.whom(level)}, {texts.span(level.time_limit, level.step)}"


class EscalationInline(DraftInline):
    """The escalation path of a step, in order."""

    place = "escalation"
    model = EscalationLevel
    form = LevelForm
    formset = DraftRows
    fields = ("kind", "user", "group", "time_limit")
    autocomplete_fields = ("user",)
    ordering = ("position",)
    related = ("step", "user", "group")
    verbose_name = _("level")


@admin.register(WorkflowStep)
class StepAdmin(DraftAdmin):
    """Everything of one step."""

    form = DraftForm
    fieldsets = (
        (None, {"fields": ("name", "instructions", "seen")}),
        (_("Condition"), {"fields": ("match",), "classes": ("setup-condition",)}),
        (
            _("Assignment"),
            {
                "fields": (
                    "assignment",
                    "users",
                    "groups",
                    ("manager_start", "manager_levels"),
                    "manager_stop_group",
                    "manager_take",
                ),
                "classes": ("setup-assignment",),
            },
        ),
        (
            _("Completion policy"),
            {"fields": ("policy", "percentage"), "classes": ("setup-policy",)},
        ),
        (
            _("Time limit and escalation"),
            {
                "fields": (("time_limit", "time_unit", "remind_after"), "final_action"),
                "classes": ("setup-escalation",),
            },
        ),
    )
    autocomplete_fields = ("users", "groups")
    radio_fields = {
        "match": admin.VERTICAL,
        "assignment": admin.VERTICAL,
        "manager_take": admin.VERTICAL,
        "policy": admin.VERTICAL,
        "final_action": admin.VERTICAL,
    }
    condition_help = _(
        "The step is taken where its condition holds, and skipped where it does not; without a "
        "row it is always taken."
    )
    inlines = (StepConditionInline, EscalationInline)

    def get_queryset(self, request):
        """Steps with what their pages name."""
        return super().get_queryset(request).select_related("version__workflow__content_type")
