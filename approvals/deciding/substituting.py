"""Entering a substitution, changing it, ending it: each with its entry in the history.

By signals, so that there is one whatever way it goes: also one that goes with a person or a
workflow that is removed. What goes past them, `approvals.models` refuses in bulk.
"""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from .. import acting, history, noting
from ..models import Substitution, Verb, WorkflowEvent
from ..models.permissions import may_decide
from ..outcomes import BROWSER, Source
from . import claims, substitutions


def watch() -> None:
    """Connect to the signals of substitutions."""
    noting.watch(Substitution, _remember, _saved, _removed)


@history.sealed()
def save(substitution: Substitution, *, by, source: Source = BROWSER) -> Substitution:
    """Store a new or changed substitution.

    Everyone who may decide enters his own; an administrator anybody's. Raises
    ValidationError, and PermissionDenied where `by` may not.
    """
    before = Substitution.objects.select_for_update().filter(pk=substitution.pk).first()
    _require_right(substitution, by)
    if before:
        _require_right(before, by)
    substitutions.check(substitution, before)
    with acting.named(by, source):
        substitution.save()
    return substitution


@history.sealed()
def end(substitution: Substitution, *, by, source: Source = BROWSER) -> None:
    """End a substitution at once.

    One that has been in force on earlier days ended yesterday then; another is removed.
    Nothing happens where it is over already. Raises PermissionDenied where `by` may not.
    """
    _require_right(substitution, by)
    before = Substitution.objects.select_for_update().filter(pk=substitution.pk).first()
    day = timezone.localdate()
    if before is None or before.ends < day:
        return
    if before.starts >= day:
        remove(before, by=by, source=source)
        return
    before.ends = day - timedelta(days=1)
    with acting.named(by, source):
        before.save(update_fields=["ends"])


@history.sealed()
def remove(substitution: Substitution, *, by, source: Source = BROWSER) -> None:
    """Remove a substitution altogether. Raises PermissionDenied where `by` may not."""
    _require_right(substitution, by)
    with acting.named(by, source):
        Substitution.objects.filter(pk=substitution.pk).delete()


def _require_right(substitution, by):
    own = substitution.person_id == by.pk and may_decide(by)
    if not own and not by.has_perm("approvals.change_substitution"):
        raise PermissionDenied


def _remember(instance, **kwargs):
    """Keep what is stored, in words, while the people and the workflow are there."""
    instance.told_before = _lasting(instance)


def _saved(instance, **kwargs):
    _record(instance.told_before, _lasting(instance))


def _removed(instance, **kwargs):
    _record(instance.told_before, "")


def _record(old, new):
    if old == new:
        return
    by, source = acting.who()
    event = WorkflowEvent(
        verb=Verb.SUBSTITUTION_CHANGED,
        actor=by,
        old=old,
        new=new,
        origin=source.origin,
        import_job=source.job,
    )
    history.record([event])
    # Who stands in no longer has no claim on what he took in hand for somebody.
    claims.end_lapsed(by=by, source=source)


def _lasting(substitution):
    """What is stored of it as a text for the history, "" where nothing is.

    With names, since accounts may go; with days that all read alike.
    """
    related = Substitution.objects.select_related("person", "substitute", "workflow")
    stored = related.filter(pk=substitution.pk).first()
    if stored is None:
        return ""
    return substitutions.described(stored, f"{stored.starts} – {stored.ends}")
