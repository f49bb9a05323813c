"""The beginning of the chain: its head, and a seal for what was written before there were seals."""

from hashlib import sha256
from itertools import islice

from django.apps import apps as installed
from django.utils import timezone

from . import digests, reading


def begin(sender, using, apps=installed, **kwargs) -> None:
    """Make the head of the chain where there is none; connected to post_migrate.

    Entries from before get one seal: they are kept as they are from now on.
    """
    try:
        heads = apps.get_model("approvals", "HistoryHead").objects.using(using)
    except LookupError:  # Migrated back to before there was a chain.
        return
    if heads.exists():
        return
    head = heads.model(pk=1)
    newest = apps.get_model("approvals", "HistorySeal").objects.using(using).last()
    if newest:
        head.position, head.hash = newest.position, newest.hash
    elif sealed := _seal_of_all(using, apps):
        sealed.hash = head.hash = digests.hash_of(
            head.hash,
            1,
            (digests.moment(sealed.at), sealed.first, sealed.last, sealed.count, sealed.digest),
        )
        sealed.save(using=using)
        head.position = 1
    head.save(using=using)


def _seal_of_all(using, apps):
    """One seal for all entries that there are, or None; each gets its mark."""
    rows = reading.entries(using, *digests.COLUMNS)
    first, last, count, whole = None, None, 0, sha256()
    while some := list(islice(rows, reading.AT_ONCE)):
        first = some[0][0] if first is None else first
        found = digests.digests_of(first, some)
        _mark(using, apps, [row[0] for row in some], found)
        last, count = some[-1][0], count + len(some)
        whole.update(b"".join(found))
    seal = apps.get_model("approvals", "HistorySeal")
    now = timezone.now()
    return seal(1, now, first, last, count, whole.hexdigest()) if count else None


def _mark(using, apps, ids, found):
    model = apps.get_model("approvals", "WorkflowEvent")
    marked = [model(pk=pk, mark=digests.mark(d)) for pk, d in zip(ids, found, strict=True)]
    model.objects.using(using).bulk_update(marked, ["mark"], batch_size=500)
