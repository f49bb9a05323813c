"""manage.py process_workflows: one line a run, parts that fail alone, stopping in between."""

import os
import signal
import threading
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command

from approvals.deciding import deadlines
from approvals.management.commands import process_workflows
from approvals.models import ItemState, Notification, Occasion, StepRun, WorkItem

from .definitions import change_step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def overdue(propose, workflow, govern_fields):
    """A proposal whose first step is overdue; it goes to administrators."""
    change_step(workflow.steps.get(position=1), time_limit=1)
    govern_fields("credit_limit")
    proposal = propose()
    StepRun.objects.update(due_at="2026-01-01T00:00Z", wake_at="2026-01-01T00:00Z")
    return proposal


def run(**options):
    out = StringIO()
    call_command("process_workflows", stdout=out, **options)
    return out.getvalue().splitlines()


def holders():
    items = WorkItem.objects.filter(state=ItemState.OPEN)
    return [item.assignee.username for item in items]


def test_a_run_says_in_one_line_what_it_did(overdue):
    [line] = run()
    assert "handed over: 0, reminded: 0, escalated: 1, rejected: 0, change requested: 0" in line
    assert holders() == ["administrator"]
    [line] = run()
    assert "escalated: 0" in line


def test_it_finds_what_nobody_can_decide_any_more(overdue, approver):
    StepRun.objects.update(wake_at=None)
    User.objects.filter(pk=approver.pk).update(is_active=False)
    [line] = run()
    assert "handed over: 1" in line
    assert holders() == ["administrator"]


def test_it_sends_the_e_mails_that_wait(approver, monkeypatch):
    monkeypatch.setattr(process_workflows, "FEW_MAILS", 2)
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(5):
        Notification.objects.create(
            person=approver,
            occasion=Occasion.ASSIGNED,
            subject=f"Number {number}",
            body="Look",
            url="/",
            created_at=long_ago,
            next_attempt_at=long_ago,
        )
    [line] = run()
    assert "e-mails sent: 5" in line
    assert [message.to for message in mail.outbox] == [["approver@example.com"]] * 5


def test_a_part_that_fails_is_logged_and_holds_up_no_other(overdue, monkeypatch, caplog):
    def fail(**how):
        raise ValueError("broken")

    monkeypatch.setattr(process_workflows, "hand_over_orphans", fail)
    with pytest.raises(CommandError):
        run()
    assert "A part of process_workflows failed" in caplog.text
    assert holders() == ["administrator"]


def test_it_repeats_until_it_is_told_to_stop(overdue, monkeypatch):
    rounds = []
    process = deadlines.process

    def counted(**how):
        rounds.append(process(**how))
        if len(rounds) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return rounds[-1]

    monkeypatch.setattr(deadlines, "process", counted)
    before = signal.getsignal(signal.SIGTERM)
    lines = run(every=1)
    assert rounds == [{"escalated": 1}, {}]
    assert len(lines) == 2
    assert signal.getsignal(signal.SIGTERM) == before


def test_while_it_repeats_a_failure_ends_nothing(overdue, monkeypatch, caplog):
    calls = []

    def fail(**how):
        calls.append(how)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        raise ValueError("broken")

    monkeypatch.setattr(deadlines, "process", fail)
    assert len(run(every=1)) == 2
    assert len(calls) == 2


def test_it_also_runs_in_a_thread_where_signals_are_not_its_own(overdue):
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert holders() == ["administrator"]


@pytest.mark.parametrize("text", ["0", "x", "-5", "1.5", "90000"])
def test_a_wrong_number_of_seconds_is_refused(text):
    with pytest.raises(CommandError, match="is not a number of seconds"):
        call_command("process_workflows", f"--every={text}")
