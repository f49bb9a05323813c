"""An import whose batch the database ended, since it and another waited for each other."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from approvals.models import ImportJob
from customers.imports import jobs
from customers.models import Customer
from tests.customers.factories import customer

from .helpers import upload

pytestmark = pytest.mark.django_db

State = ImportJob.State


@pytest.fixture
def job(steward):
    """An import that was confirmed and waits for a worker."""
    customer("C1", name="Old")
    job = jobs.prepare(upload("account,name", "C1,New"), {}, by=steward)
    ImportJob.objects.filter(pk=job.pk).update(state=State.RUNNING)
    return job


class DeadlockDetected(Exception):
    """As PostgreSQL's driver tells it."""

    sqlstate = "40P01"


def ends_once(monkeypatch, meanwhile=lambda: None):
    """Let the first try end in a deadlock."""
    work, tries = jobs._work, []

    def first_fails(job, how):
        tries.append(job.lease)
        if len(tries) == 1:
            meanwhile()
            raise OperationalError("deadlock detected") from DeadlockDetected()
        work(job, how)

    monkeypatch.setattr(jobs, "_work", first_fails)
    return tries


def test_it_is_tried_again(job, monkeypatch):
    tries = ends_once(monkeypatch)
    assert jobs.work(job.pk).state == State.DONE
    assert len(set(tries)) == 2
    assert Customer.objects.get().name == "New"


def test_whoever_took_it_over_meanwhile_keeps_it(job, monkeypatch):
    """Its lease had lapsed while it waited."""
    until = timezone.now() + timedelta(minutes=1)

    def taken_over():
        ImportJob.objects.filter(pk=job.pk).update(lease="another", lease_until=until)

    tries = ends_once(monkeypatch, taken_over)
    assert jobs.work(job.pk) is None
    assert len(tries) == 1
    job.refresh_from_db()
    assert (job.state, job.lease, job.lease_until) == (State.RUNNING, "another", until)
    assert Customer.objects.get().name == "Old"
