"""Short ways to make people be told, and to read what they were told."""

from django.core import mail

from approvals.changes import change_records
from approvals.deciding import decisions
from approvals.imports import import_jobs
from approvals.models import Behavior, Notification, WorkItem
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
