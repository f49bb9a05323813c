"""The rows of a condition, where an activation, a step or an automatic action has one."""

import json

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.formats import sanitize_separators
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import AutomaticCondition, Operator, StepCondition, Subject, VersionCondition
from ..workflow import conditions
from ..workflow.condition_rows import BARE, CHOSEN, CODES, WITH_FIELD, text_of
from .drafts import DraftInline
from .parts import governed_of

COLUMNS = ("subject", "field", "operator", "value", "person", "group")


class RowForm(forms.ModelForm):
    """One row: what is looked at, how it is compared, and with what."""

    governed = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["field"] = forms.ChoiceField(
            label=_("Field"), required=False, choices=_fields(self.governed)
        )
        self.fields["value"].widget = forms.TextInput(attrs={"autocomplete": "off"})

    @property
    def text(self):
        """The row in words, as it is stored."""
        return text_of(self.instance, self.governed) if self.instance.pk else ""

    def clean_value(self):
        """A single number may be written as the person's language writes it."""
        typed = self.cleaned_data["value"].strip()
        if self.data.get(self.add_prefix("operator")) == Operator.ONE_OF:
            return typed
        field = self.governed.fields.get(self.data.get(self.add_prefix("field")))
        decimal = field is not None and field.get_internal_type() == "DecimalField"
        return str(sanitize_separators(typed)) if decimal else typed

    def _post_clean(self):
        """Say beside each column what is wrong with it."""
        super()._post_clean()
        if self.errors:
            return
        for column, texts in conditions.errors_of(self.instance, self.governed).items():
            self.add_error(column, texts)


def _fields(governed):
    """The fields that can be proposed, under the headings of the form."""
    yield "", "---------"
    for heading, names in governed.groups.items():
        labels = [(name, capfirst(governed.fields[name].verbose_name)) for name in names]
        yield str(heading), labels


class ConditionInline(DraftInline):
    """The rows of a condition; without any it always holds."""

    place = "condition"
    form = RowForm
    fields = COLUMNS
    autocomplete_fields = ("person",)
    related = ("person", "group")
    verbose_name = gettext_lazy("row")
    verbose_name_plural = gettext_lazy("rows")

    def get_formset(self, request, obj=None, **kwargs):
        """The rows, about the fields of the governed model."""
        self.governed = governed_of(obj)
        form = type("RowForm", (RowForm,), {"governed": self.governed})
        return super().get_formset(request, obj, form=form, **kwargs)

    @property
    def choices(self):
        """What the page's script needs to offer only what fits together."""
        return json.dumps(_choices(self.governed), cls=DjangoJSONEncoder)


class VersionConditionInline(ConditionInline):
    """The activation condition of a version."""

    model = VersionCondition


class StepConditionInline(ConditionInline):
    """The condition of a step."""

    model = StepCondition


class AutomaticConditionInline(ConditionInline):
    """The condition of an automatic action."""

    model = AutomaticCondition


def _choices(governed):
    return {
        "operators": {subject: _operators(subject, governed) for subject in Subject.values},
        "withField": list(WITH_FIELD),
        "bare": list(BARE),
        "chosen": CHOSEN,
        "codes": {subject: codes.choices for subject, codes in CODES.items()},
        "fieldCodes": {name: codes for name, f in governed.fields.items() if (codes := _codes(f))},
    }


def _operators(subject, governed):
    """Of each field, or under "" of none, the comparisons that suit the subject."""
    if subject not in WITH_FIELD:
        return {"": conditions.operators_for(subject)}
    by_field = {name: conditions.operators_for(subject, f) for name, f in governed.fields.items()}
    return {"": conditions.operators_for(subject), **by_field}


def _codes(field):
    """The values that a field can have and what they mean, where they are few."""
    if field.get_internal_type() == "BooleanField":
        return [("1", _("Yes")), ("0", _("No"))]
    return [(str(code), str(label)) for code, label in field.flatchoices if code != ""]
