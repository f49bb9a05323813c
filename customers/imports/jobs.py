"""An import from upload to result: store the file, preview it, run it once.

`run` takes a file through `CustomerResource` batch by batch; the page and the
command both call it. A preview is the same run with the door only asked.
"""

import uuid
from contextlib import nullcontext
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from approvals import import_jobs
from approvals.files import FileRefused, open_table, write_failed_rows
from approvals.import_jobs import RulesChanged
from approvals.models import ImportJob
from approvals.outcomes import Refused
from approvals.resources import batches
from customers.models import Customer
from customers.resources import CustomerResource

State = ImportJob.State


class LookAgain(Refused):
    """An import stopped; `job` is a new preview of its file. Not all is imported, or nothing."""

    def __init__(self, reason, job):
        super().__init__(reason)
        self.job = job


class _NothingImported(Exception):  # noqa: N818
    """Rolls back an import that takes all rows or none."""


def prepare(upload, options: dict, *, by) -> ImportJob:
    """Store an uploaded file under a generated name, and preview it.

    options: what `CustomerResource` takes, and all_or_nothing, encoding, delimiter, sheet.
    """
    job = import_jobs.new_job(Customer, by=by, file_name=upload.name, options=options)
    job.stored_as = uuid.uuid4().hex
    Path(settings.UPLOAD_DIR).mkdir(parents=True, exist_ok=True)
    with stored_file(job).open("xb") as file:
        for chunk in upload.chunks():
            file.write(chunk)
    preview(job)
    return job


def stored_file(job: ImportJob) -> Path:
    """Where the uploaded file of `job` lies, outside of everything that is served."""
    return Path(settings.UPLOAD_DIR) / job.stored_as


def preview(job: ImportJob) -> None:
    """Plan every row of the file and put the outcomes on record; nothing else changes."""
    import_jobs.reset(job)
    rules, job.confirmed_rules, job.state = job.confirmed_rules, "", State.PREVIEW
    job.save()
    try:
        run(job, stored_file(job), dry_run=True)
    except FileRefused as refused:
        import_jobs.refuse(job, refused)
        return
    # Only a complete preview can be confirmed.
    job.confirmed_rules = rules
    job.save()


def preview_again(job_id: int, options: dict, *, by) -> ImportJob:
    """Preview a stored file once more, with other options. Raises as `confirm` does.

    Returns another job where the first one has run, so that what it did stays on record.
    """
    job = _claim(job_id, by, (State.PREVIEW, State.REFUSED))
    job.options = options
    preview(job)
    return job


def confirm(job_id: int, *, by) -> ImportJob:
    """Run an import that `by` has previewed; whoever confirms again runs nothing.

    Raises Refused with the reason where it isn't to be run, or not any more, LookAgain
    where it stopped because the rules changed, and PermissionDenied where it is
    somebody else's.
    """
    job = _claim(job_id, by, (State.PREVIEW,))
    if not job.confirmed_rules:
        preview(job)
        raise Refused(_("Look at a complete preview first."))
    try:
        carry_out(job, stored_file(job))
    except RulesChanged:
        reason, job = job.refused, _unless_run(job)
        preview(job)
        raise LookAgain(reason, job) from None
    except FileRefused:
        pass  # The job says why.
    return job


def carry_out(job: ImportJob, path_or_file, *, tell=None) -> None:
    """Import a file; where it is refused or stops, `job` says why. Raises as `run` does."""
    if not job.options.get("all_or_nothing"):
        import_jobs.recount(job)
    job.state = State.RUNNING
    job.save()
    try:
        run(job, path_or_file, dry_run=False, tell=tell)
    except FileRefused as refused:
        _stop(job, str(refused))
        raise
    except Exception:
        _stop(job, _("The import stopped because of an error."))
        raise


