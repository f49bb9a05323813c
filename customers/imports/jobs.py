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
    """Preview a stored file once more, with other options. Raises as `confirm` does."""
    job = _claim(job_id, by, (State.PREVIEW, State.REFUSED))
    job.options = options
    preview(job)
    return job


def confirm(job_id: int, *, by) -> ImportJob:
    """Run an import that `by` has previewed; whoever confirms again runs nothing.

    Raises Refused with the reason where it isn't to be run, or not any more, and
    PermissionDenied where it is somebody else's.
    """
    job = _claim(job_id, by, (State.PREVIEW,))
    if not job.confirmed_rules:
        preview(job)
        raise Refused(_("Look at a complete preview first."))
    try:
        carry_out(job, stored_file(job))
    except RulesChanged as changed:
        preview(job)
        raise Refused(str(changed)) from None
    except FileRefused:
        pass  # The job says why.
    return job


def carry_out(job: ImportJob, path_or_file, *, tell=None) -> None:
    """Import a file; where it is refused or stops, `job` says why. Raises as `run` does."""
    job.state = State.RUNNING
    job.save()
    try:
        run(job, path_or_file, dry_run=False, tell=tell)
    except FileRefused as refused:
        import_jobs.refuse(job, refused)
        raise
    except Exception:
        reason = _(
            "The import stopped because of an error. Rows that are in stay in, and are "
            "unchanged when the file is imported again."
        )
        import_jobs.refuse(job, reason)
        raise


def _claim(job_id, by, states) -> ImportJob:
    """Lock the job and take it, so that it runs once at a time."""
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job_id)
        if job.created_by_id != by.pk:
            raise PermissionDenied
        if job.state not in states:
            raise Refused(_("This import has been confirmed already."))
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
    whole = options.get("all_or_nothing") and not dry_run
    failed = []
    try:
        with transaction.atomic() if whole else nullcontext():
            import_jobs.recount(job)
            for batch in batches(rows):
                outcomes = _batch(job, resource, batch, dry_run)
                failed += [outcome for outcome in outcomes if whole and outcome.failed]
                if tell:
                    tell(batch, outcomes)
            if failed:
                raise _NothingImported
    except _NothingImported:
        import_jobs.nothing_imported(job, failed)
        return
    except FileRefused:
        if whole:
            import_jobs.recount(job)
        raise
    if not dry_run:
        import_jobs.finish(job)


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
