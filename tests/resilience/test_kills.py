"""Workers and web processes that are killed: what they did is there whole, or not at all."""

import os
import random
import time

import pytest

from approvals.models import Behavior, ImportJob, Proposal, State, WorkflowEvent
from customers.imports import jobs
from customers.models import Customer
from tests.customers.factories import customers_of
from tests.customers.imports import interrupted
from tests.customers.imports.helpers import upload

from . import company, findings
from .company import VOTERS
from .crowd import crowd

pytestmark = pytest.mark.django_db(transaction=True)

# So many kills of a worker, and of a web process that decides, one and many, or that saves;
# a long run has more: WORKER_KILLS=200 WEB_KILLS=20.
WORKER_KILLS = int(os.environ.get("WORKER_KILLS", "3"))
WEB_KILLS = int(os.environ.get("WEB_KILLS", "2"))
MANY = 50
SECONDS = 120


def an_import(prefix, stella):
    """A confirmed import of many rows that waits for a worker, and the customers it changes."""
    customers_of([f"{prefix}{number}" for number in range(interrupted.ROWS)], credit_limit="1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "AT_ONCE_BYTES", 0)
        job = jobs.prepare(upload(*interrupted.lines(prefix)), {}, by=stella)
        jobs.work(job.pk)
        return jobs.confirm(job.pk, by=stella)


def traces(job, prefix):
    """What an import left, without what accounts begin with."""
    found = interrupted.traces(job, prefix).items()
    return {name: [row.replace(prefix, "") for row in rows] for name, rows in found}


def serve(people, job, chance):
    """Have workers work until the import is done, each killed after a while; how many were."""
    kills, until = 0, time.monotonic() + SECONDS
    while job.state == ImportJob.State.RUNNING:
        assert time.monotonic() < until, "It does not come to its end."
        after = chance.uniform(0, 1.5)
        people.together([{"do": "serve", "batch": interrupted.BATCH, "killed_after": after}])
        job.refresh_from_db()
        kills += 1
    return kills


def test_imports_whose_workers_are_killed_are_taken_up_by_the_next_ones_and_end_as_if_nothing_was():
    company.found_company(Behavior.PROPOSE)
    stella, chance = company.person("stella"), random.Random(WORKER_KILLS)
    undisturbed, kills = an_import("A-", stella), 0
    undisturbed = jobs.work(undisturbed.pk)
    expected = traces(undisturbed, "A-")
    with crowd(1) as people:
        number = 0
        while kills < WORKER_KILLS:
            prefix = f"B{number}-"
            job = an_import(prefix, stella)
            kills += serve(people, job, chance)
            found = traces(job, prefix)
            assert {name for name in expected if found[name] != expected[name]} == set()
            number += 1
    assert len(expected["proposals"]) > 40


def kill_and_repeat(people, deed, seconds, chance):
    """Have a deed done by a process that is killed, and then by one that is not."""
    killed = {**deed, "killed_after": chance.uniform(0, seconds)}
    [answer] = people.together([killed])
    yield answer["ended"]
    [answer] = people.together([deed])
    yield answer


def timed(people, deed):
    """How long it takes where it is done as it will be, by a process that is not killed in time."""
    begun = time.monotonic()
    [answer] = people.together([{**deed, "killed_after": SECONDS}])
    assert answer["ended"]
    return time.monotonic() - begun


@pytest.mark.parametrize("count", [1, MANY])
def test_who_is_killed_while_deciding_has_decided_all_of_it_or_nothing(count):
    company.found_company()
    chance = random.Random(count)
    rounds = [company.import_proposals(f"K{n}", count) for n in range(WEB_KILLS + 2)]
    items = company.items_of([proposal for proposals in rounds for proposal in proposals])
    outcomes = set()
    with crowd(1) as people:
        # The first one pays for what is loaded when it is first needed.
        people.together([company.decide_all(VOTERS[0], rounds[0], items)])
        seconds = timed(people, company.decide_all(VOTERS[0], rounds[1], items))
        for proposals in rounds[2:]:
            deed = company.decide_all(VOTERS[0], proposals, items)
            steps = kill_and_repeat(people, deed, 1.2 * seconds, chance)
            next(steps)
            outcomes.add(half_way := approved(proposals))
            assert half_way in (0, count)
            assert wrong(proposals) == []
            assert not next(steps)["error"]
            assert approved(proposals) == count
            assert wrong(proposals) == []
    assert WEB_KILLS < 20 or outcomes == {0, count}


def approved(proposals):
    """How many are approved by now."""
    ids = [proposal.pk for proposal in proposals]
    return Proposal.objects.filter(pk__in=ids, state=State.APPROVED).count()


def wrong(proposals):
    """What is wrong with proposals and their records."""
    return findings.of_proposals(proposals, alone=len(proposals) == 1)


def test_who_is_killed_while_saving_has_saved_all_of_it_or_nothing():
    company.found_company()
    accounts, chance = [f"S{n}" for n in range(WEB_KILLS + 2)], random.Random(3)
    customers_of(accounts, credit_limit="100")
    typed = {"phone": "+31 30 200 00 03", "credit_limit": "250"}
    with crowd(1) as people:
        people.together([company.edit("clara", accounts[0], **typed)])
        seconds = timed(people, company.edit("clara", accounts[1], **typed))
        for account in accounts[2:]:
            steps = kill_and_repeat(
                people, company.edit("clara", account, **typed), 1.2 * seconds, chance
            )
            next(steps)
            saved = Customer.objects.get(account=account).phone == typed["phone"]
            assert Proposal.objects.filter(record_key=account).count() == saved
            assert not next(steps)["error"]
            verbs = WorkflowEvent.objects.filter(record_key=account).order_by("pk")
            assert list(verbs.values_list("verb", flat=True)) == ["changed", "proposed"]
            assert list(findings.of_record(findings.Stored([account]), account)) == []
