"""E-mails where a program is killed, or two send at once: never doubled."""

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from approvals.models import MailState, Notification
from approvals.notifying import outbox
from tests.conftest import make_person

from .helpers import waiting

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """What ends a program at once; nothing handles it."""


def killed_at(monkeypatch, owner, name, after):
    """Let the program end before, or after, a function does its work."""
    original = getattr(owner, name)

    def dying(*args, **kwargs):
        if after:
            original(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(owner, name, dying)


@pytest.mark.parametrize(("after", "sent"), [(False, 0), (True, 1)])
def test_what_was_cut_off_is_not_sent_again_by_itself(reader, monkeypatch, after, sent):
    [row] = waiting(reader)
    with monkeypatch.context() as patch:
        killed_at(patch, EmailBackend, "send_messages", after)
        with pytest.raises(Killed):
            outbox.deliver()
    row.refresh_from_db()
    assert (row.mail_state, len(mail.outbox)) == (MailState.SENDING, sent)
    later = timezone.now() + timedelta(days=30)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert outbox.deliver() == {} and len(mail.outbox) == sent
    assert outbox.is_uncertain(row)
    assert list(Notification.objects.filter(outbox.uncertain())) == [row]


def test_what_was_cut_off_while_connecting_is_sent_later(reader, monkeypatch):
    waiting(reader)
    with monkeypatch.context() as patch:
        killed_at(patch, EmailBackend, "open", after=False)
        with pytest.raises(Killed):
            outbox.deliver()
    assert outbox.deliver() == {"sent": 1}


def test_an_administrator_sends_again_what_is_uncertain_under_the_same_id(reader, monkeypatch):
    [row] = waiting(reader)
    with monkeypatch.context() as patch:
        killed_at(patch, EmailBackend, "send_messages", after=True)
        with pytest.raises(Killed):
            outbox.deliver()
    everything = Notification.objects.all()
    # Another program may be about to send it still.
    assert outbox.send_again(everything) == 0
    Notification.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=11))
    assert outbox.send_again(everything) == 1
    assert outbox.deliver() == {"sent": 1}
    first, second = (message.message()["Message-ID"] for message in mail.outbox)
    assert first == second and re.fullmatch(r"<notification\.\d+\.\d+@[\w.-]+>", first)


def test_only_what_was_given_up_or_is_uncertain_is_sent_again(reader):
    rows = waiting(reader, len(MailState))
    for row, state in zip(rows, MailState, strict=True):
        Notification.objects.filter(pk=row.pk).update(mail_state=state)
    assert outbox.send_again(Notification.objects.all()) == 1
    rows[3].refresh_from_db()
    assert rows[3].mail_state == MailState.WAITING


def test_what_waits_anew_is_not_marked_by_the_program_that_had_it_before(reader, monkeypatch):
    [row] = waiting(reader)
    send = EmailBackend.send_messages

    def meanwhile(self, messages):
        Notification.objects.update(mail_state=MailState.WAITING, attempts=0)
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", meanwhile)
    outbox.deliver(limit=1)
    row.refresh_from_db()
    assert row.mail_state == MailState.WAITING


@pytest.mark.django_db(transaction=True)
def test_the_claim_is_committed_before_the_mail_server_hears_anything(reader, monkeypatch):
    waiting(reader)
    seen = []

    def look(self, messages):
        def state():
            seen.append(Notification.objects.values_list("mail_state", flat=True).get())
            connection.close()

        thread = threading.Thread(target=state)
        thread.start(), thread.join()
        return 1

    monkeypatch.setattr(EmailBackend, "send_messages", look)
    outbox.deliver()
    assert seen == [MailState.SENDING]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_delivered_inside_a_transaction(reader):
    waiting(reader)
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.deliver()


# Two programs at once


def deliver_together(monkeypatch):
    """Two deliverers, each of which waits for the other after it has read what is due."""
    barrier = threading.Barrier(2)
    first = QuerySet.first

    def both(self):
        found = first(self)
        if self.model is Notification:
            try:
                barrier.wait(0.5)
            except threading.BrokenBarrierError:
                barrier.reset()
        return found

    monkeypatch.setattr(QuerySet, "first", both)

    def run():
        outbox.deliver()
        connection.close()

    threads = [threading.Thread(target=run) for _unused in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


on_postgresql = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one writer at a time; see PostgreSQL"
)


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_programs_at_once_send_each_email_once(monkeypatch):
    waiting(make_person("reader", "Clerk"), 6)
    deliver_together(monkeypatch)
    assert sorted(message.subject for message in mail.outbox) == [f"Number {n}" for n in range(6)]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_control_without_the_claims_lock_two_programs_send_doubles(monkeypatch):
    waiting(make_person("reader", "Clerk"), 6)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self.all())
    deliver_together(monkeypatch)
    assert len(mail.outbox) > 6
