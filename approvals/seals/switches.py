"""Whether each parameter, and each field's Enable, is where the history says it is.

And whether it was off whenever something was changed directly.
"""

from django.utils.translation import gettext as _

from .. import registry
from ..models import ApprovalParameters, FieldEnablement, Verb, WorkflowEvent
from ..registry import HELD
from ..values import encode
from .reading import content_type_of, odd_truths

SWITCHED = (Verb.PARAMETER_CHANGED, Verb.ENABLEMENT_CHANGED)
ON, OFF = encode(None, True), encode(None, False)


def follow(report, using="default") -> None:
    """Look at every switch, entry by entry, up to what is stored; tells what does not follow."""
    said, direct = _parameters(ApprovalParameters()), _Direct(report, using)
    entries = WorkflowEvent.objects.using(using).filter(verb__in=SWITCHED).order_by("pk")
    for pk, *switch, old, new in entries.values_list("pk", "content_type", "field", "old", "new"):
        _compare(report, tuple(switch), said, old)
        direct.tell(said, before=pk)
        said[tuple(switch)] = new
    direct.tell(said)
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


class _Direct:
    """Direct changes between one switch and the next, of fields that needed approval then.

    Whoever changes a record holds the parameters to the end of his transaction, and whoever
    switches them locks them before he writes his entry: so it stands between the entries of
    what was changed before and after.
    """

    def __init__(self, report, using):
        self.report, self.using, self.after = report, using, 0
        self.models = {content_type_of(g.model, using): g for g in registry.all_governed()}

    def tell(self, said, before=None):
        """Tell those that came since the last switch, or up to the next one; said: what was on."""
        on = said.get((None, "enabled")) == ON
        for model, governed in self.models.items() if on else ():
            fields = [name for name in governed.fields if said.get((model, name)) == ON]
            changed = self._changed(before).filter(content_type=model, field__in=[*fields, HELD])
            for entry, key, name in changed.values_list("pk", "record_key", "field"):
                text = _(
                    "%(label)s %(key)s, %(field)s: changed directly by entry %(entry)s, while it "
                    "needed approval."
                )
                details = {"label": governed.label, "key": key, "field": name, "entry": entry}
                self.report.find(text % details)
        self.after = before

    def _changed(self, before):
        entries = WorkflowEvent.objects.using(self.using).filter(verb=Verb.CHANGED)
        entries = entries.filter(pk__gt=self.after).order_by("pk")
        return entries if before is None else entries.filter(pk__lt=before)
