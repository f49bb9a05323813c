"""Whether each live value follows from the history: from its creation, change by change."""

from collections import defaultdict
from functools import cache
from itertools import groupby
from operator import itemgetter

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from .. import registry
from ..models import Verb, WorkflowEvent
from ..registry import HELD
from ..values import encode, fold_key, unpack
from .reading import content_type_of, odd_truths

# The entries that a value follows from: each was written together with the value.
WRITTEN = (Verb.CHANGED, Verb.CHANGED_WITHOUT_APPROVAL, Verb.APPLIED)
AT_ONCE = 1000


def follow(report, using="default") -> None:
    """Look at every record of every governed model; tells what does not follow."""
    for governed in registry.all_governed():
        model = content_type_of(governed.model, using)
        if model is None:
            text = _("%(label)s: what the history says of it belongs to no model.")
            report.find(text % {"label": governed.label})
            continue
        records = governed.model._base_manager.using(using).order_by("pk")
        behind = records
        while ids := list(behind.values_list("pk", flat=True)[:AT_ONCE]):
            trails = _trails(model, using, ids)
            for row in _records(report, governed, records, ids):
                _follow(report, governed, row, trails[row[0]])
            report.records += len(ids)
            behind = records.filter(pk__gt=ids[-1])
        for key in odd_truths(records).values_list(governed.key, flat=True):
            _tell_odd(report, governed, key)
        _tell_gone(report, governed, model, records)


def _tell_gone(report, governed, model, records):
    """A record is never deleted, so each that was created or changed is there."""
    there = records.order_by().filter(pk=OuterRef("object_id"))
    written = WorkflowEvent.objects.using(records.db).filter(
        content_type=model, verb__in=(Verb.CREATED, *WRITTEN)
    )
    gone = written.filter(~Exists(there)).order_by("object_id")
    for _pk, key in gone.values_list("object_id", "record_key").distinct():
        text = _("%(label)s %(key)s: the record is gone.")
        report.find(text % {"label": governed.label, "key": key})


def _records(report, governed, records, ids):
    """Of each record: id, key, folded key, revision, then each value that can be governed."""
    names = ["pk", governed.key, "folded_key", "revision"]
    names += (f.attname for f in governed.proposable.values())
    try:
        return list(records.filter(pk__range=(ids[0], ids[-1])).values_list(*names))
    except (TypeError, ValueError, ArithmeticError):
        # SQLite keeps anything in any column. The others are looked at all the same.
        if len(ids) > 1:
            return [row for pk in ids for row in _records(report, governed, records, [pk])]
    [key] = records.filter(pk=ids[0]).values_list(governed.key, flat=True)
    _tell_odd(report, governed, key)
    return []


def _tell_odd(report, governed, key):
    text = _("%(label)s %(key)s: a value that its field cannot have.")
    report.find(text % {"label": governed.label, "key": key})


def _trails(model, using, ids) -> dict[int, list]:
    """What was written to each of these records, in its order: key, verb, field, old, new."""
    events = (
        WorkflowEvent.objects.using(using)
        .filter(
            content_type=model,
            object_id__range=(ids[0], ids[-1]),
        )
        .filter(Q(verb__in=(Verb.CREATED, *WRITTEN)) | Q(verb=Verb.PROPOSED, field=HELD))
    )
    columns = "object_id", "record_key", "verb", "field", "old", "new"
    rows = events.order_by("object_id", "pk").values_list(*columns)
    found = defaultdict(list)
    for pk, trail in groupby(rows, itemgetter(0)):
        found[pk] = [tuple(row[1:]) for row in trail]
    return found


def _follow(report, governed, row, trail):
    _pk, key, folded, revision, *live = row
    _look_beside(report, governed, key, folded, revision)
    if trail and trail[0][0] != key:
        text = _("%(label)s %(key)s: the history knows it as %(known)s.")
        report.find(text % {"label": governed.label, "key": key, "known": trail[0][0]})
    values = _first(governed, trail)
    if values is None:
        text = _("%(label)s %(key)s: no trail back to creation.")
        report.find(text % {"label": governed.label, "key": key})
        return
    for _key, verb, field, old, new in trail[1:]:
        if verb == Verb.CREATED:
            text = _("%(label)s %(key)s: created twice.")
            report.find(text % {"label": governed.label, "key": key})
        elif verb in WRITTEN:
            if values.get(field) != old:
                _tell(report, governed, key, field, values.get(field), old)
            values[field] = new
    for (name, field), value in zip(governed.proposable.items(), live, strict=True):
        if values[name] != encode(field, value):
            _tell(report, governed, key, name, values[name], encode(field, value))


def _look_beside(report, governed, key, folded, revision):
    """What a record has beside its values, of which the history tells nothing."""
    if folded != fold_key(str(key)):
        text = _("%(label)s %(key)s: is looked for as %(found)s, not as %(expected)s.")
        details = {"found": repr(folded), "expected": repr(fold_key(str(key)))}
        report.find(text % {"label": governed.label, "key": key, **details})
    if not isinstance(revision, int) or revision < 1:
        text = _("%(label)s %(key)s: the revision %(found)s is none.")
        report.find(text % {"label": governed.label, "key": key, "found": repr(revision)})


def _first(governed, trail) -> dict | None:
    """What a record was created with: its defaults, but for what the first entry says.

    It was held where its release is told of. None where there is no such entry.
    """
    if not trail or trail[0][1] != Verb.CREATED:
        return None
    values = created(governed, trail[0][-1])
    held = any(field == HELD and old == "1" for _key, _verb, field, old, _new in trail[1:])
    return values and {HELD: "1" if held else "0", **values}


def created(governed, told: str | None) -> dict | None:
    """The values that an entry of a creation tells, which leaves out defaults; None if it can't."""
    given = unpack(told)
    return None if "" in given else {**_defaults(governed), **given}


@cache
def _defaults(governed):
    return {name: encode(f, governed.defaults[name]) for name, f in governed.fields.items()}


def _tell(report, governed, key, field, expected, found):
    text = _("%(label)s %(key)s, %(field)s: the history says %(expected)s, but there is %(found)s.")
    details = {"label": governed.label, "key": key, "field": field}
    report.find(text % {**details, "expected": repr(expected), "found": repr(found)})
