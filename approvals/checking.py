"""Whether proposed values may still be applied: at submit and again at apply."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from . import batch, planning, registry, values
from .outcomes import Refused
from .registry import HELD


def moved(governed, record, changes) -> list[str]:
    """What is in conflict: the live value is no longer the original that people saw."""
    found = []
    for change in changes:
        field = governed.proposable[change.field]
        live = values.encode(field, record.values[change.field])
        if live != change.original:
            found.append(
                _("%(field)s is now “%(live)s”; it was “%(original)s” when it was submitted.")
                % {
                    "field": field.verbose_name,
                    "live": values.display(field, record.values[change.field]),
                    "original": values.display_text(field, change.original),
                }
            )
    return found


def new_values(governed, changes) -> tuple[dict, list[str]]:
    """The values that changes would set, by field name, and why some are not valid any more."""
    good, problems = {}, []
    for change in changes:
        field = governed.proposable[change.field]
        try:
            good[change.field] = _as_proposed(field, change.value)
        except ValidationError as error:
            problems += [f"{field.verbose_name}: {message}" for message in error.messages]
    return good, problems


def _as_proposed(field, text):
    # What is applied is what was approved, to the letter; an older version may have spelt it
    # in a way of its own, and the database knows no other of texts.
    value = values.normalise(field, text)
    if isinstance(value, str) and value != text:
        raise ValidationError(_("This would be stored in another spelling. Set it once more."))
    return value


def missing(governed, key: str, new: dict, unknown: set) -> list[str]:
    """Which values of the record with this key refer to something that cannot be chosen."""
    fields = governed.proposable
    return [
        f"{fields[name].verbose_name}: {planning.missing_message(governed, name, code)}"
        for name, code in planning.not_choosable(governed, key, new, unknown)
    ]


def broken(governed, record_values: dict, new: dict) -> list[str]:
    """Which rules across fields the record would break with the new values.

    A new record that is released has to be complete, and to keep all of them.
    """
    if HELD in new:
        fields = governed.fields
        found = planning.unfit(governed, {**record_values, **new})
        return [f"{fields[error.field].verbose_name}: {error.message}" for error in found]
    rules = planning.broken_rules(governed, {**record_values, **new}, new)
    return [rule.message for rule in rules]


def require_valid(proposal, record, changes) -> None:
    """Raise Refused with the reasons where a proposal's changes could not be applied now."""
    governed = registry.for_content_type(proposal.content_type)
    new, problems = new_values(governed, changes)
    unknown = batch.missing_references(governed, new.items())
    waiting = {name: change.value for name, change in record.open.items()}
    problems += missing(governed, record.key, new, unknown)
    problems += broken(governed, {**record.values, **waiting}, new)
    if problems:
        raise Refused(" ".join(problems))
