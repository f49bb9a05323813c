"""How long proposals and steps take, and how they end; the same on both databases."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals import proposals
from approvals.models import Action, Proposal, StepRun
from approvals.pages import cycle_times
from approvals.pages.cycle_times import of_steps, of_versions, readable
from tests.unguarded import unguarded

from ..helpers import vote

HOUR = timedelta(hours=1)


@pytest.fixture
def decided(propose, govern_fields, workflow, approver, second_approver):
    """A function that submits a proposal and has each step take so many hours."""
    govern_fields("credit_limit")

    def make(*hours, action=Action.APPROVE):
        proposal = propose(None)
        people = [approver, second_approver][: len(hours)]
        for person in people:
            last = person is people[-1]
            vote(person, proposal, action if last else Action.APPROVE, "Because")
        _spread(proposal, hours)
        return proposal

    return make


@unguarded()
def _spread(proposal, hours):
    """Let the steps of a proposal take these hours, one after the other."""
    at = proposal.submitted_at
    for run, taken in zip(proposal.step_runs.order_by("id"), hours, strict=False):
        StepRun.objects.filter(pk=run.pk).update(started_at=at, ended_at=at + taken * HOUR)
        at += taken * HOUR


def seconds(*durations):
    """Lengths of time as whole seconds; databases round differently behind the comma."""
    return [round(duration.total_seconds()) for duration in durations]


def test_a_version_takes_from_the_submission_to_the_end_of_its_last_step(decided):
    for hours in ((1, 1), (1, 3), (2, 4)):
        decided(*hours)
    [found] = of_versions(Q())
    assert (found.started, found.running, found.approved) == (3, 0, 3)
    assert seconds(found.median, found.slow) == [4 * 3600, 20160]


def test_a_step_takes_from_its_beginning_to_its_end(decided):
    for hours in ((1, 1), (2, 3), (3, 8), (4, 4)):
        decided(*hours)
    first, second = of_steps(Q())
    assert str(first.what), str(second.what) == ("Credit manager", "Finance director")
    assert seconds(first.median, first.slow) == [9000, 13320]
    assert seconds(second.median) == [12600]


def test_what_ended_is_shared_out_among_its_ends(decided, clerk):
    decided(1, 1)
    decided(1, action=Action.REJECT)
    decided(1, action=Action.REQUEST_CHANGE)
    proposals.recall(decided().pk, by=clerk)
    decided()
    [found] = of_versions(Q())
    assert (found.started, found.running, found.ended) == (5, 1, 4)
    assert found.shares == ["25 %"] * 4
    first, second = of_steps(Q())
    assert (first.started, first.running, first.ended) == (5, 1, 4)
    assert first.shares == ["25 %"] * 4
    assert second.shares == ["100 %", "0 %", "0 %", "0 %"]


def test_what_runs_has_no_time_yet(decided):
    decided()
    [found] = of_versions(Q())
    assert (found.median, found.slow) == (None, None)
    assert found.shares == [""] * 4
    assert found.times == ["", ""]


def test_a_later_submission_counts_from_itself_on(decided, clerk, approver, second_approver):
    proposal = decided(50, action=Action.REJECT)
    with unguarded():
        StepRun.objects.update(started_at=timezone.now() - timedelta(days=9))
    proposals.submit(proposal.pk, by=clerk)
    proposal.refresh_from_db()
    vote(approver, proposal)
    vote(second_approver, proposal)
    later = StepRun.objects.latest("pk")
    StepRun.objects.filter(pk=later.pk).update(ended_at=proposal.submitted_at + 2 * HOUR)
    [found] = of_versions(Q())
    assert seconds(found.median) == [2 * 3600]


def test_what_a_rule_decided_took_no_time_whatever_went_before(decided):
    proposal = decided(5, action=Action.REJECT)
    # As if it had been submitted again and a rule had rejected it: no step was entered.
    later = proposal.submitted_at + 10 * HOUR
    with unguarded():
        Proposal.objects.filter(pk=proposal.pk).update(submitted_at=later)
    [found] = of_versions(Q())
    assert seconds(found.median) == [0]


def test_only_the_period_and_the_workflow_asked_for_count(decided, client, auditor):
    old, new = decided(1, 1), decided(2, 2)
    # Not now: near midnight the steps of today's proposal would begin tomorrow.
    for proposal, days in ((old, 200), (new, 2)):
        before = timezone.now() - timedelta(days=days)
        with unguarded():
            Proposal.objects.filter(pk=proposal.pk).update(submitted_at=before)
            StepRun.objects.filter(proposal=proposal).update(started_at=before)
    client.force_login(auditor)
    url = reverse("approvals:cycle_times")
    for query, counts in (
        ({}, (1, [1, 1])),
        ({"first": "", "last": ""}, (2, [2, 2])),
        ({"workflow": new.version.workflow_id}, (1, [1, 1])),
        ({"first": (timezone.localdate() + timedelta(days=1)).isoformat()}, (0, [])),
    ):
        context = client.get(url, query).context
        versions = sum(time.started for time in context["versions"])
        assert (versions, [time.started for time in context["steps"]]) == counts


@pytest.mark.parametrize("query", [{"first": "x"}, {"last": "0001-01-01"}, {"workflow": "9" * 30}])
def test_a_filter_that_makes_no_sense_is_named(client, auditor, decided, query):
    client.force_login(auditor)
    html = client.get(reverse("approvals:cycle_times"), query).content.decode()
    assert 'class="notice notice-error"' in html


def test_both_ways_to_find_percentiles_agree(decided, monkeypatch):
    for hours in ((1, 7), (2, 1), (3, 9), (5, 5), (8, 2)):
        decided(*hours)
    here = [(time.median, time.slow) for time in of_steps(Q())]
    monkeypatch.setattr(connection, "vendor", "sqlite")
    there = [(time.median, time.slow) for time in of_steps(Q())]
    assert [seconds(*times) for times in here] == [seconds(*times) for times in there]


def test_the_number_of_queries_does_not_grow(decided):
    counts = []
    for _round in range(2):
        decided(1, 1)
        with CaptureQueriesContext(connection) as queries:
            of_versions(Q())
            of_steps(Q())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 7


@pytest.mark.parametrize(
    "duration, text",
    [
        (None, ""),
        (timedelta(0), "0 min"),
        (timedelta(seconds=50), "1 min"),
        (timedelta(minutes=59, seconds=31), "1 h 0 min"),
        (timedelta(hours=5, minutes=20), "5 h 20 min"),
        (timedelta(days=3, hours=4, minutes=29), "3 d 4 h"),
    ],
)
def test_a_length_of_time_is_readable(duration, text):
    assert readable(duration) == text


def test_the_percentile_of_one_is_that_one():
    assert cycle_times.percentile([HOUR], 0.9) == HOUR
