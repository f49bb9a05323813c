"""Whether each parameter, and each field's Enable, is where the history says it is."""

from django.utils.translation import gettext as _

from ..models import ApprovalParameters, FieldEnablement, Verb, WorkflowEvent
from ..values import encode
from .reading import odd_truths

SWITCHED = (Verb.PARAMETER_CHANGED, Verb.ENABLEMENT_CHANGED)
OFF = encode(None, False)


def follow(report, using="default") -> None:
    """Look at every switch, entry by entry, up to what is stored; tells what does not follow."""
    said = _parameters(ApprovalParameters())
    entries = WorkflowEvent.objects.using(using).filter(verb__in=SWITCHED).order_by("pk")
    for *switch, old, new in entries.values_list("content_type", "field", "old", "new"):
        _compare(report, tuple(switch), said, old)
        said[tuple(switch)] = new
    stored = _stored(using)
    for switch in {**said, **stored}:
        _compare(report, switch, said, stored.get(switch, OFF if switch[0] else None))
    for model in (ApprovalParameters, FieldEnablement):
        for pk in odd_truths(model.objects.using(using)).values_list("pk", flat=True):
            text = _("%(what)s %(row)s: a value that its field cannot have.")
            report.find(text % {"what": model._meta.verbose_name, "row": pk})


def _stored(using):
    rows = FieldEnablement.objects.using(using)
    found = {(of, name): encode(None, on) for of, name, on in rows.values_list(*_ENABLE)}
    for row in ApprovalParameters.objects.using(using):
        found |= _parameters(row)
    return found


_ENABLE = "content_type", "field", "enabled"


def _parameters(row):
    fields = (field for field in row._meta.concrete_fields if not field.primary_key)
    return {(None, field.name): encode(field, getattr(row, field.attname)) for field in fields}


def _compare(report, switch, said, found):
    expected = said.get(switch, OFF)
    if expected != found:
        of, name = switch
        what = Verb.ENABLEMENT_CHANGED if of else Verb.PARAMETER_CHANGED
        text = _("%(what)s, %(name)s: the history says %(expected)s, but there is %(found)s.")
        details = {"what": what.label, "name": name}
        report.find(text % {**details, "expected": repr(expected), "found": repr(found)})
