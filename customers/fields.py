"""Field classes of the customer master.

`to_python` gives each value its one canonical spelling, so that variants compare
equal; validators check it against the standard the field follows.
"""

import re
import unicodedata
from contextlib import suppress
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from stdnum import bic, iban
from stdnum import exceptions as stdnum_exceptions

from approvals.values import clean_text

# Capitals for small letters; blanks and the signs people put between digits go.
COMPACT = str.maketrans(ascii_lowercase, ascii_uppercase, " -./")
FORMULA_STARTS = tuple("=+-@＝＋－＠")

REASONS = (
    (stdnum_exceptions.InvalidChecksum, _("The check digits are wrong.")),
    (stdnum_exceptions.InvalidLength, _("The length is wrong.")),
    (stdnum_exceptions.InvalidComponent, _("A part of it, such as the country, is unknown.")),
    (stdnum_exceptions.ValidationError, _("The form is wrong.")),
)


def compact(value: str) -> str:
    """`value` without blanks and signs between its characters, in capitals."""
    return clean_text(value).translate(COMPACT)


def name_order(name: str) -> str:
    """What to sort names by: letters with accents as those without."""
    apart = unicodedata.normalize("NFD", name.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def fault(standard, value: str):
    """Why `standard`, a module of python-stdnum, refuses `value`; None if it accepts it."""
    try:
        standard.validate(value)
    except stdnum_exceptions.ValidationError as error:
        return next(reason for kind, reason in REASONS if isinstance(error, kind))
    return None


def validate_iban(value):
    """Raises ValidationError, with the reason, unless `value` is a compact IBAN.

    Form, length and check digits, those of its country too; not whether the bank is known.
    """
    _validate_standard(_IBAN, value)


def validate_swift(value):
    """Raises ValidationError, with the reason, unless `value` is a compact SWIFT code."""
    _validate_standard(bic, value)


class _IBAN:
    """The library's IBANs, without its lists of banks: they age, and new banks are founded."""

    @staticmethod
    def validate(number):
        iban.validate(number, check_country=False)
        with suppress(stdnum_exceptions.InvalidComponent):
            iban.validate(number)


def _validate_standard(standard, value):
    # The library also reads other scripts' digits; what is stored has to be plain.
    reason = fault(standard, value) if value.isascii() else _("The form is wrong.")
    if reason:
        raise ValidationError(reason, code="invalid")


def validate_key(value):
    """Raises ValidationError where a spreadsheet could run `value`."""
    if value.startswith(FORMULA_STARTS):
        raise ValidationError(_("It must not begin with =, +, - or @."), code="formula")


def validate_phone(value):
    """Raises ValidationError unless `value` is written as a telephone number."""
    if not re.fullmatch(r"[0-9+(][0-9+()/. -]*((ext\.?|x) ?[0-9]+)?", value, re.IGNORECASE):
        raise ValidationError(
            _("Use digits, blanks and + - ( ) / . only, and “ext” or “x” before an extension."),
            code="invalid",
        )
    if not 3 <= sum(map(str.isdigit, value)) <= 20:
        raise ValidationError(_("A telephone number has 3 to 20 digits."), code="invalid")


class CodeField(models.CharField):
    """A short code, such as a price group, trimmed and without invisible characters."""

    def to_python(self, value):
        """The canonical spelling; None stays None. Raises ValidationError."""
        value = super().to_python(value)
        return value if value is None else clean_text(value)


class KeyField(CodeField):
    """The code that a record is known by."""

    default_validators = [validate_key]


class PhoneField(CodeField):
    """A telephone number, kept as the person wrote it."""

    default_validators = [validate_phone]


class CompactField(models.CharField):
    """A number that people write with blanks and signs in it, stored without them."""

    def to_python(self, value):
        """The canonical spelling; None stays None. Raises ValidationError."""
        value = super().to_python(value)
        return value if value is None else compact(value)


class IBANField(CompactField):
    """An international bank account number whose check digits are right."""

    default_validators = [validate_iban]


class SWIFTField(CompactField):
    """A SWIFT code (BIC) of 8 or 11 characters."""

    default_validators = [validate_swift]


class VATField(CompactField):
    """A tax exempt (VAT) number.

    Only its form is checked here; `customers.rules` checks it against the country.
    """

    # Old Irish numbers hold a + or *, Mexican ones an & or Ñ.
    default_validators = [
        RegexValidator(r"\A[A-Z0-9Ñ&][A-Z0-9Ñ&+*]{1,19}\Z", _("Use 2 to 20 letters and digits."))
    ]


class MultilineField(models.TextField):
    """Text of several lines with a greatest length; lines end in a line feed."""

    @cached_property
    def validators(self):
        """Those of any text and the length, which Django checks in forms only."""
        return [*super().validators, MaxLengthValidator(self.max_length)]

    def to_python(self, value):
        """The canonical spelling; None stays None. Raises ValidationError."""
        value = super().to_python(value)
        return value if value is None else clean_text(value, multiline=True)


class WebAddressField(models.CharField):
    """An address on the web, taken as written: a missing scheme is never guessed."""

    default_validators = [URLValidator(schemes=["http", "https"])]

    def formfield(self, **kwargs):
        """A text input made for addresses. Django's URL form field would add a scheme."""
        return super().formfield(**{"widget": forms.URLInput, **kwargs})
