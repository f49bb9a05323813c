"""Work on imports in the background. A task is only a nudge: who works is for `leases`."""

from django_tasks import task

from .. import registry
from ..models import ImportJob
from . import import_jobs, leases


@task()
def work_on(job_id: int) -> None:
    """Go on with an import, wherever it stands."""
    job = ImportJob.objects.get(pk=job_id)
    registry.get(import_jobs.model_of(job)).work_on_import(job_id)


def send_waiting() -> int:
    """Send a task for each import that waits for one, or whose worker was cut off."""
    ids = leases.claim_waiting()
    for job_id in ids:
        work_on.enqueue(job_id)
    return len(ids)
