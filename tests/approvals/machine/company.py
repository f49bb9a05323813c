"""The small company that the machine acts in."""

from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from approvals import parameters
from approvals.models import (
    Assignment,
    AutomaticAction,
    Operator,
    Policy,
    ReportingLine,
    Subject,
    TimeUnit,
    Workflow,
)
from approvals.workflow import workflows
from customers.models import Customer
from tests.conftest import make_person
from tests.customers.factories import customer

PEOPLE = {
    "clara": ["Clerk"],
    "chris": ["Clerk"],
    "anna": ["Approver"],
    "both": ["Clerk", "Approver"],
    "ben": ["Approver"],
    "dora": ["Clerk", "Approver"],
    "stella": ["Data steward"],
    "adam": ["Administrator"],
    "root": [],
}
MANAGERS = {"both": "anna", "clara": "anna", "stella": "anna", "chris": "ben", "dora": "ben"}
# Adam touches no change: so there is always somebody who may decide.
WORKERS = sorted(set(PEOPLE) - {"adam"})
ACCOUNTS = ("M-1", "M-2")
NEW_ACCOUNTS = ("N-1", "N-2")
GOVERNED = ("city", "credit_limit", "name")
VALUES = {
    "credit_limit": ("100", "200", "5000"),
    "name": ("Alpha", "Beta", "Gamma"),
    "city": ("Breda", "Delft", "Gouda"),
    "phone": ("111", "222", "333"),
}
# Conditions of the second step: what it looks at, the field, the comparison, the value.
CONDITIONS = {
    "raised": (Subject.RAISED, "credit_limit", Operator.MORE, "50"),
    "phone": (Subject.RECORD, "phone", Operator.IS, "222"),
    "name": (Subject.RECORD, "name", Operator.IS, "Alpha"),
    "origin": (Subject.ORIGIN, "", Operator.IS, "import"),
}


def found_company() -> None:
    """People, two customers, governed fields; once for all runs of the machine."""
    for name, groups in PEOPLE.items():
        make_person(name, *groups, is_staff=name == "adam", is_superuser=name == "root")
    for name, manager in MANAGERS.items():
        ReportingLine.objects.create(person=person(name), manager=person(manager))
    for account in ACCOUNTS:
        customer(account, name="Alpha", credit_limit="100", phone="111")
    parameters.set_parameters(
        Customer, by=person("adam"), enabled=True, fields=dict.fromkeys(GOVERNED, True)
    )


def person(name) -> User:
    """The person as stored now: rights are asked afresh."""
    return User.objects.get(username=name)


def set_up_workflow(policy: Policy, percentage, *, few, managers, condition, rule) -> None:
    """An active version: some decide by `policy`, then one of two people, or a manager.

    few: two people decide first, else the group of all approvers. condition: one of
    CONDITIONS, for the second step; None: it always applies. rule: approve or reject at
    once what raises the credit limit by more than 1,000; None for no rule.
    """
    customers = ContentType.objects.get_for_model(Customer)
    version = Workflow.objects.create(content_type=customers, name="W").versions.create(number=1)
    first = version.steps.create(
        position=1, name="First", policy=policy, percentage=percentage,
        time_limit=8, time_unit=TimeUnit.HOURS,
    )  # fmt: skip
    if few:
        first.users.set([person("anna"), person("both")])
    else:
        first.groups.set([Group.objects.get(name="Approver")])
    second = version.steps.create(
        position=2,
        name="Last",
        assignment=Assignment.MANAGERS if managers else Assignment.PARTICIPANTS,
    )
    second.users.set([person("dora"), person("ben")])
    if managers:
        first.escalation_levels.create(position=1, kind="user", user=person("ben"), time_limit=8)
    if condition:
        second.conditions.create(**_row(*CONDITIONS[condition]))
    if rule:
        action = AutomaticAction.objects.create(version=version, name="Rule", decision=rule)
        action.conditions.create(**_row(Subject.RAISED, "credit_limit", Operator.MORE, "1000"))
    workflows.activate(version, by=person("adam"))


def _row(subject, field, operator, value):
    return {"subject": subject, "field": field, "operator": operator, "value": value}


def later(hours):
    """A moment some hours from now."""
    return timezone.now() + timezone.timedelta(hours=hours)
