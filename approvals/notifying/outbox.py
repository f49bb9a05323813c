"""The outbox: notifications are written with the event they tell of, and e-mailed afterwards.

An e-mail is claimed before it is handed to the mail server, and the claim is committed:
so two programs never take the same one, and one that was stopped in between leaves it
"being sent". Nobody knows whether that one went out, so it is not sent again by itself;
an administrator who sees it can send it again.
"""

import contextlib
import logging
import time
from collections import Counter
from contextvars import ContextVar
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from ..bulk import insert_rows, new_ids, update_rows
from ..models import ASKING, MailState, Notification
from . import readers

logger = logging.getLogger(__name__)

# What whoever acts waits for at most: so many e-mails, so many seconds.
FEW = 5
SECONDS = 5
# How long e-mails are kept for the end of what belongs together, at most.
HELD = timedelta(minutes=15)
_together = ContextVar("together", default=None)
# After a failure, nobody who acts waits for the mail server for so many seconds.
PAUSE = 60
PAUSED = "approvals.notifying.outbox.paused"

MOST_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=6)
# Longer than any attempt takes.
UNCERTAIN_AFTER = timedelta(minutes=10)


def write(notifications: list[Notification]) -> None:
    """Save notifications in the transaction of what they tell; e-mail them after its commit.

    Those that are stored already, such as of an import that goes on, get their new
    text and are unread again, but no second e-mail.
    """
    columns = ["subject", "body", "count", "url", "proposal", "read_at"]
    again = [n for n in notifications if n.pk]
    rows = [(n.pk, n.subject, n.body, n.count, n.url, n.proposal_id, None) for n in again]
    update_rows(Notification, columns, rows)
    new, now = [n for n in notifications if not n.pk], timezone.now()
    together = _together.get()
    for notification in new:
        notification.created_at = now
        notification.next_attempt_at = now if together is None else now + HELD
    ids = new_ids(Notification, len(new))
    for pk, notification in zip(ids, new, strict=True):
        notification.pk = pk
    insert_rows(new)
    if ids:
        _sort_out(Notification.objects.filter(pk__in=ids))
        _deliver_later(ids, together)


@contextlib.contextmanager
def together():
    """A context in which several transactions make one event, such as the batches of one.

    What a person is told in it is one notification an occasion (`gathered` names them), and
    its e-mail goes out at the end. Should the program be stopped before, it goes out later.
    """
    token = _together.set([])
    try:
        yield
    finally:
        ids = _together.get()
        _together.reset(token)
        held = Notification.objects.filter(pk__in=ids, mail_state=MailState.WAITING)
        if ids and held.update(next_attempt_at=timezone.now()):
            transaction.on_commit(lambda: _deliver_soon(ids), robust=True)


def gathered() -> list[int]:
    """The ids of the notifications that belong together so far."""
    return _together.get() or []


def _deliver_later(ids, together):
    if together is not None:
        together += ids
        return
    # A function with a name: Django cannot log the failure of a partial, and raises.
    transaction.on_commit(lambda: _deliver_soon(ids), robust=True)


def deliver(limit: int = 500, seconds: float | None = None, only=None) -> Counter:
    """E-mail what is due; return how many were sent, put_back, given_up, withheld or
    had no_address.

    Whoever has lost the right to see what one is about gets none. limit: how many e-mails
    at most. seconds: begin none after so long, and wait no longer for an answer; None: as
    long as it takes. only: ids of notifications; None: all. Where the mail server can't be
    reached, nothing is tried and `unreachable` is 1.
    """
    began = time.monotonic()
    due = _due() if only is None else _due().filter(pk__in=only)
    counts = _sort_out(due)
    # Also what is withdrawn meanwhile is seen: each claim looks again.
    due = due.filter(readers.addressed(), readers.entitled())
    server = _Server(seconds)
    left = limit if due.exists() else 0
    while left and (seconds is None or time.monotonic() - began < seconds):
        if not server.is_open():
            counts["unreachable"] = 1
            break
        notification = _claim(due)
        if notification is None:
            break
        counts[_send(notification, server)] += 1
        left -= 1
    server.close()
    return counts


def send_again(notifications: QuerySet[Notification]) -> int:
    """Let those of `notifications` wait anew that were given up or are uncertain; return how many.

    One that is uncertain may reach its reader twice, with the same Message-ID.
    """
    chosen = notifications.filter(Q(mail_state=MailState.FAILED) | uncertain())
    return chosen.update(
        mail_state=MailState.WAITING, attempts=0, next_attempt_at=timezone.now(), error=""
    )


def uncertain() -> Q:
    """The notifications of which nobody knows whether their e-mail went out."""
    claimed_before = timezone.now() - UNCERTAIN_AFTER
    return Q(mail_state=MailState.SENDING, next_attempt_at__lt=claimed_before)


