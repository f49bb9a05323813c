"""Short ways to make people be told, and to read what they were told."""

from unittest import mock

from django.core import mail
from django.db import transaction

from approvals.changes import change_records
from approvals.deciding import decisions
from approvals.imports import import_jobs
from approvals.models import Behavior, Notification, Occasion, WorkItem
from approvals.notifying import outbox
from approvals.outcomes import Change
from customers.models import Customer
from tests.approvals.helpers import import_source
from tests.customers.factories import customer

SITE = "https://approvals.example"


def import_limits(by, accounts, source=None):
    source = source or import_source(by, Behavior.PROPOSE)
    changes = [Change(customer(key).account, {"credit_limit": "5"}) for key in accounts]
    change_records(Customer, changes, by=by, source=source)
    source.job.rows += len(changes)
    import_jobs.finish(source.job)
    return source


def decide_all(person, action, comment=""):
    items = WorkItem.objects.filter(assignee=person, state="open")
    rows = items.values_list("pk", "proposal__revision")
    votes = [decisions.Vote(*row) for row in rows]
    return decisions.decide(votes, action, by=person, comment=comment)


def told(person, occasion=None):
    """The notifications of a person, oldest first."""
    found = Notification.objects.filter(person=person).order_by("pk")
    return list(found.filter(occasion=occasion) if occasion else found)


def only_mail():
    [message] = mail.outbox
    mail.outbox.clear()
    return message


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