def _stop(job, reason):
    """Close an import that didn't come to its end, and say which rows of it are in."""
    if job.options.get("all_or_nothing"):
        import_jobs.recount(job)
    else:
        # Without the batch that was rolled back.
        job.refresh_from_db(fields=import_jobs.COUNTS)
    if job.rows:
        done = _(
            "It is done up to row %(row)s; those rows stay in, and are unchanged when the file "
            "is imported again."
        )
        reason += " " + done % {"row": job.row_outcomes.latest("number").number}
    import_jobs.refuse(job, reason)


def _unless_run(job) -> ImportJob:
    """`job`, or where rows of it are on record as done, another one for the same file."""
    if not (job.state == State.REFUSED and job.confirmed_rules and job.rows):
        return job
    other = import_jobs.new_job(
        Customer, by=job.created_by, file_name=job.file_name, options=job.options
    )
    other.stored_as = job.stored_as
    return other


def _claim(job_id, by, states) -> ImportJob:
    """Lock the job and take it, so that it runs once at a time."""
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job_id)
        if job.created_by_id != by.pk:
            raise PermissionDenied
        if job.state not in states:
            raise Refused(_("This import has been confirmed already."))
        if not job.stored_as:
            raise Refused(_("The file of this import is not kept."))
        job = _unless_run(job)
        job.state = State.RUNNING
        job.save()
    return job


def run(job: ImportJob, path_or_file, *, dry_run, tell=None) -> None:
    """Take a file through the door, or only ask it, and close the job where it was done.

    tell: called with the rows and the outcomes of each batch. Raises FileRefused, and
    RulesChanged where the rules changed meanwhile; finished batches stay.
    """
    options = job.options
    chosen = {name: options.get(name) or None for name in ("encoding", "delimiter", "sheet")}
    table = open_table(path_or_file, name=job.file_name, **chosen)
    resource = CustomerResource(**options)
    rows = _begin(job, table, resource)
    whole = options.get("all_or_nothing")
    failed = []
    try:
        with transaction.atomic() if whole and not dry_run else nullcontext():
            import_jobs.recount(job)
            for batch in batches(rows):
                outcomes = _batch(job, resource, batch, dry_run)
                failed += [outcome for outcome in outcomes if whole and outcome.failed]
                if tell:
                    tell(batch, outcomes)
            if failed and not dry_run:
                raise _NothingImported
    except _NothingImported:
        import_jobs.nothing_imported(job, failed)
        return
    if not dry_run:
        import_jobs.finish(job)
    elif failed:
        import_jobs.take_back(job, failed)


def _begin(job, table, resource):
    """The rows to import. What was found in the file goes onto the job, refused or not."""
    job.facts = {
        name: getattr(table, name)
        for name in ("format", "encoding", "delimiter", "sheet", "sheets")
    }
    try:
        rows = resource.begin(table.headers, table.rows)
        import_jobs.require_workflow(job)
        return rows
    finally:
        columns = resource.columns
        job.facts |= {
            "recognised": columns.recognised,
            "ignored": columns.ignored,
            "unknown": columns.unknown,
            "companies": resource.companies,
        }


def _batch(job, resource, batch, dry_run):
    by, source = job.created_by, import_jobs.source_of(job)
    if dry_run:
        outcomes = resource.import_batch(batch, by=by, source=source, dry_run=True)
        import_jobs.store(job, outcomes)
        return outcomes
    # Rows and what is on record of them are committed together.
    with transaction.atomic():
        import_jobs.require_rules(job, job.confirmed_rules)
        outcomes = resource.import_batch(batch, by=by, source=source, dry_run=False)
        import_jobs.store(job, outcomes)
    return outcomes


def failed_rows(job: ImportJob):
    """The failed rows as a file in the format of the original; see `write_failed_rows`."""
    rows = job.row_outcomes.filter(outcome="failed").values_list("number", "errors")
    chosen = {name: job.facts[name] for name in ("encoding", "delimiter", "sheet")}
    table = open_table(stored_file(job), name=job.file_name, **chosen)
    return write_failed_rows(table, dict(rows.iterator()))
