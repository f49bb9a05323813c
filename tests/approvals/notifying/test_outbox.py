"""How notifications become e-mails: claimed, sent, tried again, never doubled."""

import logging
import re
import socket
import threading
import time
from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from approvals.models import MailState, Notification, Occasion
from approvals.notifying import outbox
from tests.conftest import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_goes_out():
    cache.clear()


@pytest.fixture
def reader(person):
    return person("reader", "Clerk", first_name="Rita")


def notification(person, subject="Rejected: changes to A", **values):
    """An unsaved notification."""
    return Notification(
        person=person,
        occasion=Occasion.REJECTED,
        subject=subject,
        body="The text",
        url="/customers/1/",
        **values,
    )


def waiting(person, count=1):
    """Notifications whose e-mails wait, as after a commit that nothing could follow."""
    before = set(Notification.objects.values_list("pk", flat=True))
    with mock.patch.object(transaction, "on_commit"):
        outbox.write([notification(person, f"Number {n}") for n in range(count)])
    return list(Notification.objects.exclude(pk__in=before).order_by("pk"))


class Refusing(EmailBackend):
    """Takes everything but what goes to one person."""

    def send_messages(self, messages):
        if messages[0].to == ["reader@example.com"]:
            raise OSError("550 No such mailbox")
        return super().send_messages(messages)


class Unreachable(EmailBackend):
    """Cannot even connect."""

    def open(self):
        raise ConnectionRefusedError("No mail server")


class Silent(EmailBackend):
    """Says that it sent nothing."""

    def send_messages(self, messages):
        return 0


class Killed(BaseException):
    """What ends a program at once; nothing handles it."""


def use(settings, backend):
    settings.EMAIL_BACKEND = f"{__name__}.{backend.__name__}"


# Sending


def test_an_email_greets_its_reader_and_leads_to_the_page(reader, settings):
    settings.SITE_URL = "https://approvals.example/"
    waiting(reader)
    assert outbox.deliver() == {"sent": 1}
    [message] = mail.outbox
    assert (message.to, message.subject) == ([reader.email], "Number 0")
    assert message.from_email == settings.DEFAULT_FROM_EMAIL
    assert message.body == (
        "Dear Rita,\n\nThe text\n\nTo the page in the browser:\n"
        "https://approvals.example/customers/1/\n"
    )
    assert message.message()["Auto-Submitted"] == "auto-generated"


def test_a_text_about_many_leads_to_the_notification_itself(reader, settings):
    settings.SITE_URL = "https://approvals.example"
    [row] = waiting(reader)
    Notification.objects.update(url="")
    outbox.deliver()
    path = reverse("approvals:notification", args=[row.pk])
    assert mail.outbox[0].body.endswith(f"https://approvals.example{path}\n")


def test_what_is_sent_says_so_and_is_not_sent_again(reader):
    waiting(reader, 3)
    assert outbox.deliver() == {"sent": 3}
    row = Notification.objects.first()
    assert row.mail_state == MailState.SENT and row.sent_at and row.attempts == 1
    assert outbox.deliver() == {} and len(mail.outbox) == 3


def test_the_oldest_goes_first_and_no_more_than_asked_for(reader):
    waiting(reader, 3)
    assert outbox.deliver(limit=2) == {"sent": 2}
    assert [message.subject for message in mail.outbox] == ["Number 0", "Number 1"]


def test_who_has_left_since_gets_no_email(reader):
    [row] = waiting(reader)
    User.objects.update(is_active=False)
    assert outbox.deliver() == {"no_address": 1}
    row.refresh_from_db()
    assert row.mail_state == MailState.NONE and mail.outbox == []


def test_the_address_is_the_one_that_a_person_has_now(reader):
    waiting(reader)
    User.objects.update(email="new@example.com")
    outbox.deliver()
    assert mail.outbox[0].to == ["new@example.com"]


def test_many_are_written_in_as_many_statements_as_few(reader, django_assert_num_queries):
    # Their ids, all of them, who has no address, and who may not see them.
    for count in (2, 1000):
        with django_assert_num_queries(4):
            outbox.write([notification(reader) for _unused in range(count)])


