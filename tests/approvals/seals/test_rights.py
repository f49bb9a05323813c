"""People and groups have the rights that the history gave them, and no others."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection

from approvals.seals.rights import follow
from approvals.seals.verifying import Report

pytestmark = pytest.mark.django_db
MEMBERS, OWN, GIVEN = (
    User.groups.through,
    User.user_permissions.through,
    Group.permissions.through,
)


def findings():
    found = []
    follow(Report(found.append))
    return found


def permission(codename):
    return Permission.objects.get(codename=codename)


@pytest.fixture
def zoe(person):
    zoe = person("zoe", "Clerk")
    zoe.user_permissions.add(permission("view_user"))
    return zoe


@pytest.fixture
def sales():
    """A group whose name holds what stands between two names of an entry."""
    sales = Group.objects.create(name="Sales, West")
    sales.permissions.add(permission("view_user"), permission("view_group"))
    return sales


def test_what_the_program_gave_and_took_follows(zoe, sales):
    zoe.groups.add(sales, Group.objects.get(name="Approver"))
    zoe.is_superuser = zoe.is_staff = True
    zoe.save()
    zoe.groups.remove(Group.objects.get(name="Clerk"))
    zoe.is_superuser = False
    zoe.save()
    sales.permissions.remove(permission("view_group"))
    zoe.set_password("another-one-entirely")
    zoe.username, zoe.email = "zora", "zora@example.com"
    zoe.save()
    assert findings() == []


def test_a_group_of_another_name_is_the_same_group(zoe, sales):
    zoe.groups.add(sales)
    sales.name = "Sales"
    sales.save()
    clerks = Group.objects.get(name="Clerk")
    clerks.name = "Clerks"
    clerks.save()
    assert findings() == []
    zoe.groups.remove(sales, clerks)
    assert findings() == []


def test_who_and_what_is_gone_has_nothing_left(zoe, sales):
    zoe.groups.add(sales)
    sales.delete()
    assert findings() == []
    zoe.delete()
    assert findings() == []


PAST_THE_HISTORY = {
    "in a group": (
        lambda zoe: MEMBERS.objects.create(user=zoe, group=Group.objects.get(name="Approver")),
        "zoe, groups: the history says '', but there is 'Approver'.",
    ),
    "out of a group": (
        lambda zoe: MEMBERS.objects.filter(user=zoe).delete(),
        "zoe, groups: the history says 'Clerk', but there is ''.",
    ),
    "into another group": (
        lambda zoe: MEMBERS.objects.update(group=Group.objects.get(name="Approver")),
        "zoe, groups: the history says 'Clerk', but there is 'Approver'.",
    ),
    "a superuser": (
        lambda zoe: User.objects.update(is_superuser=True),
        "zoe, is_superuser: the history says '', but there is '1'.",
    ),
    "out of work": (
        lambda zoe: User.objects.update(is_active=False),
        "zoe, is_active: the history says '1', but there is ''.",
    ),
    "a permission of her own": (
        lambda zoe: OWN.objects.create(user=zoe, permission=permission("add_user")),
        "zoe, user_permissions: the history says '', but there is 'auth.add_user'.",
    ),
    "a permission of all clerks": (
        lambda zoe: GIVEN.objects.create(
            group=Group.objects.get(name="Clerk"), permission=permission("add_user")
        ),
        "Clerk, permissions: the history says '', but there is 'auth.add_user'.",
    ),
    "somebody new": (
        lambda zoe: User.objects.bulk_create([User(username="eve", is_active=True)]),
        "eve, is_active: the history says '', but there is '1'.",
    ),
    "another name of a group": (
        lambda zoe: Group.objects.filter(name="Clerk").update(name="Clerks"),
        "zoe, groups: the history says 'Clerk', but there is 'Clerks'.",
    ),
}


@pytest.mark.parametrize(("deed", "told"), PAST_THE_HISTORY.values(), ids=PAST_THE_HISTORY)
def test_what_was_done_past_the_history_is_found(zoe, deed, told):
    deed(zoe)
    assert f"Rights of {told}" in findings()


def test_who_was_removed_past_the_history_is_found(zoe):
    MEMBERS.objects.all().delete()
    OWN.objects.all().delete()
    User.objects.all()._raw_delete("default")
    assert "Rights of zoe, is_active: the history says '1', but there is ''." in findings()


def test_to_and_fro_is_found_where_the_program_does_one_half(zoe):
    approvers = Group.objects.get(name="Approver")
    MEMBERS.objects.create(user=zoe, group=approvers)
    zoe.groups.remove(approvers)
    assert findings() == ["Rights of zoe, groups: the history says '', but there is 'Approver'."]
    MEMBERS.objects.all().delete()
    zoe.groups.add(Group.objects.get(name="Clerk"))
    assert "Rights of zoe, groups: the history says 'Clerk', but there is ''." in findings()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite takes anything")
def test_a_right_that_python_reads_as_none_is_found(zoe):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE auth_user SET is_superuser = 'x'")
    assert "Rights of zoe: one that is neither given nor not." in findings()


def test_the_command_tells(zoe, capsys):
    User.objects.update(is_staff=True)
    with pytest.raises(SystemExit):
        call_command("verify_history")
    assert "Rights of zoe, is_staff: the history says ''" in capsys.readouterr().out
