"""One row of a condition: which comparisons suit it, what its value means, how it reads.

A row says something about a field (CHANGE, OLD, NEW, RAISED, LOWERED, RECORD) or about
the proposal as a whole (KIND, ORIGIN, ORIGINATOR, ORIGINATOR_GROUP).
"""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import formats
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import batch, values
from ..models import Kind, Operator, Origin, Subject
from ..models.conditions import ConditionRow
from ..registry import Governed, is_number

EQUAL = (Operator.IS, Operator.IS_NOT)
FILLED = (Operator.EMPTY, Operator.NOT_EMPTY)
COMPARED = (Operator.MORE, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST)
AMOUNTS = (Operator.MORE, Operator.AT_LEAST, Operator.AT_MOST)
# What the same comparison is of amounts.
PERCENTAGES = {
    Operator.MORE_PERCENT: Operator.MORE,
    Operator.AT_LEAST_PERCENT: Operator.AT_LEAST,
    Operator.AT_MOST_PERCENT: Operator.AT_MOST,
}
# Comparisons that need no value.
BARE = (Operator.PRESENT, Operator.ABSENT, *FILLED)

VALUES = (Subject.OLD, Subject.NEW, Subject.RECORD)
STEPS = (Subject.RAISED, Subject.LOWERED)
OF_CHANGES = (Subject.CHANGE, Subject.OLD, Subject.NEW, *STEPS)
WITH_FIELD = (Subject.CHANGE, *VALUES, *STEPS)

WHOLE = {
    Subject.ORIGIN: (*EQUAL, Operator.ONE_OF),
    Subject.KIND: EQUAL,
    Subject.ORIGINATOR: EQUAL,
    Subject.ORIGINATOR_GROUP: EQUAL,
}
# The column that names whom a row is about.
CHOSEN = {Subject.ORIGINATOR: "person", Subject.ORIGINATOR_GROUP: "group"}
CODES = {Subject.ORIGIN: Origin, Subject.KIND: Kind}

# By how much a value is raised or lowered: in its own unit, in days, or in per cent.
AMOUNT = models.DecimalField(
    max_digits=15, decimal_places=4, validators=[MinValueValidator(Decimal(0))]
)

SENTENCES = {
    Operator.PRESENT: gettext_lazy("%(what)s is among the changes"),
    Operator.ABSENT: gettext_lazy("%(what)s is not among the changes"),
    Operator.IS: gettext_lazy("%(what)s is %(value)s"),
    Operator.IS_NOT: gettext_lazy("%(what)s is not %(value)s"),
    Operator.ONE_OF: gettext_lazy("%(what)s is %(value)s"),
    Operator.CONTAINS: gettext_lazy("%(what)s contains “%(value)s”"),
    Operator.EMPTY: gettext_lazy("%(what)s is empty"),
    Operator.NOT_EMPTY: gettext_lazy("%(what)s is not empty"),
    Operator.MORE: gettext_lazy("%(what)s more than %(value)s"),
    Operator.AT_LEAST: gettext_lazy("%(what)s at least %(value)s"),
    Operator.LESS: gettext_lazy("%(what)s less than %(value)s"),
    Operator.AT_MOST: gettext_lazy("%(what)s at most %(value)s"),
    Operator.MORE_PERCENT: gettext_lazy("%(what)s more than %(value)s %%"),
    Operator.AT_LEAST_PERCENT: gettext_lazy("%(what)s at least %(value)s %%"),
    Operator.AT_MOST_PERCENT: gettext_lazy("%(what)s at most %(value)s %%"),
}
SUBJECTS = {
    Subject.CHANGE: gettext_lazy("%(field)s"),
    Subject.OLD: gettext_lazy("Old value of %(field)s"),
    Subject.NEW: gettext_lazy("New value of %(field)s"),
    Subject.RAISED: gettext_lazy("%(field)s raised by"),
    Subject.LOWERED: gettext_lazy("%(field)s lowered by"),
    Subject.RECORD: gettext_lazy("%(field)s of the %(record)s"),
}


def operators_for(subject: str, field: models.Field | None = None) -> tuple[Operator, ...]:
    """The comparisons that suit a subject, and the field where the subject is about one.

    field: None stands for any field. Numbers and dates can be compared and be raised or
    lowered (dates by days, never by a percentage); only free text can contain something;
    a yes or no is never empty.
    """
    if subject in WHOLE:
        return WHOLE[subject]
    if subject == Subject.CHANGE:
        return (Operator.PRESENT, Operator.ABSENT)
    if subject in STEPS:
        return _steps(field)
    return _values(field) if subject in VALUES else ()


def _steps(field):
    if field is None or is_number(field):
        return (*AMOUNTS, *PERCENTAGES)
    return AMOUNTS if isinstance(field, models.DateField) else ()


def _values(field):
    if field is None:
        return (*EQUAL, Operator.ONE_OF, Operator.CONTAINS, *FILLED, *COMPARED)
    if isinstance(field, models.BooleanField):
        return EQUAL
    if is_number(field) or isinstance(field, models.DateField):
        return (*EQUAL, Operator.ONE_OF, *FILLED, *COMPARED)
    free = isinstance(field, models.CharField | models.TextField) and not field.choices
    return (*EQUAL, Operator.ONE_OF, *((Operator.CONTAINS,) if free else ()), *FILLED)