def test_after_the_commit_a_few_are_sent_and_the_rest_is_left(
    reader, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        outbox.write([notification(reader) for _unused in range(outbox.FEW + 3)])
        assert mail.outbox == []
    assert len(mail.outbox) == outbox.FEW
    assert outbox.deliver() == {"sent": 3}


def test_whoever_acts_does_not_send_what_others_left(reader, django_capture_on_commit_callbacks):
    waiting(reader, 2)
    with django_capture_on_commit_callbacks(execute=True):
        outbox.write([notification(reader, "Mine")])
    assert [message.subject for message in mail.outbox] == ["Mine"]


# Failing


def test_a_failure_is_tried_again_ever_later_and_given_up_in_the_end(
    reader, settings, monkeypatch, caplog
):
    use(settings, Refusing)
    [row] = waiting(reader)
    now, waits = timezone.now(), []
    monkeypatch.setattr(timezone, "now", lambda: now)
    for attempt in range(1, outbox.MOST_ATTEMPTS):
        assert outbox.deliver() == {"put_back": 1}
        assert outbox.deliver() == {}
        row.refresh_from_db()
        assert (row.mail_state, row.attempts) == (MailState.WAITING, attempt)
        assert row.error == "OSError: 550 No such mailbox"
        waits.append((row.next_attempt_at - now) / timedelta(minutes=1))
        now = row.next_attempt_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    assert outbox.deliver() == {"given_up": 1}
    row.refresh_from_db()
    assert (row.mail_state, row.attempts) == (MailState.FAILED, outbox.MOST_ATTEMPTS)
    now += timedelta(days=9)
    assert outbox.deliver() == {} and mail.outbox == []


def test_what_was_refused_keeps_nothing_else_back(reader, clerk, settings):
    use(settings, Refusing)
    waiting(reader), waiting(clerk)
    assert outbox.deliver() == {"put_back": 1, "sent": 1}
    assert mail.outbox[0].to == [clerk.email]


def test_a_mail_server_that_takes_nothing_without_a_word_has_failed(reader, settings):
    use(settings, Silent)
    waiting(reader)
    assert outbox.deliver() == {"put_back": 1}


def test_while_the_mail_server_is_away_no_attempt_counts(reader, settings, caplog):
    backend = settings.EMAIL_BACKEND
    use(settings, Unreachable)
    [row] = waiting(reader)
    with caplog.at_level(logging.WARNING):
        for _unused in range(20):
            assert outbox.deliver() == {"unreachable": 1}
    assert "No mail server" in caplog.text
    row.refresh_from_db()
    assert (row.mail_state, row.attempts) == (MailState.WAITING, 0)
    settings.EMAIL_BACKEND = backend
    assert outbox.deliver() == {"sent": 1}


@pytest.mark.parametrize("backend", [Refusing, Unreachable])
def test_after_a_failure_nobody_who_acts_waits_for_the_mail_server(
    reader, clerk, settings, backend, django_capture_on_commit_callbacks, caplog
):
    use(settings, backend)
    with django_capture_on_commit_callbacks(execute=True):
        outbox.write([notification(reader)])
    with mock.patch.object(outbox, "deliver") as deliver:
        with django_capture_on_commit_callbacks(execute=True):
            outbox.write([notification(clerk)])
        deliver.assert_not_called()
        cache.clear()
        with django_capture_on_commit_callbacks(execute=True):
            outbox.write([notification(clerk)])
        deliver.assert_called_once()


def test_a_line_break_in_an_address_sends_nothing(reader, caplog):
    User.objects.update(email="a@example.com\nBcc: everyone@example.com")
    waiting(reader)
    assert outbox.deliver() == {"put_back": 1}
    assert mail.outbox == []


@pytest.fixture
def hanging_server(settings):
    """A mail server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()
        yield server


def test_a_mail_server_that_hangs_is_waited_for_no_longer_than_the_setting(
    reader, hanging_server, settings
):
    settings.EMAIL_TIMEOUT = 0.3
    waiting(reader, 50)
    began = time.monotonic()
    assert outbox.deliver() == {"unreachable": 1}
    assert 0.2 < time.monotonic() - began < 3
    assert not Notification.objects.exclude(mail_state=MailState.WAITING).exists()


def test_whoever_acts_waits_less_than_that_for_a_mail_server_that_hangs(
    reader, hanging_server, monkeypatch, django_capture_on_commit_callbacks, settings
):
    settings.EMAIL_TIMEOUT = 30
    monkeypatch.setattr(outbox, "SECONDS", 0.3)
    began = time.monotonic()
    for _unused in range(5):
        with django_capture_on_commit_callbacks(execute=True):
            outbox.write([notification(reader)])
    assert time.monotonic() - began < 3


def test_the_time_for_sending_is_limited(reader, monkeypatch):
    waiting(reader, 5)
    send, now = EmailBackend.send_messages, [0.0]

    def slowly(self, messages):
        now[0] += 2
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", slowly)
    monkeypatch.setattr(outbox.time, "monotonic", lambda: now[0])
    assert outbox.deliver(seconds=3) == {"sent": 2}


# Crashes


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
