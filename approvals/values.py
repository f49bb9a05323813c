"""One field's value: normalise, encode, decode, display.

Form, import and apply share these functions, so that a value means the same
wherever it comes in. A foreign key's value is the code of what it refers to.
"""

import datetime
import json
import re
import sys
import unicodedata
from decimal import Decimal
from functools import cache, lru_cache, partial
from itertools import chain

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext as _

# Control, format (zero-width, bidi), surrogate, private-use and unassigned characters,
# line and paragraph separators: an approver would not see them.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Nor what is drawn as nothing, whatever its category: the ranges of Default_Ignorable_Code_Point in
# Unicode 16.0, https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt …
IGNORABLE = (
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
# … and the signs, letters and marks that are drawn as a blank.
BLANK_SIGNS = ((0x2800, 0x2800), (0x13441, 0x13442), (0x16FE4, 0x16FE4), (0x1D159, 0x1D159))


def _finder(ranges):
    # All but what lies between the ranges: to name what is common is several times as quick.
    edges = [-1, *chain.from_iterable(sorted(ranges)), sys.maxunicode + 1]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    drawn = "".join(f"{chr(before + 1)}-{chr(after - 1)}" for before, after in pairs)
    return re.compile(f"[^{drawn}]")


_UNDRAWN = _finder(IGNORABLE + BLANK_SIGNS)
# Blanks of other widths and those that do not break: Word, Excel and web pages are full of them.
_OTHER_BLANKS = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# What joins signs into one emoji, or asks for its coloured form.
_IN_EMOJI = {"\u200d", "\ufe0f"}


def clean_text(text: str, *, multiline=False) -> str:
    """Return `text` in Unicode NFC, with ordinary blanks and none around it, line ends as \\n.

    Raises ValidationError naming the first character that nobody could see.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = spelling(text.replace("\r\n", "\n").replace("\r", "\n") if multiline else text)
    hidden = _first_unseen(text.translate({9: " ", 10: " "}) if multiline else text)
    if hidden:
        raise ValidationError(_refusal(hidden), code="invisible")
    return text


def spelling(text: str) -> str:
    """The one spelling of a text: Unicode NFC, with ordinary blanks, and none around it."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        # Python calls no other blank printable; to look is quicker than to replace.
        text = text if text.isprintable() else _OTHER_BLANKS.sub(" ", text)
    return text.strip()


def differs(value, stored) -> bool:
    """Whether a normalised value is another than the stored one, however that was once spelt."""
    return value != stored and not (isinstance(stored, str) and value == spelling(stored))


def is_unseen(char: str) -> bool:
    """Whether nobody could see this character, or where a line ends."""
    return unicodedata.category(char) in INVISIBLE or bool(_UNDRAWN.match(char))


def shown(text: str, *, multiline=False) -> str:
    """`text` with a sign in the place of each character that nobody could see."""
    if _first_unseen(text) is None:
        return text
    ends = "\r\n\t" if multiline else ""
    return "".join("�" if is_unseen(char) and char not in ends else char for char in text)


def searchable(text: str) -> str:
    """What to look for where somebody types or pastes `text`: what he sees of it, as stored."""
    return spelling("".join(char for char in text if not is_unseen(char)))


def _first_unseen(text):
    if text.isprintable() and not _UNDRAWN.search(text):
        return None
    return next(filter(is_unseen, text), None)


def _refusal(char):
    text = _("The invisible character %(code)s is not allowed.")
    if char in _IN_EMOJI:
        text = _("The invisible character %(code)s is not allowed; some emoji hold it.")
    return text % {"code": f"U+{ord(char):04X}"}


def fold_key(key: str) -> str:
    """Return the spelling under which business keys are compared, whatever the case."""
    return unicodedata.normalize("NFC", key.casefold())


def normalise(field: models.Field, raw):
    """Return the value of `field` that `raw` (text or a Python value) stands for.

    Raises ValidationError with the reason, also where a required field is empty.
    Whether a foreign key's target exists is for the caller to check, for many at once.
    """
    short = raw.__class__ is str and len(raw) <= REMEMBERED_LENGTH
    # Equal numbers may be spelt differently, which is all the same to a field of numbers only.
    if short or (
        raw.__class__ is Decimal and raw.is_finite() and isinstance(field, models.DecimalField)
    ):
        return _remembering(field)(raw)
    return _normalise(field, raw)


# In a file most values of a column come again and again.
REMEMBERED_LENGTH, REMEMBERED = 100, 2000


@cache
def _remembering(field):
    return lru_cache(REMEMBERED)(partial(_normalise, field))


def _normalise(field, raw):
    value = _text_of(field, raw) if isinstance(raw, str) else raw
    if value in (None, ""):
        return _empty(field)
    if isinstance(field, models.ForeignKey):
        return normalise(field.target_field, getattr(value, field.target_field.attname, value))
    if isinstance(field, models.DecimalField):
        value = _decimal(field, value)
    value = field.to_python(value)
    if not (value.__class__ is str and len(value) <= _free_up_to(field)):
        field.run_validators(value)
    if field.choices and value not in dict(field.flatchoices):
        raise ValidationError(_("“%(value)s” is not one of the choices.") % {"value": value})
    return value


@cache
def _free_up_to(field) -> int:
    """Up to which length no validator of a field has anything to say of a visible text."""
    lengths = (MaxLengthValidator, ProhibitNullCharactersValidator)
    only_lengths = all(isinstance(validator, lengths) for validator in field.validators)
    return (field.max_length or 0) if only_lengths else 0


def _text_of(field, raw):
    multiline = isinstance(field, models.TextField)
    # Before anything reads it: a number of a million digits takes minutes to convert.
    longest = field.max_length or (None if multiline else 100)
    if longest and len(raw) > 4 * longest:
        raise ValidationError(_("The text is too long."))
    return clean_text(raw, multiline=multiline)


def _empty(field):
    if field.blank:
        return None if field.null else ""
    raise ValidationError(_("This field is required."), code="required")


def _decimal(field, value):
    try:
        number = Decimal(str(value)) if not isinstance(value, Decimal) else value
    except ArithmeticError:
        raise ValidationError(_("“%(value)s” is not a number.") % {"value": value}) from None
    if not number.is_finite():
        raise ValidationError(_("“%(value)s” is not a finite number.") % {"value": value})
    unit = Decimal(1).scaleb(-field.decimal_places)
    if abs(number.adjusted()) > field.max_digits:
        raise ValidationError(_("The number has too many digits."))
    if number != number.quantize(unit):
        raise ValidationError(
            _("At most %(places)s decimals are allowed.") % {"places": field.decimal_places}
        )
    return abs(number.quantize(unit)) if number == 0 else number.quantize(unit)


def encode(field: models.Field, value) -> str | None:
    """Return a normalised value as plain text; None stands for null, "" for empty text."""
    if value is None or value.__class__ is str:
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.quantize(Decimal(1).scaleb(-field.decimal_places)), "f")
    return str(value)


