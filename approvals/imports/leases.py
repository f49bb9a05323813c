"""Who works on an import: one worker at a time, and none for good.

A worker takes a job for a while, and with each batch says that it is still at it, in the
batch's own transaction. Where it was killed, its lease lapses and another one takes the
job. Where it was only slow it finds, at its next batch, that the job is no longer its own;
that batch is rolled back. So what became of rows is on record once, whoever did them.
"""

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ..models import ImportJob

# A batch takes seconds; nobody takes a job while a batch of it is under way, however long.
LEASE = timedelta(seconds=60)
# A task that nobody took by then may be lost with its worker: another one is sent. No later, so
# that an import goes on within two minutes at whatever instant its worker was killed.
NUDGED = timedelta(seconds=60)
State = ImportJob.State
UNDER_WAY = (State.READING, State.RUNNING)


class LostLease(Exception):  # noqa: N818
    """The job is somebody else's by now, or closed; what was done under the lease is void."""


def take(job_id: int, *, wait=False) -> ImportJob | None:
    """Take a job that has something to do; None where it has not, or another is at it.

    wait: for whoever holds it for a moment, or to the end of his batch, instead of taking
    him for somebody who is at it.
    """
    with transaction.atomic():
        free = Q(lease="") | Q(lease_until__lte=timezone.now())
        jobs = ImportJob.objects.select_for_update(skip_locked=not wait, of=("self",))
        job = jobs.filter(free, pk=job_id, state__in=UNDER_WAY).first()
        if job is None:
            return None
        job.lease, job.lease_until = secrets.token_hex(16), timezone.now() + LEASE
        job.taken_at, job.taken_rows = timezone.now(), job.rows
        job.attempts += 1
        job.save()
    return job


def is_to_stop(job: ImportJob, *, hold: bool) -> bool:
    """Whether somebody wished a job to stop.

    hold: keep everybody else from it to the end of the transaction. Raises LostLease where
    it is no longer the caller's.
    """
    if not job.pk:
        return False
    held = ImportJob.objects.filter(pk=job.pk)
    if hold:
        held = held.select_for_update(no_key=True, of=("self",))
    if job.lease:
        held = held.filter(lease=job.lease, state__in=UNDER_WAY)
    cancelling = held.order_by().values_list("cancelling", flat=True).first()
    if cancelling is None:
        raise LostLease
    return cancelling


def keep(job: ImportJob, *names: str) -> None:
    """Write these fields of a job, and where it is leased go on holding it.

    Raises LostLease where it is no longer the caller's.
    """
    if not job.lease:
        job.save(update_fields=names)
        return
    job.lease_until = timezone.now() + LEASE
    _write(job, job.lease, ("lease_until", *names))


def close(job: ImportJob, *names: str) -> None:
    """Write these fields of a job, and let go of it. Raises LostLease as `keep` does."""
    held = job.lease
    job.lease, job.lease_until = "", None
    _write(job, held, ("lease", "lease_until", *names))


def wish_to_cancel(job_id: int) -> bool:
    """Note that a job is to stop before its next batch; whether it was still under way."""
    jobs = ImportJob.objects.filter(pk=job_id, state__in=UNDER_WAY)
    return bool(jobs.update(cancelling=True))


def waiting() -> QuerySet:
    """The jobs that have something to do and that no task was sent for lately."""
    lapsed = Q(lease_until=None) | Q(lease_until__lte=timezone.now())
    return ImportJob.objects.filter(lapsed, state__in=UNDER_WAY)


def claim_waiting() -> list[int]:
    """The ids of jobs to send a task for, each to one of those who ask at once."""
    with transaction.atomic():
        found = waiting().select_for_update(skip_locked=True).order_by("pk")
        ids = list(found.values_list("pk", flat=True))
        until = timezone.now() + NUDGED
        ImportJob.objects.filter(pk__in=ids).update(lease="", lease_until=until)
    return ids


def _write(job, lease, names):
    held = ImportJob.objects.filter(pk=job.pk, lease=lease, state__in=UNDER_WAY)
    if not held.update(**{name: getattr(job, name) for name in names}):
        raise LostLease
