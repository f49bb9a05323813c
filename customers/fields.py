"""Field classes of the customer master.

`to_python` gives each value its one canonical spelling, so that variants compare
equal; validators check it against the standard the field follows.
"""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator, URLValidator
from django.db import models
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _
from stdnum import bic, iban
from stdnum import exceptions as stdnum_exceptions

SEPARATORS = str.maketrans("", "", " \u00a0\u202f\t-./")
FORMULA_STARTS = "=+-@＝＋－＠"
# Drawn as nothing or as a blank, though Unicode counts them as letters, marks or symbols.
BLANK_GLYPHS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

REASONS = {
    stdnum_exceptions.InvalidChecksum: _("The check digits are wrong."),
    stdnum_exceptions.InvalidLength: _("The length is wrong."),
    stdnum_exceptions.InvalidFormat: _("The form is wrong."),
    stdnum_exceptions.InvalidComponent: _("A part of it, such as the country, does not exist."),
}


def tidy(value: str) -> str:
    """`value` composed (Unicode NFC) and without outer blanks."""
    return unicodedata.normalize("NFC", value).strip()


def compact(value: str) -> str:
    """`value` in upper case, without the blanks and signs people put between digits."""
    return tidy(value).upper().translate(SEPARATORS)


def is_visible(character: str) -> bool:
    """Whether a reader can tell `character` from nothing and from a plain space."""
    if character == " ":
        return True
    category = unicodedata.category(character)
    hidden = (
        category[0] in "CZ"
        or character in BLANK_GLYPHS
        or "VARIATION SELECTOR" in (unicodedata.name(character, ""))
    )
    return not hidden


@deconstructible
class StandardNumberValidator:
    """Checks a number with a python-stdnum module and names what is wrong with it."""

    def __init__(self, module):
        self.module = module

    def __eq__(self, other):
        return isinstance(other, StandardNumberValidator) and self.module is other.module

    def __call__(self, value):
        """Raises ValidationError, with the reason, unless `value` is valid."""
        if reason := fault(self.module, value):
            raise ValidationError(reason, code="invalid")


def fault(module, value: str):
    """Why the python-stdnum `module` refuses `value`; None if it accepts it."""
    try:
        module.validate(value)
    except stdnum_exceptions.ValidationError as error:
        return next(
            (text for kind, text in REASONS.items() if isinstance(error, kind)), _("Wrong.")
        )
    return None


def validate_visible(value):
    """Raises ValidationError where `value` has control or invisible characters."""
    if not all(map(is_visible, value)):
        raise ValidationError(
            _("Control characters and invisible characters are not allowed."), code="invisible"
        )


def validate_no_formula(value):
    """Raises ValidationError where a spreadsheet would read `value` as a formula."""
    if value[:1] in FORMULA_STARTS:
        raise ValidationError(_("It must not begin with =, +, - or @."), code="formula")


def validate_phone(value):
    """Raises ValidationError unless `value` is written as a telephone number."""
    if not re.fullmatch(r"[0-9+(][0-9+()/. -]*((ext\.?|x) ?[0-9]+)?", value, re.IGNORECASE):
        raise ValidationError(
            _("Use digits, blanks and + - ( ) / . only, and “ext” or “x” before an extension."),
            code="invalid",
        )
    if not 3 <= sum(character.isdigit() for character in value) <= 20:
        raise ValidationError(_("A telephone number has 3 to 20 digits."), code="invalid")


class CanonicalCharField(models.CharField):
    """Text of one line whose canonical spelling `canonical` gives."""

    canonical = staticmethod(tidy)

    def to_python(self, value):
        """The canonical spelling of `value`; None stays None."""
        value = super().to_python(value)
        return value if value is None else self.canonical(value)


class CodeField(CanonicalCharField):
    """A short code, such as a price group: trimmed, every character visible."""

    default_validators = [validate_visible]


class KeyField(CodeField):
    """The code that a record is known by; also never a formula."""

    default_validators = [validate_visible, validate_no_formula]


class PhoneField(CanonicalCharField):
    """A telephone number, kept as the person wrote it."""

    default_validators = [validate_phone]


class IBANField(CanonicalCharField):
    """An international bank account number: compact, upper case, check digits right."""

    canonical = staticmethod(compact)
    default_validators = [StandardNumberValidator(iban)]


class SWIFTField(CanonicalCharField):
    """A SWIFT code (BIC) of 8 or 11 characters, in upper case."""

    canonical = staticmethod(compact)
    default_validators = [StandardNumberValidator(bic)]


class VATField(CanonicalCharField):
    """A tax exempt (VAT) number, compact and in upper case.

    Only its form is checked here; `customers.rules` checks it against the country.
    """

    canonical = staticmethod(compact)
    # Old Irish numbers hold a + or *.
    default_validators = [
        RegexValidator(r"\A[A-Z0-9][A-Z0-9+*]{1,19}\Z", _("Use 2 to 20 letters and digits."))
    ]


class MultilineField(models.TextField):
    """Text of several lines with a greatest length; lines end in a line feed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.validators.append(MaxLengthValidator(self.max_length))

    def to_python(self, value):
        """`value` tidied, its line ends made one; None stays None."""
        value = super().to_python(value)
        return value if value is None else tidy("\n".join(value.splitlines()))


class WebAddressField(models.URLField):
    """An address on the web. It is taken as written: no scheme is ever guessed."""

    default_validators = [URLValidator(schemes=["http", "https"])]

    def formfield(self, **kwargs):
        """A plain text input: Django's own URL input would add a scheme."""
        return models.CharField.formfield(
            self, **{"form_class": forms.CharField, "widget": forms.URLInput, **kwargs}
        )
