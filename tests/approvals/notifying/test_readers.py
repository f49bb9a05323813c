"""E-mails hold changed values: they go to those alone who may see them, still."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Action, MailState, Notification, Occasion
from approvals.notifying import outbox
from tests.approvals.helpers import vote

from .helpers import decide_all, import_limits, told

pytestmark = pytest.mark.django_db


def withdraw(person, codename):
    """Leave a person all rights but one."""
    group = Group.objects.create(name=f"{person} without {codename}")
    held = Permission.objects.filter(group__user=person).exclude(codename=codename)
    group.permissions.set(held)
    person.groups.set([group])


@pytest.mark.parametrize("codename", ["view_proposal", "view_customer"])
def test_who_may_not_see_it_when_it_is_written_gets_no_email(
    commit, submitted, clerk, approver, codename
):
    proposal = submitted("A")
    withdraw(clerk, codename)
    with commit():
        vote(approver, proposal, Action.REJECT, "No")
    [notification] = told(clerk)
    assert (notification.mail_state, notification.next_attempt_at) == (MailState.WITHHELD, None)
    outbox.deliver()
    assert [message.to for message in mail.outbox] == [["approver@example.com"]]


@pytest.mark.parametrize("codename", ["view_proposal", "view_customer"])
def test_who_may_no_longer_see_it_when_it_is_sent_gets_no_email(
    submitted, clerk, approver, codename
):
    vote(approver, submitted("A"), Action.REJECT, "No")
    assert told(clerk)[0].mail_state == MailState.WAITING
    withdraw(clerk, codename)
    assert outbox.deliver()["withheld"] == 1
    assert told(clerk)[0].mail_state == MailState.WITHHELD
    assert clerk.email not in [message.to[0] for message in mail.outbox]
    assert outbox.deliver() == {}


@pytest.mark.parametrize("codename", ["view_proposal", "view_customer"])
def test_a_right_that_is_withdrawn_between_two_emails_is_gone(
    submitted, clerk, approver, codename, monkeypatch
):
    vote(approver, submitted("A"), Action.REJECT, "No")
    send = outbox._send

    def send_and_withdraw(*args):
        withdraw(clerk, codename)
        return send(*args)

    monkeypatch.setattr(outbox, "_send", send_and_withdraw)
    outbox.deliver()
    assert [message.to for message in mail.outbox] == [[approver.email]]


def test_an_import_and_many_at_once_are_withheld_alike(steward, clerk, approver, submitted):
    withdraw(approver, "view_customer")
    import_limits(steward, ["A", "B"])
    submitted("C"), submitted("D")
    decide_all(approver, Action.REJECT, "No")
    assert [n.mail_state for n in told(approver)] == [MailState.WITHHELD] * 3
    assert [n.mail_state for n in told(clerk, Occasion.REJECTED)] == [MailState.WAITING]
    withdraw(clerk, "view_customer")
    outbox.deliver()
    assert told(clerk, Occasion.REJECTED)[0].mail_state == MailState.WITHHELD


def test_the_statements_of_sorting_out_do_not_grow_with_the_notifications(clerk, person):
    counts = []
    for count in (2, 40):
        readers = [person(f"reader{count}-{number}") for number in range(count)]
        rows = [Notification(person=p, occasion=Occasion.REJECTED, subject="S") for p in readers]
        with CaptureQueriesContext(connection) as queries:
            outbox.write(rows)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Notification.objects.filter(mail_state=MailState.WITHHELD).count() == 42
