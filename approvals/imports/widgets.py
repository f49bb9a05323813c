"""import-export's widgets for files: text to value and back, without a guess.

`clean` raises ValueError with the reason, which fails one row. What the field
itself demands (length, digits, form of an e-mail) is the door's to check.
"""

import re
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext as _
from import_export.widgets import Widget

from ..values import shown

YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
NUMBER = {
    ".": re.compile(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)"),
    ",": re.compile(r"[+-]?([0-9]+(,[0-9]+)?|,[0-9]+)"),
}
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")


class TextWidget(Widget):
    """Text, and the codes that references are known by."""

    def clean(self, value, row=None, **kwargs):
        """The text without outer blanks."""
        return value.strip()


class YesNoWidget(Widget):
    """Yes or no, in English words or as 1 and 0, in any case."""

    def clean(self, value, row=None, **kwargs):
        """True or False. Raises ValueError."""
        try:
            return YES_NO[value.strip().lower()]
        except KeyError:
            raise ValueError(
                _("“%(text)s” is neither yes nor no. Use Yes, No, True, False, 1 or 0.")
                % {"text": shortened(value)}
            ) from None

    def render(self, value, obj=None, **kwargs):
        """Yes or No, in the words that files have in every language."""
        return "Yes" if value else "No"


class DecimalWidget(Widget):
    """A number with a decimal point (or comma, if the importer chose it) and no grouping."""

    separator = "."

    def clean(self, value, row=None, **kwargs):
        """The number. Raises ValueError."""
        text = value.strip()
        if not NUMBER[self.separator].fullmatch(text):
            raise ValueError(self._reason(text))
        return Decimal(text.replace(",", "."))

    def _reason(self, text):
        if self.separator == ",":
            reason = _("“%(text)s” is not a number with a decimal comma and without grouping.")
        else:
            reason = _("“%(text)s” is not a number with a decimal point and without grouping.")
        return reason % {"text": shortened(text)}

    def render(self, value, obj=None, **kwargs):
        """The number at its full scale, with a decimal point."""
        return "" if value is None else format(value, "f")


class WholeNumberWidget(Widget):
    """A number without decimals."""

    def clean(self, value, row=None, **kwargs):
        """The number. Raises ValueError."""
        text = value.strip()
        if not WHOLE_NUMBER.fullmatch(text):
            raise ValueError(_("“%(text)s” is not a whole number.") % {"text": shortened(text)})
        return int(text)


class ChoiceWidget(Widget):
    """One of a field's choices, by its code or by its label, in any case."""

    def __init__(self, choices, **kwargs):
        """choices: pairs of code and label."""
        super().__init__(**kwargs)
        self.choices = list(choices)
        self.codes = {code.casefold(): code for code, _label in self.choices}

    def clean(self, value, row=None, **kwargs):
        """The code. Raises ValueError naming what there is to choose from."""
        text = value.strip()
        if code := self.codes.get(text.casefold()):
            return code
        for code, label in self.choices:
            if text.casefold() == str(label).casefold():
                return code
        raise ValueError(
            _("“%(text)s” is not one of the choices: %(choices)s.")
            % {"text": shortened(text), "choices": ", ".join(self.codes.values())}
        )


def widget_for(field: models.Field) -> Widget:
    """The widget for the cells of a model field."""
    if field.choices:
        return ChoiceWidget(field.flatchoices)
    if isinstance(field, models.BooleanField):
        return YesNoWidget()
    if isinstance(field, models.DecimalField):
        return DecimalWidget()
    if isinstance(field, models.IntegerField):
        return WholeNumberWidget()
    return TextWidget()


def shortened(text: str) -> str:
    """`text` as it may stand in a message: one visible line of at most 60 characters."""
    text = shown(text)
    return text if len(text) <= 60 else f"{text[:59]}…"