def decode(field: models.Field, text: str | None):
    """Return the value that `encode` made `text` of."""
    if text is None:
        return None
    if isinstance(field, models.ForeignKey):
        return decode(field.target_field, text)
    if isinstance(field, models.BooleanField):
        return text == "1"
    # A text stands for itself, also where the field would not take it any more.
    return text if isinstance(field, models.CharField | models.TextField) else field.to_python(text)


def display(field: models.Field, value) -> str:
    """Return a value as a person reads it, in the active language.

    One that an older version stored may hold what nobody sees: there stands a sign.
    """
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if field.choices:
        return shown(str(dict(field.flatchoices).get(value, value)))
    if isinstance(value, Decimal):
        return formats.number_format(value, field.decimal_places, force_grouping=True)
    if isinstance(value, datetime.date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    return shown(str(value), multiline=isinstance(field, models.TextField))


def display_text(field: models.Field, text: str | None) -> str:
    """Return an encoded value as a person reads it; what is none of the field's as it stands."""
    try:
        return display(field, decode(field, text))
    except (ArithmeticError, TypeError, ValueError, ValidationError):
        return shown(text, multiline=isinstance(field, models.TextField))


def pack(encoded: dict[str, str | None]) -> str:
    """Return encoded values by the names of their fields as one text."""
    return json.dumps(encoded, ensure_ascii=False)


def unpack(text: str | None) -> dict[str, str | None]:
    """Return what `pack` made `text` of; what it did not make stands under no name."""
    try:
        found = json.loads(text or "{}")
        if all(value is None or isinstance(value, str) for value in found.values()):
            return found
    except (AttributeError, RecursionError, ValueError):
        pass
    return {"": text}


def person_name(person) -> str:
    """Return a person's full name, or else the name he logs in with.

    Both where he is known to have a namesake (`pages.people.tell_apart`). None stands for
    the workflow itself: an automatic action, or a time limit.
    """
    if person is None:
        return _("Workflow")
    full, username = person.get_full_name(), person.get_username()
    if full and getattr(person, "has_namesake", False):
        return f"{full} ({username})"
    return full or username


def moment(at: datetime.datetime) -> str:
    """Return a point in time as a person reads it, in the current time zone."""
    return formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
