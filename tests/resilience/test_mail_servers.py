"""Mail servers that refuse, hang, hang up or take half: decisions stand, mail comes once."""

import time
from collections import Counter
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from approvals.models import MailState, Notification, State
from approvals.notifying import outbox

from . import company, findings
from .company import VOTERS
from .mail_servers import mail_server

pytestmark = pytest.mark.django_db(transaction=True)

FAILING = ["refuses", "hangs", "refuses messages", "hangs up", "takes half"]
# What whoever decides may be kept waiting by a mail server: outbox.SECONDS, and the page itself.
QUICK = 2 + outbox.SECONDS


@pytest.fixture
def pending():
    """A pending proposal; nobody was told by e-mail yet."""
    cache.set(outbox.PAUSED, True, outbox.PAUSE)
    company.found_company()
    [proposal] = company.propose(["E-1"], credit_limit="200").values()
    cache.clear()
    yield proposal
    cache.clear()


def decide(proposal):
    """Approve it in the browser; how long the page takes to answer."""
    deed = company.decide(VOTERS[0], "approve", proposal, company.items_of([proposal]))
    client = Client()
    client.force_login(company.person(VOTERS[0]), company.BACKEND)
    begun = time.monotonic()
    assert client.post(deed["url"], deed["data"]).status_code == 302
    return time.monotonic() - begun


def pass_time():
    """Let so much time pass that all that waits is due, and forget the server's last failure."""
    cache.clear()
    long_ago = timezone.now() - timedelta(days=1)
    waiting = Notification.objects.filter(mail_state=MailState.WAITING)
    waiting.update(next_attempt_at=long_ago)


def run():
    """One run of the program that delivers; where an e-mail fails that is no failure of it."""
    call_command("process_workflows", verbosity=0)


def states():
    return Counter(Notification.objects.values_list("mail_state", flat=True))


@pytest.mark.parametrize("manner", FAILING)
def test_a_decision_stands_is_quick_and_its_mail_comes_once_when_the_server_is_well_again(
    pending, settings, monkeypatch, manner
):
    settings.EMAIL_TIMEOUT = 1
    monkeypatch.setattr(outbox, "SECONDS", 1)
    with mail_server(settings, manner) as server:
        assert decide(pending) < QUICK
        pending.refresh_from_db()
        assert pending.state == State.APPROVED
        assert findings.of_proposals([pending]) == []
        pass_time()
        run()
        assert states()[MailState.WAITING] > 0
        server.manner = ""
        for _time in range(2):
            pass_time()
            run()
        told = Notification.objects.exclude(mail_state=MailState.NONE)
        assert states() == {MailState.SENT: told.count()}
        assert Counter(to for to, _id in server.taken) == Counter(
            told.values_list("person__email", flat=True)
        )
        assert len({message_id for _to, message_id in server.taken}) == told.count() > 8


def test_what_a_server_took_without_saying_so_goes_out_again_under_the_same_id(pending, settings):
    with mail_server(settings, "takes and hangs up") as server:
        pass_time()
        run()
        server.manner = ""
        pass_time()
        run()
        assert states() == {MailState.SENT: 8}
        first = server.taken[0]
        assert server.taken.count(first) == 2
        assert len(set(server.taken)) == 8


def test_a_message_is_tried_ever_later_and_in_the_end_given_up_for_an_administrator_to_see(
    pending, settings
):
    with mail_server(settings, "refuses messages") as server:
        waits = []
        for _attempt in range(outbox.MOST_ATTEMPTS):
            pass_time()
            run()
            first = Notification.objects.order_by("pk").first()
            if first.mail_state == MailState.WAITING:
                waits.append(round((first.next_attempt_at - timezone.now()) / timedelta(minutes=1)))
        assert waits == [min(2**n, 360) for n in range(outbox.MOST_ATTEMPTS - 1)]
        assert states() == {MailState.FAILED: 8}
        adam = Client()
        person = company.person("adam")
        adam.force_login(person, company.BACKEND)
        page = adam.get(reverse("admin:approvals_notification_changelist")).content.decode()
        assert page.count("554") >= 8 or "Given up" in page
        server.manner = ""
        assert outbox.send_again(Notification.objects.filter(attempts=F("attempts"))) == 8
        pass_time()
        run()
        assert states() == {MailState.SENT: 8}
        assert len(set(server.taken)) == len(server.taken) == 8
