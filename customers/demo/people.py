"""Who works at the demo's company."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext as _

PASSWORD = "bicycle-lane-2026"  # noqa: S105  (the demo refuses to run in production)
CREDIT_CONTROL = "Credit control"
# Made when the company is, and never renamed: whose database this is can be told by it.
FOUNDER = "set-up-by-demo"


@dataclass(frozen=True)
class Person:
    """Someone who can log in, with the PASSWORD of all. groups: roles and departments."""

    username: str
    first_name: str
    last_name: str
    job: str
    groups: tuple[str, ...]


# Their part of the work stands in Django admin, or some of it.
IN_ADMIN = {"Administrator", "Data steward", "Auditor"}

PEOPLE = (
    Person("emma", "Emma", "de Wit", "Clerk", ("Clerk",)),
    Person("jonas", "Jonas", "Lindgren", "Clerk", ("Clerk",)),
    Person("sofia", "Sofia", "Bakker", "Credit manager", ("Approver", CREDIT_CONTROL)),
    Person("lucas", "Lucas", "Moreau", "Credit controller", ("Approver", CREDIT_CONTROL)),
    Person("henrik", "Henrik", "Maes", "Finance director", ("Approver",)),
    Person("nadia", "Nadia", "Petit", "Data steward", ("Data steward",)),
    Person("oskar", "Oskar", "Berg", "Administrator", ("Administrator", "Data steward")),
    Person("ingrid", "Ingrid", "Holm", "Auditor", ("Auditor",)),
)


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


def founder() -> User:
    """An account that nobody can log in to, under which the company's data are loaded."""
    user = User.objects.create_user(FOUNDER, first_name=_("Demo"), last_name=_("set-up"))
    user.groups.add(Group.objects.get(name="Clerk"))
    return user


def the(username: str) -> User:
    """One of the company's people. Raises User.DoesNotExist where the account is gone."""
    return User.objects.get(username=username)
