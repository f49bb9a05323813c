"""Short ways to import in tests."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile

from approvals.imports import import_jobs
from approvals.models import ImportJob, ImportRow
from customers.imports import jobs
from customers.models import Customer


def take(by, *lines, dry_run=False, behavior=None, **options) -> ImportJob:
    """Import lines of CSV, or plan them, and return the job. Raises FileRefused."""
    job = import_jobs.new_job(
        Customer, by=by, file_name="test.csv", behavior=behavior, options=options
    )
    job.save()
    file = io.BytesIO("\n".join(lines).encode())
    jobs.run(job, file, dry_run=dry_run)
    return job


def upload(*lines, name="test.csv") -> SimpleUploadedFile:
    """Lines of CSV as an uploaded file."""
    return SimpleUploadedFile(name, "\n".join(lines).encode())


def outcomes(job) -> dict[int, str]:
    """What became of each row of an import, by the number of the row."""
    return dict(job.row_outcomes.values_list("number", "outcome"))


def reasons(job) -> dict[int, list]:
    """Why rows of an import failed: by the number of the row, fields and reasons."""
    failed = job.row_outcomes.filter(outcome=ImportRow.Outcome.FAILED)
    return {
        number: [tuple(e) for e in errors]
        for number, errors in failed.values_list("number", "errors")
    }


def stored(account, *names):
    """The values that are stored of a customer; of one name its value alone."""
    row = Customer.objects.values_list(*names).get(account=account)
    return row[0] if len(row) == 1 else row
