"""Substitutions leave an entry in the history by whatever way of Django's they change."""

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from approvals import history
from approvals.deciding import substituting
from approvals.models import Origin, Substitution, Workflow, WorkflowEvent
from customers.models import Customer

from .substitutes import DAY, standing_in, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue(person):
    return person("sue", "Approver", first_name="Sue", last_name="Substitute")


@pytest.fixture
def root(client, person):
    root = person("root", is_superuser=True, is_staff=True)
    client.force_login(root)
    return root


@pytest.fixture
def unused(db):
    """A workflow without versions, which can be removed."""
    customers = ContentType.objects.get_for_model(Customer)
    return Workflow.objects.create(content_type=customers, name="Unused", position=9)


def text(row):
    names = f"{row.substitute.get_full_name()} for {row.person.get_full_name()}"
    return f"{names}, {row.starts} – {row.ends}, {row.workflow or 'everything'}"


def entries():
    found = WorkflowEvent.objects.filter(verb="substitution_changed").order_by("pk")
    return list(found.values_list("actor__username", "origin", "old", "new"))


def remove(client, name, *keys):
    """Remove rows in Django admin's list, which leads over a page that asks."""
    action = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    return client.post(reverse(f"admin:{name}_changelist"), action)


def test_code_that_stores_changes_and_deletes_one_leaves_an_entry_each(approver, sue):
    row = standing_in(approver, sue)
    row.save()
    first = text(row)
    row.save()
    row.ends += DAY
    row.save(update_fields=["ends"])
    second = text(row)
    row.delete()
    assert entries() == [
        (None, Origin.CODE, "", first),
        (None, Origin.CODE, first, second),
        (None, Origin.CODE, second, ""),
    ]


@pytest.mark.parametrize("role", ["person", "substitute"])
@pytest.mark.parametrize("many", [False, True])
def test_one_that_goes_with_a_person_in_admin(client, root, approver, sue, person, role, many):
    leaver = person("leaver", "Approver", first_name="Lea", last_name="Leaver")
    pair = (leaver, approver) if role == "person" else (approver, leaver)
    row, kept = stored(*pair), stored(approver, sue)
    if many:
        remove(client, "auth_user", leaver.pk)
    else:
        client.post(reverse("admin:auth_user_delete", args=[leaver.pk]), {"post": "yes"})
    assert not User.objects.filter(pk=leaver.pk).exists()
    assert Substitution.objects.get() == kept
    assert entries() == [("root", Origin.ADMIN, text(row), "")]


def test_one_that_goes_with_a_workflow_in_admin(client, root, approver, sue, unused):
    row = stored(approver, sue, workflow=unused)
    url = reverse("admin:approvals_workflow_delete", args=[unused.pk])
    client.post(url, {"post": "yes"})
    assert not Workflow.objects.filter(pk=unused.pk).exists()
    assert entries() == [("root", Origin.ADMIN, text(row), "")]


def test_those_that_go_with_people_and_workflows_in_code(approver, sue, person, unused):
    rows = [stored(approver, sue, workflow=unused), stored(person("ted", first_name="Ted"), sue)]
    unused.delete()
    User.objects.filter(username="ted").delete()
    assert entries() == [(None, Origin.CODE, text(row), "") for row in rows]


def test_in_bulk_none_is_changed(approver, sue):
    row = stored(approver, sue)
    rows = Substitution.objects
    for change in (
        lambda: rows.update(ends=row.ends + DAY),
        lambda: approver.substitutions.update(ends=row.ends + DAY),
        lambda: rows.bulk_update([row], ["ends"]),
        lambda: rows.bulk_create([standing_in(sue, approver)]),
    ):
        with pytest.raises(TypeError, match="one by one"):
            change()
    assert rows.get().ends == row.ends


@pytest.mark.django_db(transaction=True)
def test_one_is_stored_with_its_entry_or_not_at_all(approver, sue, monkeypatch):
    def fail(events):
        raise RuntimeError("the history cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(history, "record", fail)
        with pytest.raises(RuntimeError):
            standing_in(approver, sue).save()
    assert not Substitution.objects.exists()


def test_who_does_it_is_who_says_so(client, root, approver, sue, administrator):
    """Also in another's request: who is named counts, and only there."""
    row = standing_in(approver, sue)
    substituting.save(row, by=administrator)
    other = stored(sue, approver)
    other.delete()
    assert [actor for actor, *_rest in entries()] == ["administrator", None]