def is_uncertain(notification: Notification) -> bool:
    """Whether nobody knows if the e-mail of one notification went out."""
    claimed_before = timezone.now() - UNCERTAIN_AFTER
    sending = notification.mail_state == MailState.SENDING
    return sending and notification.next_attempt_at < claimed_before


def _sort_out(waiting) -> Counter:
    """Mark those of `waiting` for which no e-mail is to be sent; return how many, and why."""
    nobody = _mark_all(waiting.exclude(readers.addressed()), MailState.NONE)
    barred = _mark_all(waiting.exclude(readers.entitled()), MailState.WITHHELD)
    return +Counter(no_address=nobody, withheld=barred)


def _mark_all(found, state) -> int:
    rows = Notification.objects.filter(
        mail_state=MailState.WAITING, pk__in=found.order_by().values("pk")
    )
    return rows.update(mail_state=state, next_attempt_at=None)


def _deliver_soon(ids):
    if not cache.get(PAUSED):
        deliver(limit=FEW, seconds=SECONDS, only=ids)


def _due():
    due = Notification.objects.filter(
        mail_state=MailState.WAITING, next_attempt_at__lte=timezone.now()
    )
    return due.order_by("next_attempt_at", "id")


@transaction.atomic(durable=True)
def _claim(due) -> Notification | None:
    """Take the next e-mail, so that nobody else does; committed before it is sent."""
    locked = due.select_for_update(skip_locked=True, of=("self",))
    notification = locked.select_related("person").first()
    if notification:
        notification.mail_state = MailState.SENDING
        notification.attempts += 1
        notification.next_attempt_at = timezone.now()
        notification.save(update_fields=["mail_state", "attempts", "next_attempt_at"])
    return notification


def _send(notification, server) -> str:
    """Send a claimed e-mail and note what came of it; return that in a word."""
    try:
        server.send(_message(notification))
    except Exception as error:
        logger.exception("The e-mail of notification %s was not sent.", notification.pk)
        server.drop()
        return _put_back(notification, error)
    _mark(notification, mail_state=MailState.SENT, sent_at=timezone.now(), error="")
    return "sent"


def _put_back(notification, error) -> str:
    """Try again in 1, 2, 4 … minutes, or give up."""
    text = f"{type(error).__name__}: {error}"
    if notification.attempts >= MOST_ATTEMPTS:
        _mark(notification, mail_state=MailState.FAILED, error=text)
        return "given_up"
    wait = min(timedelta(minutes=2 ** (notification.attempts - 1)), LONGEST_WAIT)
    at = timezone.now() + wait
    _mark(notification, mail_state=MailState.WAITING, next_attempt_at=at, error=text)
    return "put_back"


def _mark(notification, **values):
    """Note what came of an e-mail, unless somebody has let it wait anew meanwhile."""
    claimed = Notification.objects.filter(
        pk=notification.pk, mail_state=MailState.SENDING, attempts=notification.attempts
    )
    claimed.update(**values)


def _message(notification) -> EmailMessage:
    path = notification.url or reverse("approvals:notification", args=[notification.pk])
    context = {
        "notification": notification,
        "asks": notification.occasion in ASKING,
        "url": absolute(path),
    }
    # Whoever reads the mail is not who acted: not in that person's language.
    with translation.override(settings.LANGUAGE_CODE):
        body = render_to_string("approvals/mail/notification.txt", context)
    return EmailMessage(
        subject=notification.subject,
        body=body.strip() + "\n",
        to=[notification.person.email],
        headers={"Auto-Submitted": "auto-generated", "Message-ID": _message_id(notification)},
    )


def _message_id(notification) -> str:
    """The same at each attempt, so that a second copy is recognised as one."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<notification.{notification.pk}.{notification.created_at:%Y%m%d%H%M%S%f}@{host}>"


def absolute(path: str) -> str:
    """The address of a page in an e-mail."""
    return settings.SITE_URL.rstrip("/") + path


class _Server:
    """The mail server, connected before the first e-mail is claimed."""

    def __init__(self, seconds):
        # Whoever acts does not wait as long as the setting EMAIL_TIMEOUT says.
        self.options = {} if seconds is None else {"timeout": seconds}
        self.connection = None

    def is_open(self) -> bool:
        """Whether it answers; connects where that is to do."""
        if self.connection is None:
            try:
                connection = get_connection(**self.options)
                connection.open()
            except Exception as error:
                logger.warning("The mail server cannot be reached: %s", error)
                cache.set(PAUSED, True, PAUSE)
                return False
            self.connection = connection
        return True

    def send(self, message):
        """Hand over an e-mail; raises what the mail server says against it."""
        if self.connection.send_messages([message]) == 0:
            raise OSError("The mail server took nothing.")

    def drop(self):
        """Forget a connection that may be broken."""
        cache.set(PAUSED, True, PAUSE)
        self.close()

    def close(self):
        """End the connection, if there is one."""
        if self.connection is not None:
            with contextlib.suppress(Exception):
                self.connection.close()
            self.connection = None
