"""Imports that are killed at any instant, taken over and taken away: no row lost or doubled."""

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from approvals.imports import leases, tasks
from approvals.models import Behavior, ImportJob
from customers.imports import jobs, running
from tests import children
from tests.customers.factories import customer

from . import interrupted
from .helpers import outcomes, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)

State = ImportJob.State
# How often an import is killed; the gate makes do with few.
KILLS = int(os.environ.get("IMPORT_KILLS", "5"))
FILE = ("account,name", "C1,New", "C2,New", "C3,New")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="on PostgreSQL")


@pytest.fixture
def company(workflow, govern_fields):
    govern_fields("credit_limit", behavior=Behavior.PROPOSE)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    for key in ("C1", "C2", "C3"):
        customer(key, name="Old")


def confirmed(steward, lines, **options):
    """An import that was previewed and confirmed, and that nobody has taken yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "AT_ONCE_BYTES", 0)
        job = jobs.prepare(upload(*lines), options, by=steward)
        jobs.work(job.pk)
        return jobs.confirm(job.pk, by=steward)


def large(steward, prefix, **options):
    """A confirmed import of many rows, and the customers that it changes."""
    for number in range(interrupted.ROWS):
        customer(f"{prefix}{number}", credit_limit="1")
    lines = interrupted.lines(prefix, whole=options["all_or_nothing"])
    return confirmed(steward, lines, **options)


def worker(job):
    """A process that works on `job` in this test's database; it has just begun."""
    process = subprocess.Popen(
        [sys.executable, interrupted.__file__, str(job.pk)],
        env=children.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def finish(job):
    """Let a process work on `job` to its end, and return how long that takes."""
    expire(job)
    process, begun = worker(job), time.monotonic()
    assert process.communicate(timeout=300)[0] == f"{State.DONE}\n"
    job.refresh_from_db()
    return time.monotonic() - begun


def kill(job, after):
    """Let a process work on `job`, and kill it."""
    expire(job)
    process = worker(job)
    time.sleep(after)
    process.kill()
    process.communicate()
    job.refresh_from_db()


def cut_off(job, after):
    """Let a process work on `job`, and let the database end its connection."""
    expire(job)
    process = worker(job)
    time.sleep(after)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    process.communicate(timeout=300)
    job.refresh_from_db()


def expire(job):
    """Let the time pass after which another may take the job."""
    ImportJob.objects.filter(pk=job.pk).exclude(lease="").update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def same(traces, prefix):
    """Traces without what accounts begin with."""
    return {name: [row.replace(prefix, "") for row in rows] for name, rows in traces.items()}


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("interrupt", [kill, pytest.param(cut_off, marks=on_postgresql)])
def test_an_import_that_is_interrupted_ends_as_if_nothing_had_happened(
    company, steward, interrupt, whole
):
    undisturbed = large(steward, "A", all_or_nothing=whole)
    seconds = finish(undisturbed)
    job = large(steward, "B", all_or_nothing=whole)
    for _time in range(KILLS):
        interrupt(job, random.uniform(0, seconds if whole else 2 * seconds / KILLS))
        if job.state != State.RUNNING:
            break
        if job.place and job.state == State.RUNNING:
            assert not whole
            assert job.row_outcomes.count() == job.rows == job.place - 1
    if job.state == State.RUNNING:
        finish(job)
    expected = interrupted.traces(undisturbed, "A")
    assert len(expected["proposals"]) > 40
    assert same(interrupted.traces(job, "B"), "B") == same(expected, "A")


def test_of_many_workers_one_takes_a_job(steward, small_batches):
    job = confirmed(steward, FILE)
    barrier, taken = threading.Barrier(8), []

    def take():
        barrier.wait(10)
        taken.append(leases.take(job.pk))
        connection.close()

    threads = [threading.Thread(target=take) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(taken) == 8
    assert len([job for job in taken if job]) == 1


def test_who_was_too_slow_finds_the_job_gone_and_leaves_nothing(steward, small_batches):
    job = confirmed(steward, FILE)
    others = []

    def overtake(job, outcomes):
        if not others:
            expire(job)
            others.append(leases.take(job.pk))

    assert jobs.work(job.pk, tell=overtake) is None
    assert outcomes(job) == {2: "updated"}
    assert stored("C2", "name") == "Old"
    [other] = others
    jobs.run(other, jobs.uploads.path_of(other), dry_run=False)
    other.refresh_from_db()
    assert (other.state, other.rows, other.updated) == (State.DONE, 3, 3)
    assert stored("C3", "name") == "New"


def test_a_lease_goes_on_while_rows_are_passed_over_that_are_done(
    steward, small_batches, monkeypatch
):
    job = confirmed(steward, FILE)
    jobs.work(job.pk, stopped=lambda: ImportJob.objects.get(pk=job.pk).rows == 2)
    ImportJob.objects.update(state=State.RUNNING)
    monkeypatch.setattr(running, "SIGN_OF_LIFE", 0)
    real, kept = leases.keep, []
    monkeypatch.setattr(
        leases, "keep", lambda job, *names: (kept.append(job.rows), real(job, *names))
    )
    assert jobs.work(job.pk).rows == 3
    # For what was found in the file, the total, the rows 2, 3 and 4, and the batch of row 4.
    assert kept == [2, 2, 2, 2, 2, 3]


def test_who_was_too_slow_closes_nothing_either(steward, small_batches):
    job = confirmed(steward, FILE)
    others = []

    def overtake(job, outcomes):
        expire(job)
        others.append(leases.take(job.pk))
        raise RuntimeError("a fault of the program")

    with pytest.raises(RuntimeError):
        jobs.work(job.pk, tell=overtake)
    job.refresh_from_db()
    assert (job.state, job.lease) == (State.RUNNING, others[0].lease)


@on_postgresql
def test_nobody_takes_a_job_in_the_middle_of_a_batch_however_long_it_lasts(steward, small_batches):
    job = confirmed(steward, FILE)
    held = leases.take(job.pk)
    expire(job)
    with transaction.atomic():
        leases.keep(held)
        taken = []
        thread = threading.Thread(
            target=lambda: (taken.append(leases.take(job.pk)), connection.close())
        )
        ImportJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(hours=1))
        thread.start()
        thread.join(10)
        assert taken == [None]


@on_postgresql
def test_all_or_nothing_says_how_far_it_is_and_holds_its_lease(steward, small_batches):
    job = confirmed(steward, FILE, all_or_nothing=True)
    seen = []

    def look():
        current = ImportJob.objects.get(pk=job.pk)
        seen.append((current.rows, current.lease_until, stored("C1", "name")))
        connection.close()

    def tell(job, outcomes):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(10)

    assert jobs.work(job.pk, tell=tell).state == State.DONE
    assert [(rows, name) for rows, _until, name in seen] == [(1, "Old"), (2, "Old"), (3, "Old")]
    assert seen[0][1] < seen[2][1]


def test_a_job_whose_worker_is_gone_is_sent_on_its_way_once(steward, small_batches):
    job = confirmed(steward, FILE)
    assert tasks.send_waiting() == 0
    assert leases.take(job.pk)
    assert tasks.send_waiting() == 0
    expire(job)
    assert leases.take(job.pk)
    expire(job)
    assert (tasks.send_waiting(), tasks.send_waiting()) == (1, 0)
    assert jobs.work(job.pk).state == State.DONE
    assert tasks.send_waiting() == 0


def test_a_job_that_comes_no_further_is_given_up(steward, small_batches):
    job = confirmed(steward, FILE)
    for _time in range(jobs.ATTEMPTS):
        assert leases.take(job.pk)
        expire(job)
    job = jobs.work(job.pk)
    assert (job.state, outcomes(job)) == (State.REFUSED, {})
    assert "cut off 5 times" in job.refused


def test_where_the_database_goes_away_the_job_stays_where_it_was(
    steward, small_batches, monkeypatch
):
    from django.db import OperationalError

    from customers.imports.running import Run

    job, real = confirmed(steward, FILE), Run._import

    def fail_at_the_second(self, batch):
        if self.job.rows:
            raise OperationalError("the connection is lost")
        real(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_import", fail_at_the_second)
        with pytest.raises(OperationalError):
            jobs.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.rows, job.place) == (State.RUNNING, 1, 2)
    expire(job)
    assert jobs.work(job.pk).updated == 3


@on_postgresql
def test_all_or_nothing_and_who_takes_the_same_records_the_other_way_round_both_come_through(
    steward, small_batches
):
    from approvals import batch, registry
    from customers.models import Customer

    job = confirmed(steward, ("account,name", "C3,New", "C1,New"), all_or_nothing=True)
    begun, ended = threading.Event(), []

    def lock_both():
        begun.wait(10)
        with transaction.atomic():
            for key in ("C1", "C3"):
                batch.load_by_keys(registry.get(Customer), [key], lock=True)
            ended.append(stored("C1", "name"))
        connection.close()

    other = threading.Thread(target=lock_both)
    other.start()

    def tell(job, outcomes):
        begun.set()
        time.sleep(0.3)  # the other one waits for a record

    assert jobs.work(job.pk, tell=tell).state == State.DONE
    other.join(10)
    assert ended == ["New"]


@on_postgresql
def test_two_imports_that_create_the_same_customers_the_other_way_round_both_come_through(
    steward, small_batches
):
    lines = ["account,name,customer_group,currency", "N1,New,10,EUR", "N2,New,10,EUR"]
    files = [lines, [lines[0], lines[2], lines[1]]]
    found = [confirmed(steward, file, all_or_nothing=True) for file in files]
    barrier = threading.Barrier(2)

    def meet(job, outcomes):
        if barrier.n_waiting == 0 and job.rows > 1:
            return
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(1)

    states = []

    def work(job):
        states.append(jobs.work(job.pk, tell=meet).state)
        connection.close()

    threads = [threading.Thread(target=work, args=[job]) for job in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert states == [State.DONE, State.DONE]
    assert sorted(outcomes(found[0]).values()) + sorted(outcomes(found[1]).values()) in (
        ["created"] * 2 + ["unchanged"] * 2,
        ["unchanged"] * 2 + ["created"] * 2,
    )


def test_a_job_that_nobody_has_taken_is_written_all_the_same(steward):
    job = confirmed(steward, FILE)
    job.total = 77
    leases.keep(job, "total")
    job.refresh_from_db()
    assert job.total == 77
