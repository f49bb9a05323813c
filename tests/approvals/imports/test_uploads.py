"""Uploaded files: kept for a while, then deleted."""

import errno
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals.imports import import_jobs, uploads
from approvals.imports.files import FileRefused
from approvals.models import ImportJob
from customers.models import Customer

pytestmark = pytest.mark.django_db

State = ImportJob.State
LONG_AGO = timezone.now() - timedelta(days=31)


@pytest.fixture
def upload(steward):
    """A function that makes an import with a file."""

    def make(state, created_at=LONG_AGO, finished_at=LONG_AGO, stored_as=None):
        job = import_jobs.new_job(Customer, by=steward, file_name="customers.csv")
        uploads.store(job, [b"account\n", b"C1\n"])
        job.state, job.created_at, job.finished_at = state, created_at, finished_at
        job.stored_as = stored_as or job.stored_as
        job.save()
        return job

    return make


def is_kept(job):
    path = uploads.path_of(job)
    job.refresh_from_db()
    assert bool(job.stored_as) == path.is_file()
    return path.is_file()


@pytest.mark.parametrize("state", [State.DONE, State.REFUSED, State.CANCELLED, State.STOPPED])
def test_the_file_of_an_import_that_was_closed_long_ago_is_deleted(upload, state):
    old, new = upload(state), upload(state, finished_at=timezone.now())
    assert uploads.delete_old() == 1
    assert (is_kept(old), is_kept(new)) == (False, True)
    assert uploads.delete_old() == 0


def test_the_file_of_a_preview_that_nobody_confirmed_is_deleted(upload):
    old = upload(State.PREVIEW, finished_at=None)
    new = upload(State.PREVIEW, created_at=timezone.now(), finished_at=None)
    uploads.delete_old()
    assert (is_kept(old), is_kept(new)) == (False, True)


def test_a_preview_whose_file_is_deleted_is_cancelled_and_says_why(upload, client, steward):
    """The guard takes a preview without a file for an import that runs."""
    old = upload(State.PREVIEW, finished_at=None)
    new = upload(State.PREVIEW, created_at=timezone.now(), finished_at=None)
    with CaptureQueriesContext(connection) as queries:
        uploads.delete_old()
    clearing = [q["sql"] for q in queries if "UPDATE" in q["sql"] and "stored_as" in q["sql"]]
    assert "state" in clearing[0]
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == (State.CANCELLED, State.PREVIEW)
    assert old.finished_at
    client.force_login(steward)
    html = client.get(reverse("customers:import_job", args=[old.pk])).content.decode()
    assert "Nobody confirmed it within 30 days" in html


def test_what_never_had_a_file_and_never_came_to_its_end_is_cancelled(steward):
    left, at_work, done = (import_jobs.new_job(Customer, by=steward) for _ in range(3))
    left.created_at = done.created_at = LONG_AGO
    done.state = State.DONE
    for job in (left, at_work, done):
        job.save()
    uploads.delete_old()
    states = dict(ImportJob.objects.values_list("pk", "state"))
    assert states == {
        left.pk: State.CANCELLED,
        at_work.pk: State.PREVIEW,
        done.pk: State.DONE,
    }


@pytest.mark.parametrize("state", [State.DONE, State.REFUSED, State.STOPPED])
def test_an_import_that_was_closed_stays_as_it_was_closed(upload, state):
    job = upload(state)
    uploads.delete_old()
    job.refresh_from_db()
    assert (job.state, job.refused, job.finished_at) == (state, "", LONG_AGO)


@pytest.mark.parametrize("state", [State.READING, State.RUNNING])
def test_the_file_of_an_import_under_way_is_kept_however_old(upload, state):
    job = upload(state, finished_at=None)
    uploads.delete_old()
    assert is_kept(job)


def test_a_file_is_kept_while_another_import_needs_it(upload):
    old = upload(State.STOPPED)
    new = upload(State.PREVIEW, created_at=timezone.now(), stored_as=old.stored_as)
    new.finished_at = None
    new.save()
    uploads.delete_old()
    assert is_kept(old)


def test_a_file_that_is_gone_already_stops_nothing(upload):
    job = upload(State.DONE)
    uploads.path_of(job).unlink()
    assert uploads.delete_old() == 1
    job.refresh_from_db()
    assert job.stored_as == ""


def test_process_workflows_sends_what_waits_and_deletes_old_files(upload, capsys):
    upload(State.DONE)
    upload(State.RUNNING, finished_at=None)
    call_command("process_workflows")
    said = capsys.readouterr().out
    assert "imports sent on their way: 1" in said
    assert "old import files deleted: 1" in said
    call_command("process_workflows")
    assert "imports" not in capsys.readouterr().out


def test_a_file_that_cannot_be_kept_is_refused_and_leaves_nothing(steward):
    def chunks():
        yield b"account\n"
        raise OSError(errno.ENOSPC, "No space left on device")

    before = set(uploads.folder().iterdir())
    job = import_jobs.new_job(Customer, by=steward, file_name="customers.csv")
    with pytest.raises(FileRefused, match="No space left on device"):
        uploads.store(job, chunks())
    assert set(uploads.folder().iterdir()) == before
