"""An import from upload to result: store the file, preview it, run it once, cancel it.

A large file is read and imported in the background: `work` is what a worker calls, a page
that takes a small file, and the command.
"""

import logging
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals.bulk import is_deadlock
from approvals.imports import import_jobs, leases, tasks, uploads
from approvals.imports.files import FileRefused, open_table, write_failed_rows
from approvals.imports.import_jobs import RulesChanged
from approvals.models import ImportJob
from approvals.outcomes import Refused
from customers.models import Customer

from .running import Cancelled, Run

logger = logging.getLogger(__name__)

State = ImportJob.State
# Files up to this size are read and imported while the person waits.
AT_ONCE_BYTES = 256 * 1024
# So often is a job taken without a row done since, before it is given up.
ATTEMPTS = 5
# What ends an import with a reason for people.
FORESEEN = FileRefused | Cancelled | PermissionDenied


def prepare(upload, options: dict, *, by) -> ImportJob:
    """Store an uploaded file under a generated name, and have it previewed.

    options: what `CustomerResource` takes, and all_or_nothing, encoding, delimiter, sheet.
    Raises FileRefused where it cannot be stored; what is wrong in it, its job tells.
    """
    job = import_jobs.new_job(Customer, by=by, file_name=upload.name, options=options)
    uploads.store(job, upload.chunks())
    return _preview(job)


def enter(path: Path, *, by, behavior, options: dict) -> ImportJob:
    """An import of a file without a preview, which the caller is to `work` on."""
    job = import_jobs.new_job(
        Customer, by=by, file_name=path.name, behavior=behavior, options=options
    )
    with path.open("rb") as file:
        uploads.store(job, iter(lambda: file.read(1 << 20), b""))
    job.state = State.RUNNING
    # The caller comes first.
    job.lease_until = timezone.now() + leases.LEASE
    job.save()
    return job


def preview_again(job_id: int, options: dict, *, by) -> ImportJob:
    """Preview a stored file once more, with other options. Raises as `confirm` does.

    Returns another job where rows of the first one are in, so that what it did stays on record.
    """
    with transaction.atomic():
        job = _claim(job_id, by, (State.PREVIEW, State.REFUSED, State.CANCELLED, State.STOPPED))
        job = _unless_run(job)
        job.options = options
        import_jobs.reset(job)
        job.state = State.READING
        job.save()
    return _start(job)


def confirm(job_id: int, *, by) -> ImportJob:
    """Run an import that `by` has previewed; whoever confirms again runs nothing.

    Raises Refused with the reason where it isn't to be run, or not any more, and
    PermissionDenied where it is somebody else's.
    """
    with transaction.atomic():
        job = _claim(job_id, by, (State.PREVIEW,))
        for name in import_jobs.PROGRESS:
            setattr(job, name, 0)
        job.state = State.RUNNING
        job.save()
    return _start(job)


def cancel(job_id: int, *, by) -> ImportJob:
    """Have an import, or its preview, stop before the next batch. Raises as `confirm` does."""
    _require_own(ImportJob.objects.get(pk=job_id), by)
    if not leases.wish_to_cancel(job_id):
        raise Refused(_("This import is not under way any more."))
    # Where nobody works on it, it stops here.
    return work(job_id) or ImportJob.objects.get(pk=job_id)


def work(job_id: int, *, wait=False, **how) -> ImportJob | None:
    """Take an import and bring it to its end; None where it is not to be had.

    wait: see `leases.take`; how: see `Run`. Where the database goes away, the job stays where
    its last batch left it, and whoever takes it next goes on there. Any other error closes it,
    with the reason; what nobody foresaw is raised as well.
    """
    job = leases.take(job_id, wait=wait)
    if job is None:
        return None
    lease = job.lease
    try:
        _work(job, how)
    except leases.LostLease:
        logger.warning("Import %s was taken over, or closed.", job_id)
        return None
    except (OperationalError, InterfaceError) as error:
        if not is_deadlock(error):
            raise
        # Such as of two files that create the same customers: one waits for its turn again.
        with suppress(leases.LostLease):
            leases.close(job)
        return work(job_id, **how)
    except Exception as error:
        with suppress(leases.LostLease):
            _stop(job_id, lease, error)
        if not isinstance(error, FORESEEN):
            raise
    return ImportJob.objects.get(pk=job_id)