def read(row: ConditionRow, governed: Governed) -> Any:
    """What a row compares with: a normalised value, or a set of them for ONE_OF.

    For RAISED and LOWERED an amount in the field's unit, in days, or in per cent; for the
    originator and his group an id; None where the comparison needs nothing. Raises
    ValidationError by the row's columns.
    """
    field = _field(row, governed)
    if row.operator not in (suitable := operators_for(row.subject, field)):
        raise ValidationError({"operator": _unsuitable(row, field, suitable)})
    if row.subject in CHOSEN:
        return _chosen(row)
    if row.operator in BARE:
        return None
    try:
        return _read_value(row, field)
    except ValidationError as error:
        raise ValidationError({"value": _explained(error, field)}) from None


def errors_of(row: ConditionRow, governed: Governed) -> dict[str, list[str]]:
    """What is wrong with a row, by its columns, in sentences; a reference code is looked up."""
    try:
        value = read(row, governed)
    except ValidationError as error:
        return error.message_dict
    if row.subject not in VALUES or row.operator in BARE or row.operator == Operator.CONTAINS:
        return {}
    codes = value if row.operator == Operator.ONE_OF else {value}
    missing = batch.missing_references(governed, [(row.field, code) for code in codes])
    table = governed.fields[row.field].related_model
    found = [
        _("“%(code)s” is not in the list of %(table)s.")
        % {"table": table._meta.verbose_name_plural, "code": code}
        for _name, code in sorted(missing)
    ]
    return {"value": found} if found else {}


def problems_of(row: ConditionRow, governed: Governed) -> list[str]:
    """What is wrong with a row, in sentences; nothing where it can be evaluated."""
    return [text for found in errors_of(row, governed).values() for text in found]


def text_of(row: ConditionRow, governed: Governed) -> str:
    """A row as a person reads it: “Credit limit raised by more than 20 %”."""
    field = governed.fields.get(row.field) if row.subject in WITH_FIELD else None
    details = {"what": _what(row, field, governed), "value": _shown(row, field, governed)}
    return SENTENCES.get(row.operator, "%(what)s %(value)s") % details


def _field(row, governed):
    if row.subject not in WITH_FIELD:
        return None
    if not row.field:
        raise ValidationError({"field": _("Choose the field that the row is about.")})
    if row.field not in governed.fields:
        record = governed.model._meta.verbose_name
        text = _("The %(record)s has no field “%(name)s” that can be proposed.")
        raise ValidationError({"field": text % {"record": record, "name": row.field}})
    return governed.fields[row.field]


def _unsuitable(row, field, suitable):
    what = Subject(row.subject).label if row.subject in Subject.values else row.subject
    what = f"{what}, {field.verbose_name}" if field else what
    operator = Operator(row.operator).label if row.operator in Operator.values else row.operator
    if not suitable:
        return _("“%(what)s” suits only numbers and dates.") % {"what": what}
    return _("“%(operator)s” does not suit “%(what)s”. Choose one of: %(suitable)s.") % {
        "operator": operator,
        "what": what,
        "suitable": "; ".join(str(one.label) for one in suitable),
    }


def _chosen(row):
    column = CHOSEN[row.subject]
    if chosen := getattr(row, f"{column}_id"):
        return chosen
    missing = {"person": _("Choose the person."), "group": _("Choose the group.")}
    raise ValidationError({column: missing[column]})


def _read_value(row, field):
    if not row.value.strip():
        raise ValidationError(_("Give the value to compare with."))
    if row.operator == Operator.ONE_OF:
        parts = [part for part in row.value.split(",") if part.strip()]
        if not parts:
            raise ValidationError(_("Give the values to compare with, separated by commas."))
        return frozenset(_single(row, field, part) for part in parts)
    return _single(row, field, row.value)


def _single(row, field, raw):
    if row.subject in CODES:
        return _code(CODES[row.subject], raw)
    if row.subject in STEPS:
        return values.normalise(AMOUNT, raw)
    if row.operator == Operator.CONTAINS:
        multiline = isinstance(field, models.TextField)
        return values.clean_text(raw, multiline=multiline)
    return values.normalise(field, raw)


def _code(choices, raw):
    code = raw.strip().lower()
    if code not in choices.values:
        raise ValidationError(
            _("“%(value)s” is not one of %(codes)s.")
            % {"value": raw.strip(), "codes": ", ".join(choices.values)}
        )
    return code


def _explained(error, field):
    """Why a value cannot be read; a yes or no says how it is written."""
    if isinstance(field, models.BooleanField):
        return [_("Write 1 for yes, or 0 for no.")]
    return error.messages


def _what(row, field, governed):
    if row.subject not in WITH_FIELD:
        return Subject(row.subject).label if row.subject in Subject.values else row.subject
    label = str(field.verbose_name) if field else row.field
    record = governed.model._meta.verbose_name
    text = SUBJECTS[row.subject] % {"field": label, "record": record}
    if row.subject in VALUES and row.operator in COMPARED:
        return _("%(what)s is") % {"what": text}
    return text


def _shown(row, field, governed) -> str:
    """The value as a person reads it, or as it stands there where it cannot be read."""
    if row.subject in CHOSEN:
        return _name_of(getattr(row, CHOSEN[row.subject]), row.subject)
    try:
        value = read(row, governed)
    except ValidationError:
        return row.value
    if row.operator == Operator.ONE_OF:
        shown = [_display(row, field, one) for one in sorted(value)]
        return get_text_list(shown, _("or"))
    return _display(row, field, value)


def _name_of(chosen, subject):
    if chosen is None:
        return ""
    return values.person_name(chosen) if subject == Subject.ORIGINATOR else str(chosen)


def _display(row, field, value):
    if row.subject in CODES:
        return str(CODES[row.subject](value).label)
    if row.subject not in STEPS:
        return values.display(field, value)
    amount = formats.number_format(format(value, "f").rstrip("0").rstrip("."), force_grouping=True)
    days = isinstance(field, models.DateField)
    return _("%(number)s days") % {"number": amount} if days else amount
