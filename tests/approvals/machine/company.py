"""The small company that the machine acts in."""

from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from approvals import parameters, workflows
from approvals.models import (
    Assignment,
    AutomaticAction,
    Operator,
    Policy,
    ReportingLine,
    StepCondition,
    Subject,
    TimeUnit,
    Workflow,
)
from customers.models import Customer
from tests.conftest import make_person
from tests.customers.factories import customer

PEOPLE = {
    "clara": ["Clerk"],
    "chris": ["Clerk"],
    "both": ["Clerk", "Approver"],
    "anna": ["Approver"],
    "ben": ["Approver"],
    "dora": ["Clerk", "Approver"],
    "stella": ["Data steward"],
    "adam": ["Administrator"],
    "root": [],
}
# Adam touches no change: so there is always somebody who may decide.
WORKERS = sorted(set(PEOPLE) - {"adam"})
ACCOUNTS = ("M-1", "M-2")
GOVERNED = ("credit_limit", "name")
VALUES = {
    "credit_limit": ("100", "200", "5000"),
    "name": ("Alpha", "Beta", "Gamma"),
    "phone": ("1", "2", "3"),
}


def found_company() -> None:
    """People, two customers, governed fields; once for all runs of the machine."""
    for name, groups in PEOPLE.items():
        make_person(name, *groups, is_staff=name == "adam", is_superuser=name == "root")
    for name in ("both", "clara"):
        ReportingLine.objects.create(person=person(name), manager=person("anna"))
    for account in ACCOUNTS:
        customer(account, name="Alpha", credit_limit="100", phone="1")
    parameters.set_parameters(
        Customer, by=person("adam"), enabled=True, fields=dict.fromkeys(GOVERNED, True)
    )


def person(name) -> User:
    """The person as stored now: rights are asked afresh."""
    return User.objects.get(username=name)


def set_up_workflow(policy: Policy, percentage, *, managers, conditional, rule) -> None:
    """An active version: a group decides by `policy`, then one person or a manager.

    conditional: the second step only applies to a raised credit limit. rule: approve
    or reject at once what raises it to more than 1,000; None for no rule.
    """
    customers = ContentType.objects.get_for_model(Customer)
    version = Workflow.objects.create(content_type=customers, name="W").versions.create(number=1)
    first = version.steps.create(
        position=1, name="Group", policy=policy, percentage=percentage,
        time_limit=8, time_unit=TimeUnit.HOURS,
    )  # fmt: skip
    first.groups.set([Group.objects.get(name="Approver")])
    second = version.steps.create(
        position=2,
        name="Last",
        assignment=Assignment.MANAGERS if managers else Assignment.PARTICIPANTS,
    )
    second.users.set([person("dora"), person("ben")])
    if managers:
        first.escalation_levels.create(position=1, kind="user", user=person("ben"), time_limit=8)
    if conditional:
        StepCondition.objects.create(step=second, **_raised_by_more_than("50"))
    if rule:
        action = AutomaticAction.objects.create(version=version, name="Rule", decision=rule)
        action.conditions.create(**_raised_by_more_than("1000"))
    workflows.activate(version, by=person("adam"))


def _raised_by_more_than(amount):
    return {
        "subject": Subject.RAISED,
        "field": "credit_limit",
        "operator": Operator.MORE,
        "value": amount,
    }


def later(hours):
    """A moment some hours from now."""
    return timezone.now() + timezone.timedelta(hours=hours)
