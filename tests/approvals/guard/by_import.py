"""Forgeries in the name of an import that may change without approval."""

from approvals.models import Behavior, ImportJob
from tests.approvals.helpers import import_source

State = ImportJob.State


def _record(stage, job):
    """Put a value on record as such an import does, and write it."""
    about = {"origin": "import", "import_job": job, "created_by": stage.steward}
    stage.new_proposal("not_required", revision=2, **about)
    stage.take()


def _job(stage, behavior=Behavior.ALLOW, by=None, **values):
    job = import_source(by or stage.steward, behavior).job
    ImportJob.objects.filter(pk=job.pk).update(**values or {"state": State.RUNNING})
    return job


def name_an_import_that_is_done(stage):
    _record(stage, _job(stage, state=State.DONE))


def name_an_import_that_was_stopped(stage):
    _record(stage, _job(stage, state=State.STOPPED))


def name_an_import_that_nobody_has_confirmed(stage):
    _record(stage, _job(stage, state=State.PREVIEW, stored_as="1.csv"))


def name_an_import_of_somebody_else(stage):
    _record(stage, _job(stage, by=stage.clerk))


def name_an_import_of_something_else(stage):
    other = ImportJob._meta.get_field("content_type").related_model.objects.exclude(
        pk=stage.proposal.content_type_id
    )
    _record(stage, _job(stage, state=State.RUNNING, content_type=other.first()))


def begin_a_done_import_again(stage):
    job = _job(stage, state=State.DONE)
    ImportJob.objects.filter(pk=job.pk).update(state=State.RUNNING)
    _record(stage, job)


def let_a_running_import_do_more(stage):
    job = _job(stage, Behavior.PROPOSE)
    ImportJob.objects.filter(pk=job.pk).update(behavior=Behavior.ALLOW)
    _record(stage, job)


def let_a_running_import_be_somebody_elses(stage):
    job = _job(stage, by=stage.clerk)
    ImportJob.objects.filter(pk=job.pk).update(created_by=stage.steward)
    _record(stage, job)


NO_SUCH_IMPORT = "only as an import that may"
WHILE_IT_RUNS = "an import that runs keeps"
BY_IMPORT = {
    name_an_import_that_is_done: NO_SUCH_IMPORT,
    name_an_import_that_was_stopped: NO_SUCH_IMPORT,
    name_an_import_that_nobody_has_confirmed: NO_SUCH_IMPORT,
    name_an_import_of_somebody_else: NO_SUCH_IMPORT,
    name_an_import_of_something_else: NO_SUCH_IMPORT,
    begin_a_done_import_again: "done stays done",
    let_a_running_import_do_more: WHILE_IT_RUNS,
    let_a_running_import_be_somebody_elses: WHILE_IT_RUNS,
}
