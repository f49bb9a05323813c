"""Who works at the demo's company."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals import acting
from approvals.deciding import substituting
from approvals.models import ReportingLine, Substitution
from approvals.outcomes import CODE

PASSWORD = "bicycle-lane-2026"  # noqa: S105  (the demo refuses to run in production)
CREDIT_CONTROL = "Credit control"
# Made when the company is, and never renamed: whose database this is can be told by it.
FOUNDER = "set-up-by-demo"


@dataclass(frozen=True)
class Person:
    """Someone who can log in, with the PASSWORD of all.

    groups: roles and departments. finds: what there is to see, logged in as her.
    """

    username: str
    first_name: str
    last_name: str
    job: str
    groups: tuple[str, ...]
    finds: str


# Their part of the work stands in Django admin, or some of it.
IN_ADMIN = {"Administrator", "Data steward", "Auditor"}

CREDIT = ("Approver", CREDIT_CONTROL)
PEOPLE = (
    Person("emma", "Emma", "de Wit", "Clerk", ("Clerk",), "her proposals, one rejected"),
    Person(
        "jonas", "Jonas", "Lindgren", "Clerk", ("Clerk",), "a raise that a rule approved: NL-1012"
    ),
    Person(
        "sofia", "Sofia", "Bakker", "Credit manager", CREDIT, "work to claim, with a time limit"
    ),
    Person("lucas", "Lucas", "Moreau", "Credit controller", CREDIT, "the same work, until claimed"),
    Person(
        "pieter",
        "Pieter",
        "Smit",
        "Sales manager",
        ("Approver",),
        "a raise by more than 20 %, and Henrik's work",
    ),
    Person(
        "henrik",
        "Henrik",
        "Maes",
        "Finance director",
        ("Approver",),
        "the last step; who stands in for him",
    ),
    Person("nadia", "Nadia", "Petit", "Data steward", ("Data steward",), "imports"),
    Person(
        "oskar",
        "Oskar",
        "Berg",
        "Administrator",
        ("Administrator", "Data steward"),
        "workflow, rule, managers, fields",
    ),
    Person("ingrid", "Ingrid", "Holm", "Auditor", ("Auditor",), "all history, the inquiry"),
)

# Whoever proposes reports to somebody, also those who import.
MANAGERS = {
    "emma": "pieter",
    "jonas": "pieter",
    "nadia": "pieter",
    "pieter": "henrik",
    "sofia": "henrik",
    "lucas": "henrik",
    "oskar": "henrik",
}
# The finance director travels: for so long the sales manager stands in for him.
AWAY, STAND_IN, DAYS = "henrik", "pieter", 28


def hire() -> None:
    """Make everyone's account."""
    Group.objects.create(name=CREDIT_CONTROL)
    for person in PEOPLE:
        user = User.objects.create_user(
            person.username,
            f"{person.username}@lindeman-vos.example",
            PASSWORD,
            first_name=person.first_name,
            last_name=person.last_name,
            is_staff=bool(IN_ADMIN.intersection(person.groups)),
        )
        user.groups.set(Group.objects.filter(name__in=person.groups))


def organise(*, by: User) -> None:
    """Say who reports to whom, and who stands in for whom from today on."""
    with acting.named(by, CODE):
        for person, manager in MANAGERS.items():
            ReportingLine.objects.create(person=the(person), manager=the(manager))
    today, away = timezone.localdate(), the(AWAY)
    days = {"starts": today, "ends": today + timedelta(days=DAYS)}
    substitution = Substitution(person=away, substitute=the(STAND_IN), **days)
    substituting.save(substitution, by=away, source=CODE)


def founder() -> User:
    """An account that nobody can log in to, under which the company's data are loaded."""
    user = User.objects.create_user(FOUNDER, first_name=_("Demo"), last_name=_("set-up"))
    user.groups.add(Group.objects.get(name="Clerk"))
    return user


def the(username: str) -> User:
    """One of the company's people. Raises User.DoesNotExist where the account is gone."""
    return User.objects.get(username=username)
