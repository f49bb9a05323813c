"""When notifications are written, to whom e-mails go, and what it costs."""

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from approvals import proposals
from approvals.models import (
    Action,
    MailState,
    Notification,
    Occasion,
    Proposal,
    State,
    Verb,
    WorkItem,
)
from approvals.notifying import notifications
from customers.models import Customer
from tests.approvals.helpers import vote
from tests.unguarded import ungoverned, unguarded

from .helpers import decide_all, import_limits, only_mail, told

pytestmark = pytest.mark.django_db


def test_a_notification_stands_or_falls_with_what_it_tells(commit, propose, clerk, approver):
    proposal = propose("A")
    with commit() as callbacks:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            proposals.submit(proposal.pk, by=clerk)
            assert len(told(approver)) == 1
            raise ZeroDivisionError
        assert mail.outbox == []
    assert callbacks == [] and mail.outbox == [] and told(approver) == []


def test_what_cannot_be_told_is_not_done(commit, submitted, approver, monkeypatch):
    proposal = submitted("A")
    monkeypatch.setattr("approvals.notifying.notices.render_to_string", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        vote(approver, proposal, Action.REJECT, "No")
    assert Proposal.objects.get().state == State.PENDING


def test_an_event_is_one_notification_in_the_app_and_by_email(commit, propose, clerk, approver):
    proposal = propose("A")
    with commit():
        proposals.submit(proposal.pk, by=clerk)
    [notification] = told(approver)
    item = WorkItem.objects.get()
    assert notification.occasion == Occasion.ASSIGNED
    assert (notification.proposal, notification.count) == (proposal, 1)
    assert notification.url == reverse("approvals:decide", args=[item.pk])
    assert notification.mail_state == MailState.SENT and notification.read_at is None
    assert notification.body in only_mail().body
    assert "Credit limit: (empty) → 1,000.00" in notification.body


@pytest.mark.parametrize("values", [{"email": ""}, {"is_active": False}])
def test_people_without_an_address_or_who_have_left_get_no_email(
    commit, submitted, clerk, approver, values
):
    proposal = submitted("A")
    type(clerk).objects.filter(pk=clerk.pk).update(**values)
    with commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert mail.outbox == []
    [notification] = told(clerk)
    assert notification.mail_state == MailState.NONE and notification.next_attempt_at is None


def test_a_line_break_in_a_key_starts_no_header(commit, submitted, approver):
    proposal = submitted("A")
    with unguarded():
        Proposal.objects.update(record_key="A\r\nBcc: everyone@example.com")
    proposal.refresh_from_db()
    with commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert only_mail().subject == "Rejected: changes to A Bcc: everyone@example.com"


def test_mail_is_written_in_the_language_of_the_house(commit, submitted, approver):
    proposal = submitted("A")
    with translation.override("nl"), commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert "(empty) → 1,000.00" in only_mail().body


def test_no_text_ends_with_two_full_stops(
    submitted, steward, clerk, approver, second_approver, administrator
):
    first, second = submitted("A"), submitted("B")
    import_limits(steward, ["C"])
    vote(approver, first)
    with ungoverned():
        Customer.objects.filter(account="A").update(credit_limit=77)
    vote(second_approver, first)
    vote(approver, second, Action.REJECT, "No.")
    notifications.reminded(list(WorkItem.objects.filter(state="open")))
    texts = [notification.body for notification in Notification.objects.all()]
    assert len(texts) > 6 and not [text for text in texts if ".." in text or ". ." in text]


def statements(action):
    with CaptureQueriesContext(connection) as captured:
        action()
    return len(captured)


def test_a_thousand_proposals_are_told_of_in_as_many_statements_as_ten(
    steward, approver, second_approver
):
    counts = []
    for count in (10, 1000):
        import_limits(steward, [f"{count}-{number}" for number in range(count)])
        items = list(WorkItem.objects.filter(state="open").select_related("proposal"))
        found = [item.proposal for item in items]
        counts.append(
            (
                statements(lambda found=items: notifications.assigned(found)),
                statements(
                    lambda found=found, by=approver: notifications.decided(
                        found, Verb.REJECTED, by=by, comment="No"
                    )
                ),
                statements(lambda found=found, by=approver: notifications.recalled(found, [], by)),
            )
        )
        decide_all(approver, Action.REJECT, "No")
    assert counts[0] == counts[1] and max(counts[0]) < 10
