"""Who may still read what a notification tells, and has: it holds values of proposals."""

from collections.abc import Callable
from functools import reduce
from operator import and_, or_

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from .. import registry
from ..batch import content_type
from ..models import Notification
from ..models.permissions import BACKEND


def addressed() -> Q:
    """The notifications of active people with an address."""
    return Q(person__in=get_user_model().objects.filter(is_active=True).exclude(email=""))


def entitled() -> Q:
    """The notifications of people who may see proposals, and the records that it is about.

    One that names neither a proposal nor an import may be about records of any model.
    """
    return _where(lambda permission: Q(person__in=_holders(permission)))


def readable(person) -> QuerySet[Notification]:
    """The notifications of `person` that he is entitled to, by the same rule."""
    answers = {True: Q(), False: Q(pk__in=())}
    may = _where(lambda permission: answers[person.has_perm(permission)])
    return Notification.objects.filter(may, person=person)


@transaction.atomic(savepoint=False)
def mark_read(found: QuerySet[Notification]) -> None:
    """Mark notifications as read.

    Locked in one order: of two who mark the same ones, none waits for who waits for him.
    """
    unread = found.filter(read_at=None).order_by("pk").select_for_update(of=("self",))
    ids = list(unread.values_list("pk", flat=True))
    if ids:
        Notification.objects.filter(pk__among=ids).update(read_at=timezone.now())


def _where(holds: Callable[[str], Q]) -> Q:
    """holds: the notifications of people with a permission."""
    seen = {governed: _may_see(governed.model, holds) for governed in registry.all_governed()}
    anything = reduce(and_, seen.values(), Q(proposal=None, import_job=None))
    return reduce(or_, (_about(governed) & may for governed, may in seen.items()), anything)


def _about(governed):
    found = content_type(governed)
    return Q(proposal__content_type=found) | Q(proposal=None, import_job__content_type=found)


def _may_see(model, holds):
    meta = model._meta
    return holds("approvals.view_proposal") & holds(f"{meta.app_label}.view_{meta.model_name}")


def _holders(permission) -> QuerySet:
    """Active people with a permission."""
    return get_user_model().objects.with_perm(permission, backend=BACKEND)
