"""Each change of somebody's rights leaves one entry: who, whom, old, new, from where."""

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test.utils import isolate_apps
from django.urls import reverse

from approvals import history, rights
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
    zoe.last_login, zoe.is_staff = None, True
    zoe.save(update_fields=["last_login"])
    client.force_login(zoe)
    assert told() == []


def test_another_name_or_address_leaves_one_entry_with_both(zoe, told):
    for name, old, new in (
        ("username", "zoe", "anna"),
        ("first_name", "", "Anna"),
        ("last_name", "", "Approver"),
        ("email", "zoe@example.com", "anna@example.com"),
    ):
        setattr(zoe, name, new)
        zoe.save()
        assert told() == [(zoe.username, name, old, new)]
        zoe.save(update_fields=[name])
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


def test_a_group_that_gets_another_name_leaves_one_entry(extra, told):
    extra.name = "Other"
    extra.save()
    extra.save()
    assert told() == [("Other", "name", "Extra", "Other")]
    extra.name = "Third"
    extra.save(update_fields=[])
    assert told() == []


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
        "email": user.email,
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


# A change and its entry are one: neither without the other


PASSWORD = {"new_password1": "entirely-another-1", "new_password2": "entirely-another-1"}
ADMIN_PASSWORD = {
    "password1": "entirely-another-1",
    "password2": "entirely-another-1",
    "usable_password": "true",
}


def switch(zoe, client):
    zoe.is_superuser = True
    zoe.save()


def own_password(zoe, client):
    client.force_login(zoe)
    client.post(reverse("password_change"), {"old_password": "password", **PASSWORD})


def password_in_admin(zoe, client):
    client.force_login(User.objects.get(username="root"))
    client.post(reverse("admin:auth_user_password_change", args=[zoe.pk]), ADMIN_PASSWORD)


def password_disabled_in_admin(zoe, client):
    client.force_login(User.objects.get(username="root"))
    url = reverse("admin:auth_user_password_change", args=[zoe.pk])
    client.post(url, {**ADMIN_PASSWORD, "usable_password": "false", "unset-password": "1"})


ONE_BY_ONE = {
    "a switch, by code": switch,
    "one's own password": own_password,
    "a password, in admin": password_in_admin,
    "a password disabled, in admin": password_disabled_in_admin,
    "a group": lambda zoe, client: zoe.groups.add(Group.objects.get(name="Approver")),
    "a new person": lambda zoe, client: User.objects.create_user("new"),
    "a person removed": lambda zoe, client: zoe.delete(),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ONE_BY_ONE.values(), ids=ONE_BY_ONE)
def test_what_leaves_no_entry_does_not_stand(way, person, client, monkeypatch):
    zoe = person("zoe", "Clerk")
    User.objects.create_superuser("root", password="secret")
    before = rights_on_record()
    with monkeypatch.context() as failing:
        failing.setattr(history, "record", failed)
        with pytest.raises(ZeroDivisionError):
            way(zoe, client)
    assert rights_on_record() == before
    way(User.objects.get(pk=zoe.pk), client)
    assert rights_on_record() != before


def failed(events):
    if list(events):
        raise ZeroDivisionError


def rights_on_record():
    people = User.objects.order_by("pk")
    return list(people.values_list("username", *rights.FLAGS, "password", "groups"))


# What is done by another name

# The program's own groups that may see people.
THEIRS = ("Administrator", "Auditor")


def test_a_password_that_comes_hashed_leaves_an_entry(zoe, told):
    for names in (None, ["password"]):
        zoe.password = make_password(f"another-one-{names}")
        zoe.save(update_fields=names)
        assert told() == [("zoe", "password", None, None)]


def test_a_permission_that_is_removed_is_taken_from_all(zoe, extra, told):
    gone = permission("view_user")
    zoe.user_permissions.add(gone)
    told()
    gone.delete()
    assert told() == [
        ("zoe", "user_permissions", "auth.view_user", ""),
        *((name, "permissions", "auth.view_user", "") for name in (*THEIRS, "Extra")),
    ]


def test_a_permission_that_goes_with_its_model_is_taken_from_all(zoe, told):
    kind = ContentType.objects.create(app_label="old", model="thing")
    seeing = Permission.objects.create(content_type=kind, codename="see_thing", name="See")
    zoe.user_permissions.add(seeing)
    told()
    kind.delete()
    assert told() == [("zoe", "user_permissions", "old.see_thing", "")]


@pytest.fixture
def proxies(db):
    """People and groups by another name, as another app may have them."""
    with isolate_apps("django.contrib.auth"):

        class Colleague(User):
            class Meta:
                proxy = True
                app_label = "auth"

        class Team(Group):
            class Meta:
                proxy = True
                app_label = "auth"

        rights.watch()
        yield Colleague, Team


def test_people_and_groups_by_another_name_leave_entries_too(proxies, zoe, extra, told):
    colleagues, teams = proxies
    colleague = colleagues.objects.get(pk=zoe.pk)
    colleague.is_staff = True
    colleague.save()
    assert told() == [("zoe", "is_staff", "0", "1")]
    colleague.groups.add(extra)
    assert told() == [("zoe", "groups", "", "Extra")]
    teams.objects.get(pk=extra.pk).delete()
    assert told() == [
        ("zoe", "groups", "Extra", ""),
        ("Extra", "permissions", "auth.view_user", ""),
    ]
    colleague.delete()
    assert told() == [
        ("zoe", "groups", "Clerk", ""),
        ("zoe", "is_active", "1", None),
        ("zoe", "is_staff", "1", None),
    ]


@pytest.mark.parametrize(
    "way",
    [
        lambda zoe, extra: User.objects.filter(pk=zoe.pk).update(is_superuser=True),
        lambda zoe, extra: User.objects.bulk_create([User(username="new", is_superuser=True)]),
        lambda zoe, extra: User.groups.through.objects.create(user=zoe, group=extra),
    ],
)
def test_control_what_django_tells_nobody_of_leaves_none(way, zoe, extra, told):
    """As SECURITY.md says."""
    way(zoe, extra)
    assert told() == []


def test_all_of_it_is_sealed(zoe, extra):
    zoe.groups.add(extra)
    found = []
    verify(Report(found.append))
    assert found == []
