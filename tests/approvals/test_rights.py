"""Each change of somebody's rights leaves one entry: who, whom, old, new, from where."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse

from approvals.models import Origin, Verb, WorkflowEvent
from approvals.seals.verifying import Report, verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(db):
    """A function that returns the entries about rights since it was last asked."""
    seen = set()

    def ask():
        events = WorkflowEvent.objects.filter(verb=Verb.RIGHTS_CHANGED).exclude(pk__in=seen)
        found = list(events.order_by("pk"))
        seen.update(event.pk for event in found)
        return [(e.record_key, e.field, e.old, e.new) for e in found]

    return ask


@pytest.fixture
def zoe(person, told):
    zoe = person("zoe", "Clerk")
    told()
    return zoe


@pytest.fixture
def extra(told):
    group = Group.objects.create(name="Extra")
    group.permissions.add(permission("view_user"))
    told()
    return group


def permission(codename):
    return Permission.objects.get(codename=codename)


def test_a_new_person_has_an_entry_for_each_right(told):
    User.objects.create_superuser("root", password="secret")
    assert told() == [
        ("root", name, None, "1") for name in ("is_active", "is_staff", "is_superuser")
    ]


def test_a_switch_leaves_one_entry_with_both_values(zoe, told):
    for name, old, new in (
        ("is_staff", "0", "1"),
        ("is_superuser", "0", "1"),
        ("is_active", "1", "0"),
    ):
        setattr(zoe, name, new == "1")
        zoe.save()
        assert told() == [("zoe", name, old, new)]
        zoe.save(update_fields=[name])
        assert told() == []


def test_what_is_saved_besides_leaves_none(zoe, told, client):
    zoe.first_name, zoe.is_staff = "Z", True
    zoe.save(update_fields=["first_name"])
    client.force_login(zoe)
    assert told() == []


def test_a_password_leaves_an_entry_without_it(zoe, told):
    zoe.set_password("another-one-entirely")
    zoe.save()
    assert told() == [("zoe", "password", None, None)]
    zoe.password = "md5$x$y"
    zoe.save()
    assert told() == [("zoe", "password", None, None)]


def test_a_password_that_is_only_hashed_anew_is_the_same(zoe, told, settings):
    hashers = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    settings.PASSWORD_HASHERS = hashers
    before = zoe.password
    assert zoe.check_password("password")
    zoe.refresh_from_db()
    assert zoe.password != before
    assert told() == []


IN_AND_OUT = {
    "add": (lambda zoe, extra: zoe.groups.add(extra), ("zoe", "groups", "", "Extra")),
    "add to the group": (
        lambda zoe, extra: extra.user_set.add(zoe),
        ("zoe", "groups", "", "Extra"),
    ),
    "remove": (
        lambda zoe, extra: zoe.groups.remove(*Group.objects.all()),
        ("zoe", "groups", "Clerk", ""),
    ),
    "remove from the group": (
        lambda zoe, extra: Group.objects.get(name="Clerk").user_set.remove(zoe),
        ("zoe", "groups", "Clerk", ""),
    ),
    "clear": (lambda zoe, extra: zoe.groups.clear(), ("zoe", "groups", "Clerk", "")),
    "clear the group": (
        lambda zoe, extra: Group.objects.get(name="Clerk").user_set.clear(),
        ("zoe", "groups", "Clerk", ""),
    ),
    "a person's permission": (
        lambda zoe, extra: zoe.user_permissions.add(permission("view_user")),
        ("zoe", "user_permissions", "", "auth.view_user"),
    ),
    "a group's permissions": (
        lambda zoe, extra: extra.permissions.add(
            permission("view_user"), permission("add_user"), permission("add_group")
        ),
        ("Extra", "permissions", "", "auth.add_group, auth.add_user"),
    ),
    "taken from a group": (
        lambda zoe, extra: permission("view_user").group_set.remove(extra),
        ("Extra", "permissions", "auth.view_user", ""),
    ),
    "a group that is removed": (
        lambda zoe, extra: extra.delete(),
        ("Extra", "permissions", "auth.view_user", ""),
    ),
}


@pytest.mark.parametrize(("way", "entry"), IN_AND_OUT.values(), ids=IN_AND_OUT)
def test_what_is_given_or_taken_leaves_one_entry(way, entry, zoe, extra, told):
    way(zoe, extra)
    assert told() == [entry]
    event = WorkflowEvent.objects.filter(verb=Verb.RIGHTS_CHANGED).last()
    assert (event.actor, event.origin) == (None, Origin.CODE)


def test_what_was_so_already_leaves_none(zoe, extra, told):
    zoe.groups.add(Group.objects.get(name="Clerk"))
    zoe.groups.remove(extra)
    extra.user_set.clear()
    assert told() == []


def test_whoever_is_removed_loses_everything(zoe, told):
    zoe.delete()
    assert told() == [("zoe", "groups", "Clerk", ""), ("zoe", "is_active", "1", None)]


def test_a_group_that_is_removed_is_taken_from_its_members(zoe, extra, told):
    zoe.groups.add(extra)
    told()
    extra.delete()
    assert told() == [
        ("zoe", "groups", "Extra", ""),
        ("Extra", "permissions", "auth.view_user", ""),
    ]


# In Django admin


@pytest.fixture
def as_root(client, told):
    root = User.objects.create_superuser("root", password="secret")
    client.force_login(root)
    told()
    return client


def person_form(user, **changed):
    values = {
        "username": user.username,
        "groups": [group.pk for group in user.groups.all()],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "is_active": "on",
        "report_to-TOTAL_FORMS": 0,
        **changed,
    }
    return {name: value for name, value in values.items() if value is not None}


def inline_management(html):
    import re

    names = re.findall(r'name="([\w-]+-(?:TOTAL|INITIAL)_FORMS)" value="(\d+)"', html)
    return dict(names)


def test_admin_names_who_did_it(as_root, zoe, extra, told):
    url = reverse("admin:auth_user_change", args=[zoe.pk])
    inlines = inline_management(as_root.get(url).content.decode())
    form = person_form(zoe, groups=[extra.pk], is_staff="on", **inlines)
    assert as_root.post(url, form).status_code == 302
    assert told() == [
        ("zoe", "is_staff", "0", "1"),
        ("zoe", "groups", "Clerk", ""),
        ("zoe", "groups", "", "Extra"),
    ]
    events = WorkflowEvent.objects.filter(record_key="zoe").order_by("-pk")[:3]
    assert {(e.actor.username, e.origin) for e in events} == {("root", Origin.ADMIN)}
    html = as_root.get(reverse("admin:approvals_workflowevent_changelist")).content.decode()
    assert "Staff status" in html
    assert "Rights changed" in html


def test_a_password_set_in_admin_leaves_one_entry(as_root, zoe, told):
    url = reverse("admin:auth_user_password_change", args=[zoe.pk])
    words = {"password1": "entirely-another-1", "password2": "entirely-another-1"}
    form = {**words, "usable_password": "true"}
    assert as_root.post(url, form).status_code == 302
    assert told() == [("zoe", "password", None, None)]


def test_ones_own_password_leaves_one_entry(client, zoe, told):
    client.force_login(zoe)
    words = {"old_password": "password", "new_password1": "entirely-another-1"}
    form = {**words, "new_password2": "entirely-another-1"}
    assert client.post(reverse("password_change"), form).status_code == 302
    assert told() == [("zoe", "password", None, None)]
    event = WorkflowEvent.objects.filter(verb=Verb.RIGHTS_CHANGED).last()
    assert (event.actor, event.origin) == (zoe, Origin.BROWSER)


def test_all_of_it_is_sealed(zoe, extra):
    zoe.groups.add(extra)
    found = []
    verify(Report(found.append))
    assert found == []
