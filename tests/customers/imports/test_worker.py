"""The worker finds the imports that were cut off, at its start and later."""

import os
import signal
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from approvals.imports import leases
from approvals.management.commands import db_worker
from approvals.models import ImportJob
from customers.imports import jobs
from tests.customers.factories import customer

from .helpers import stored, upload

pytestmark = pytest.mark.django_db(transaction=True)

State = ImportJob.State
# A worker that finds nothing to do is stopped, and with it the test.
SECONDS = 20


@pytest.fixture
def cut_off(steward, monkeypatch):
    """An import whose task is done for and whose worker was killed in the middle of it."""
    customer("C1", name="Old")
    monkeypatch.setattr(jobs, "AT_ONCE_BYTES", 0)
    job = jobs.prepare(upload("account,name", "C1,New"), {}, by=steward)
    jobs.work(job.pk)
    jobs.confirm(job.pk, by=steward)
    call_command("prune_db_task_results", verbosity=0)
    from django_tasks_db.models import DBTaskResult

    DBTaskResult.objects.all().delete()
    assert leases.take(job.pk)
    return job


def lapse(job, **after):
    """Let the lease end, at once or so long from now."""
    until = timezone.now() + timedelta(**after)
    ImportJob.objects.filter(pk=job.pk).update(lease_until=until)


def run(**options):
    """A worker that ends after one task, or after SECONDS."""
    stop = threading.Timer(SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
    stop.start()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        how = {"reload": False, "startup_delay": False, "interval": 0.05, "verbosity": 0}
        call_command("db_worker", **how, **options)
    finally:
        stop.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("options", [{"batch": True}, {"max_tasks": 1}])
def test_a_worker_that_starts_goes_on_with_an_import_that_was_cut_off(cut_off, options):
    lapse(cut_off)
    run(**options)
    cut_off.refresh_from_db()
    assert (cut_off.state, stored("C1", "name")) == (State.DONE, "New")


def test_a_worker_that_runs_finds_an_import_whose_lease_lapses_later(cut_off, monkeypatch):
    monkeypatch.setattr(db_worker, "EVERY", 0.1)
    lapse(cut_off, seconds=1)
    run(max_tasks=1)
    cut_off.refresh_from_db()
    assert cut_off.state == State.DONE


def test_a_worker_leaves_an_import_alone_that_another_works_on(cut_off):
    run(batch=True)
    cut_off.refresh_from_db()
    assert (cut_off.state, stored("C1", "name")) == (State.RUNNING, "Old")


def test_a_look_that_fails_ends_neither_the_worker_nor_the_looking(cut_off, monkeypatch):
    monkeypatch.setattr(db_worker, "EVERY", 0.1)
    real, calls = db_worker.tasks.send_waiting, []

    def fail_once():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("the database is locked")
        return real()

    monkeypatch.setattr(db_worker.tasks, "send_waiting", fail_once)
    lapse(cut_off)
    run(max_tasks=1)
    cut_off.refresh_from_db()
    assert cut_off.state == State.DONE
