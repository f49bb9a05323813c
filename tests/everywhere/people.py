"""The seven kinds of people, and nobody at all, who try every address."""

from django.contrib.auth.models import Group

# Username -> group; those who have something to do in Django admin are staff.
ROLES = {
    "another_clerk": "Clerk",
    "another_approver": "Approver",
    "another_steward": "Data steward",
    "another_administrator": "Administrator",
    "another_auditor": "Auditor",
}
STAFF = {"another_steward", "another_administrator", "another_auditor"}
# In the order of the columns of the table.
PEOPLE = (*ROLES, "root", "nobody", "anonymous")


def make(name, person):
    """One of PEOPLE, or None who is logged in as nobody. person: makes one."""
    if name == "anonymous":
        return None
    if name == "root":
        return person(name, is_superuser=True, is_staff=True)
    groups = [ROLES[name]] if name in ROLES else []
    return person(name, *groups, is_staff=name in STAFF)


def dismiss(someone):
    """Take all rights from a person who stays logged in."""
    someone.groups.remove(*Group.objects.all())
    type(someone).objects.filter(pk=someone.pk).update(is_staff=False, is_superuser=False)