def run(job: ImportJob, path_or_file, *, dry_run, **how) -> None:
    """Take a file through the door, or only ask it. Raises as `Run` does; how: see there."""
    run = Run(job, path_or_file, **how)
    if dry_run:
        run.plan()
    else:
        run.carry_out()


def failed_rows(job: ImportJob):
    """The failed rows as a file in the format of the original; see `write_failed_rows`."""
    rows = job.row_outcomes.filter(outcome="failed").values_list("number", "errors")
    chosen = {name: job.facts[name] for name in ("encoding", "delimiter", "sheet")}
    table = open_table(uploads.path_of(job), name=job.file_name, **chosen)
    return write_failed_rows(table, rows.order_by("number").iterator())


def _work(job, how):
    if job.cancelling:
        raise Cancelled
    if job.attempts > ATTEMPTS:
        reason = _("It was cut off %(times)s times without a row done in between.")
        raise FileRefused(reason % {"times": ATTEMPTS})
    if job.state == State.READING:
        _read(job, how)
    else:
        run(job, uploads.path_of(job), dry_run=False, **how)


def _read(job, how):
    """Preview a file under the rules that are in force now."""
    import_jobs.reset(job)
    # Only a complete preview can be confirmed.
    rules, job.confirmed_rules = job.confirmed_rules, ""
    leases.keep(job, "behavior", "confirmed_rules", "facts", "total", "refused", "finished_at")
    run(job, uploads.path_of(job), dry_run=True, **how)
    job.confirmed_rules, job.state = rules, State.PREVIEW
    import_jobs.save(job)


@transaction.atomic
def _stop(job_id, lease, error):
    """Close an import that didn't come to its end, and say which rows of it are in."""
    # As it stands: without what was rolled back.
    job = ImportJob.objects.get(pk=job_id)
    job.lease = lease
    leases.keep(job)
    state, reason = _verdict(error)
    if job.place:
        reason += " " + _(
            "It is done up to row %(row)s; those rows stay in, and are unchanged when the file "
            "is imported again."
        ) % {"row": job.place}
    else:
        import_jobs.recount(job)
        if state != State.REFUSED or isinstance(error, PermissionDenied):
            reason += " " + _("Nothing of the file is in.")
    import_jobs.end(job, state, reason)


def _verdict(error):
    """What state an error leaves an import in, and what is told of it."""
    if isinstance(error, Cancelled):
        return State.CANCELLED, _("The import was cancelled.")
    if isinstance(error, RulesChanged):
        return State.STOPPED, str(error)
    if isinstance(error, FileRefused):
        return State.REFUSED, str(error)
    if isinstance(error, PermissionDenied):
        return State.REFUSED, _("Its importer may not import any more.")
    return State.REFUSED, _("The import stopped because of an error.")


def _preview(job) -> ImportJob:
    job.state, job.confirmed_rules = State.READING, ""
    job.save()
    return _start(job)


def _start(job) -> ImportJob:
    """Have a worker go on with a job, or go on with it here where its file is small or gone."""
    if uploads.size_of(job) <= AT_ONCE_BYTES:
        # Somebody who confirms it as well may hold it just now, and nobody else would run it.
        return work(job.pk, wait=True) or ImportJob.objects.get(pk=job.pk)
    tasks.send_waiting()
    return job


def _unless_run(job) -> ImportJob:
    """`job`, or where rows of it are on record as done, another one for the same file."""
    if not (job.confirmed_rules and job.rows and job.state != State.PREVIEW):
        return job
    other = import_jobs.new_job(
        Customer, by=job.created_by, file_name=job.file_name, options=job.options
    )
    other.stored_as = job.stored_as
    return other


def _claim(job_id, by, states) -> ImportJob:
    """Lock a job that stands in one of `states`, so that it is started once."""
    job = ImportJob.objects.select_for_update(of=("self",)).get(pk=job_id)
    _require_own(job, by)
    if job.state == State.READING:
        raise Refused(_("Look at a complete preview first."))
    if job.state not in states:
        raise Refused(_("This import has been confirmed already."))
    if not job.stored_as:
        raise Refused(_("The file of this import is not kept."))
    job.lease, job.lease_until, job.attempts = "", None, 0
    return job


def _require_own(job, by):
    if job.created_by_id != by.pk:
        raise PermissionDenied
