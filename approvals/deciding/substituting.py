"""Entering a substitution, changing it, ending it: each with its entry in the history."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from .. import history
from ..models import Substitution, Verb, WorkflowEvent
from ..models.permissions import may_decide
from ..outcomes import BROWSER, Source
from . import claims, substitutions


@history.sealed()
def save(substitution: Substitution, *, by, source: Source = BROWSER) -> Substitution:
    """Store a new or changed substitution, with an entry in the history.

    Everyone who may decide enters his own; an administrator anybody's. Raises
    ValidationError, and PermissionDenied where `by` may not.
    """
    before = Substitution.objects.select_for_update().filter(pk=substitution.pk).first()
    _require_right(substitution, by)
    if before:
        _require_right(before, by)
    substitutions.check(substitution, before)
    substitution.save()
    _record(before, substitution, by, source)
    return substitution


@history.sealed()
def end(substitution: Substitution, *, by, source: Source = BROWSER) -> None:
    """End a substitution at once, with an entry in the history.

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
    Substitution.objects.filter(pk=before.pk).update(ends=day - timedelta(days=1))
    _record(before, Substitution.objects.get(pk=before.pk), by, source)


@history.sealed()
def remove(substitution: Substitution, *, by, source: Source = BROWSER) -> None:
    """Remove a substitution altogether, with an entry in the history.

    Raises PermissionDenied where `by` may not.
    """
    _require_right(substitution, by)
    Substitution.objects.filter(pk=substitution.pk).delete()
    _record(substitution, None, by, source)


def _require_right(substitution, by):
    own = substitution.person_id == by.pk and may_decide(by)
    if not own and not by.has_perm("approvals.change_substitution"):
        raise PermissionDenied


def _record(before, after, by, source):
    old, new = (_lasting(substitution) for substitution in (before, after))
    if old == new:
        return
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
    """A text for the history: with names, since accounts may go; with days that all read alike."""
    if substitution is None:
        return ""
    return substitutions.described(substitution, f"{substitution.starts} – {substitution.ends}")
