"""How notifications become e-mails: claimed, sent, tried again."""

import logging
import socket
import time
from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.urls import reverse
from django.utils import timezone

from approvals.models import MailState, Notification
from approvals.notifying import outbox

from .helpers import notification, waiting

pytestmark = pytest.mark.django_db


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
