"""PostgreSQL is stopped and started under load: nothing is lost, doubled or half done."""

import contextlib
import threading
import time

import pytest
from django.db import OperationalError, connection

from approvals.models import Behavior, ImportJob, Proposal, State
from tests.customers.factories import customers_of
from tests.customers.imports import interrupted
from tests.customers.imports.test_interrupted import confirmed

from . import company, findings, import_rounds
from .clusters import own_cluster
from .company import VOTERS
from .crowd import Crowd

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="on PostgreSQL"),
]

OUTAGES = 2
DECISIONS = 15
SECONDS = 240
# Before somebody tries again, or starts again what has ended.
PAUSE = 0.5


class Worker:
    """A worker and what supervises it: whenever it has ended, it is started again."""

    def __init__(self):
        self.starts, self.ended, self.crowd = 0, threading.Event(), None
        self.thread = threading.Thread(target=self._supervise)
        self.thread.start()

    def _supervise(self):
        while not self.ended.wait(PAUSE):
            with contextlib.suppress(AssertionError, OSError, ValueError):
                self.crowd = Crowd(1)
                self.starts += 1
                self.crowd.together([{"do": "serve", "name": "serve", "batch": interrupted.BATCH}])
            self.crowd.end()

    def end(self):
        """End it for good."""
        self.ended.set()
        self.crowd.members[0].kill()
        self.thread.join(30)


def decide_one_after_another(deeds, answers, ended):
    """Somebody decides; where the program met an error he looks again, and decides again."""
    people, left, pause = Crowd(1), list(deeds), 0.1
    while left and not ended.wait(pause):
        [answer] = people.together(left[:1])
        answers.append(answer)
        pause = PAUSE if answer["error"] else 0.1
        if not answer["error"]:
            left.pop(0)
    people.end()


def rows_done(job):
    """How many rows are done; None while the database is away."""
    try:
        job.refresh_from_db()
        return job.rows
    except OperationalError:
        connection.close()
        return None


def decided(answers):
    """How many decisions were taken by now."""
    return sum(not answer["error"] for answer in answers)


def have_gone_on(job, answers, rows, votes):
    """Whether more rows are done, and more decisions are taken."""
    return (rows_done(job) or 0) > rows and decided(answers) > votes


def wait_for(condition):
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "It does not come back."
        time.sleep(0.05)


@pytest.fixture
def cluster(monkeypatch):
    """A server of our own, and a function that has everybody use a copy of the database there."""
    with own_cluster() as found:

        def move():
            connection.close()
            found.copy(connection.settings_dict)
            for name, value in (("HOST", "127.0.0.1"), ("PORT", found.port), ("USER", "postgres")):
                monkeypatch.setitem(connection.settings_dict, name, value)

        found.move = move
        yield found
        connection.close()
        monkeypatch.undo()


def test_a_database_that_goes_away_and_comes_back_loses_nothing_and_the_work_goes_on(cluster):
    company.found_company(Behavior.PROPOSE)
    proposals = company.import_proposals("D", DECISIONS)
    items = company.items_of(proposals)
    customers_of([f"A-{number}" for number in range(interrupted.ROWS)], credit_limit="1")
    lines = list(interrupted.lines("A-"))
    job = confirmed(company.person("stella"), lines)
    cluster.move()
    deeds = [company.decide(VOTERS[0], "approve", p, items) for p in proposals]
    answers, worker = [], Worker()
    decider = threading.Thread(target=decide_one_after_another, args=[deeds, answers, worker.ended])
    decider.start()
    try:
        for _time in range(OUTAGES):
            before = job.rows, decided(answers)
            wait_for(lambda before=before: have_gone_on(job, answers, *before))
            assert job.state == ImportJob.State.RUNNING
            cluster.stop()
            time.sleep(1)
            cluster.start()
        wait_for(lambda: rows_done(job) is not None and job.state != ImportJob.State.RUNNING)
        decider.join(SECONDS)
    finally:
        worker.end()
        decider.join(30)
        connection.close()
    assert list(import_rounds.wrong_with(job, len(lines) - 1)) == []
    assert sorted(set(job.row_outcomes.values_list("number", flat=True)))[-1] == len(lines)
    now = Proposal.objects.filter(pk__in=[p.pk for p in proposals])
    assert set(now.values_list("state", flat=True)) == {State.APPROVED}
    assert findings.of_proposals(proposals, alone=False) == []
    # What the README tells administrators: the worker ends, and its supervisor starts it again.
    assert worker.starts > 1
