"""Time limits and people at once. On PostgreSQL, with controls that take the locks away."""

import pytest
from django.db import connection
from django.db.models import QuerySet

from approvals.deciding import deadlines, decisions, runs
from approvals.models import ItemState, State, StepRun, Verb, WorkflowEvent, WorkItem
from tests.approvals.test_concurrency import approve_as, meet, together
from tests.unguarded import unguarded

from .limits import limit, path

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite has one writer at a time; see PostgreSQL"
    ),
]

__all__ = ["meet"]


@pytest.fixture
def overdue(propose, person, workflow, govern_fields):
    """A proposal that waits for `approver` and is overdue; next comes "boss"."""
    with unguarded():
        workflow.steps.filter(position=2).delete()
    step = limit(workflow.steps.get(), time_limit=1, remind_after=None)
    path(step, person("boss", "Approver"), person("director", "Approver"), hours=1000)
    govern_fields("credit_limit")
    proposal = propose()
    StepRun.objects.update(due_at="2026-01-01T00:00Z", wake_at="2026-01-01T00:00Z")
    return proposal


def holders():
    items = WorkItem.objects.filter(state=ItemState.OPEN)
    return [item.assignee.username for item in items]


def escalations():
    return WorkflowEvent.objects.filter(verb=Verb.ESCALATED).count()


def test_of_two_programs_at_once_one_escalates(overdue, meet):
    meet(runs, "lock")
    results = together(deadlines.process, deadlines.process)
    assert sorted(results, key=len) == [{}, {"escalated": 1}]
    assert holders() == ["boss"]
    assert escalations() == 1
    assert StepRun.objects.get().level == 1


def test_control_without_locks_two_programs_trip_over_each_other(overdue, meet, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self.all())
    meet(deadlines, "_escalate")
    results = together(deadlines.process, deadlines.process)
    assert sorted(results, key=len) != [{}, {"escalated": 1}]


def test_of_an_escalation_and_an_approval_at_once_one_wins(overdue, meet):
    meet(runs, "lock")
    meet(decisions.cases, "load")
    result, counts = together(approve_as("approver", overdue), deadlines.process)
    overdue.refresh_from_db()
    if result.done:
        assert (overdue.state, counts, holders()) == (State.APPROVED, {}, [])
        assert escalations() == 0
    else:
        assert (overdue.state, counts, holders()) == (State.PENDING, {"escalated": 1}, ["boss"])
        assert "Escalated" in result.message


def test_an_escalation_waits_for_an_approval_that_has_begun(overdue, meet):
    meet(decisions, "_record_votes")
    meet(runs, "lock")
    result, counts = together(approve_as("approver", overdue), deadlines.process)
    overdue.refresh_from_db()
    assert result.done
    assert counts == {}
    assert overdue.state == State.APPROVED
    assert escalations() == 0


def test_control_without_locks_an_approval_and_an_escalation_do_not_end_well(
    overdue, meet, monkeypatch
):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self.all())
    meet(decisions, "_record_votes")
    meet(deadlines, "_escalate")
    result, counts = together(approve_as("approver", overdue), deadlines.process)
    well = [(True, {}), (False, {"escalated": 1})]
    assert not (isinstance(result, decisions.VoteResult) and (result.done, counts) in well)
