"""The customer form: typed text in, Python values out. It holds no rule of its own.

Each field carries the value it began with, so that only what the person changed
is sent on; whether a value can be taken is for `approvals.changes` to say.
"""

import re
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from approvals import registry

from .fields import MultilineField, name_order
from .models import Country, Customer, ReferenceData

MAX_DIGITS = 40


def parse_number(text: str) -> Decimal:
    """Read a number as the active language writes it, grouped in threes or not at all.

    Raises ValidationError for anything else: "1,50" is never taken for 150.
    """
    point, group = formats.get_format("DECIMAL_SEPARATOR"), formats.get_format("THOUSAND_SEPARATOR")
    # Languages that group by a blank write several kinds of blank, people a plain one.
    groups = "[ \u00a0\u202f]" if group.isspace() else re.escape(group)
    whole = f"[0-9]+|[0-9]{{1,3}}(?:{groups}[0-9]{{3}})+" if group else "[0-9]+"
    text = text.strip()
    if not re.fullmatch(f"-?(?:{whole})(?:{re.escape(point)}[0-9]+)?", text):
        example = formats.number_format(Decimal("1234.5"), 2, force_grouping=True)
        raise ValidationError(
            _("Enter a number such as %(example)s.") % {"example": example}, code="invalid"
        )
    if len(text) > MAX_DIGITS:  # Some steps further on take minutes for a million digits.
        raise ValidationError(_("The number has too many digits."), code="invalid")
    digits = re.sub(groups, "", text) if group else text
    return Decimal(digits.replace(point, "."))


class TypedDecimal(forms.DecimalField):
    """A decimal as people type it in their language."""

    def __init__(self, **options):
        super().__init__(localize=True, **options)

    def to_python(self, value):
        """The number typed, None where there is none. Raises ValidationError."""
        return parse_number(str(value)) if value not in self.empty_values else None


class TypedInteger(forms.IntegerField):
    """A whole number as people type it in their language."""

    def __init__(self, **options):
        super().__init__(localize=True, **options)

    def to_python(self, value):
        """The number typed, None where there is none. Raises ValidationError."""
        if value in self.empty_values:
            return None
        number = parse_number(str(value))
        if number != int(number):
            raise ValidationError(_("Enter a whole number."), code="invalid")
        return int(number)


class TypedText(forms.CharField):
    """Text. Whether it may be empty, and what it may hold, is not for the form to say."""

    def validate(self, value):
        """Leave an empty required field to the door: `required` is for the mark only."""


class CustomerForm(forms.Form):
    """All fields of one customer that can be set; of a new one the account too."""

    use_required_attribute = False

    def __init__(self, data=None, *, record: Customer):
        super().__init__(data)
        self.record = record
        fields = registry.get(Customer).fields
        if record.pk is None:
            fields = {"account": registry.get(Customer).key_field, **fields}
        choices = _reference_choices(record, fields.values())
        for name, field in fields.items():
            self.fields[name] = _form_field(field, choices.get(field.related_model))
            self.initial[name] = field.value_from_object(record)

    def meant(self) -> dict:
        """The readable values the person changed, by name. What was not sent is not meant."""
        changed = [name for name in self.changed_data if self._was_sent(name)]
        return {name: self.cleaned_data[name] for name in changed if name in self.cleaned_data}

    def filled(self) -> dict:
        """The values that are not empty, by field name."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def renewed(self, record: Customer) -> "CustomerForm":
        """The form on `record` as it is stored now, with what the person has changed kept."""
        data, fresh = self.data.copy(), CustomerForm(record=record)
        kept = {name for name in self.changed_data if self._was_sent(name)}
        for bound in fresh:
            data[bound.html_initial_name] = _as_text(bound)
            if bound.name not in kept:
                data[bound.html_name] = _as_text(bound)
        return CustomerForm(data, record=record)

    def take_errors(self, errors):
        """Put the door's errors beside their fields; what cannot be read says so already."""
        unreadable = set(self.errors)
        for error in errors:
            if error.field not in unreadable:
                self.add_error(error.field if error.field in self.fields else None, error.message)

    def focus(self):
        """Put the cursor into the first field with an error, or where a new customer begins."""
        wrong = next((name for name in self.fields if name in self.errors), None)
        begin = wrong or ("account" if "account" in self.fields else None)
        if begin:
            self.fields[begin].widget.attrs["autofocus"] = True

    def _was_sent(self, name):
        # A browser sends nothing for a box that is not ticked.
        return name in self.data or isinstance(self.fields[name], forms.BooleanField)


def _form_field(field: models.Field, choices) -> forms.Field:
    options = {
        "label": capfirst(field.verbose_name),
        "help_text": field.help_text,
        "required": not field.blank,
        "show_hidden_initial": True,
    }
    if isinstance(field, models.BooleanField):
        return forms.BooleanField(**options | {"required": False})
    if isinstance(field, models.DecimalField):
        return TypedDecimal(**options)
    if isinstance(field, models.IntegerField):
        return TypedInteger(**options)
    return TypedText(**options, widget=_widget(field, choices))


def _widget(field, choices):
    if field.choices:
        return forms.Select(choices=field.choices)
    if choices:
        return forms.Select(choices=choices)
    attrs = {"maxlength": field.max_length} if field.max_length else {}
    if isinstance(field, MultilineField):
        return forms.Textarea(attrs=attrs | {"rows": 3})
    return forms.TextInput(attrs=attrs)


def _reference_choices(record, fields) -> dict:
    """What may be chosen from each reference table, and what the record already has of it."""
    current = {}
    for field in fields:
        if field.related_model and issubclass(field.related_model, ReferenceData):
            current.setdefault(field.related_model, set()).add(field.value_from_object(record))
    return {model: _choices(model, codes) for model, codes in current.items()}


def _choices(model, current):
    rows = model.objects.filter(Q(active=True) | Q(pk__in=current - {None}))
    if model is Country:
        # Codes are what people know of the others, names what they know of countries.
        rows = sorted(rows, key=lambda row: name_order(row.name))
    return [("", "")] + [(row.pk, str(row)) for row in rows]


def _as_text(bound) -> str:
    """What the browser would send for a field that nobody touched."""
    widget = bound.field.hidden_widget()
    widget.is_localized = bound.field.localize
    return widget.format_value(bound.value()) or ""
