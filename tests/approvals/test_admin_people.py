"""People in Django admin: managers, and whom a workflow keeps from being deleted."""

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from approvals.models import ReportingLine, Verb, WorkflowEvent
from tests.unguarded import unguarded

from .setup_pages import rows

LINES = "/admin/approvals/reportingline/"


def page(person, name="change"):
    return reverse(f"admin:auth_user_{name}", args=[person.pk])


def person_form(client, person, *lines, initial=0):
    """The form of a person's page as it stands, with these rows of the manager."""
    form = client.get(page(person)).context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields if name != "password"}
    data |= {"groups": [group.pk for group in person.groups.all()], "user_permissions": []}
    data |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00", "is_active": "on"}
    data = {name: value for name, value in data.items() if value != ""}
    return data | rows("reporting_line", *lines, initial=initial)


@pytest.fixture
def as_root(client, admin_user):
    client.force_login(admin_user)
    return client


def test_a_persons_manager_stands_on_his_page(as_root, clerk, approver):
    data = person_form(as_root, clerk, {"manager": approver.pk})
    as_root.post(page(clerk), data)
    assert ReportingLine.objects.get(person=clerk).manager == approver
    event = WorkflowEvent.objects.get(verb=Verb.MANAGER_CHANGED)
    assert event.comment == "Manager of Clara Clerk: nobody → Anna Approver"
    assert "Anna Approver" in as_root.get("/admin/approvals/workflowevent/").content.decode()


def test_a_circle_is_refused_beside_the_manager(as_root, clerk, approver):
    ReportingLine.objects.create(person=approver, manager=clerk)
    response = as_root.post(page(clerk), person_form(as_root, clerk, {"manager": approver.pk}))
    assert response.status_code == 200
    assert "That would be a circle" in response.content.decode()
    assert not ReportingLine.objects.filter(person=clerk).exists()


@pytest.mark.parametrize("manager", ["x", "99999999", "9" * 40])
def test_a_manager_who_is_nobody_is_refused(as_root, clerk, manager):
    response = as_root.post(page(clerk), person_form(as_root, clerk, {"manager": manager}))
    assert (response.status_code, ReportingLine.objects.count()) == (200, 0)


def test_a_line_from_an_empty_manager_is_no_error(as_root, clerk):
    assert as_root.post(page(clerk), person_form(as_root, clerk, {})).status_code == 302


def test_an_administrator_keeps_managers_without_the_right_to_change_people(
    as_administrator, clerk, approver
):
    assert as_administrator.post(page(clerk), {}).status_code == 403
    data = {"person": clerk.pk, "manager": approver.pk}
    assert as_administrator.post(f"{LINES}add/", data).status_code == 302
    line = ReportingLine.objects.get()
    html = as_administrator.get(LINES).content.decode()
    assert "Managers" in html
    response = as_administrator.post(f"{LINES}{line.pk}/change/", {"manager": clerk.pk})
    assert "Nobody is his own manager." in response.content.decode()
    as_administrator.post(f"{LINES}{line.pk}/delete/", {"post": "yes"})
    assert WorkflowEvent.objects.filter(verb=Verb.MANAGER_CHANGED).count() == 2


def test_an_auditor_reads_managers_and_changes_none(as_auditor, clerk, approver):
    line = ReportingLine.objects.create(person=clerk, manager=approver)
    assert as_auditor.get(LINES).status_code == 200
    assert as_auditor.post(f"{LINES}{line.pk}/change/", {"manager": ""}).status_code == 403
    assert as_auditor.post(f"{LINES}{line.pk}/delete/", {"post": "yes"}).status_code == 403


def names_in(step, version, person, group):
    """Each way in which an activated version can name a person or a group."""
    row = {"subject": "originator", "operator": "is"}
    yield lambda: step.users.add(person)
    yield lambda: step.groups.add(group)
    yield lambda: type(step).objects.filter(pk=step.pk).update(manager_stop_group=group)
    yield lambda: step.escalation_levels.create(
        position=1, kind="user", user=person, group=group, time_limit=1
    )
    yield lambda: step.conditions.create(**row, person=person, group=group)
    yield lambda: version.conditions.create(**row, person=person, group=group)
    action = version.automatic_actions.create(name="Any")
    yield lambda: action.conditions.create(**row, person=person, group=group)


@pytest.mark.parametrize("way", range(7))
def test_whoever_an_activated_version_names_stays(as_root, workflow, person, way):
    named, group = person("zoe"), Group.objects.create(name="Zone")
    with unguarded():
        list(names_in(workflow.steps.first(), workflow, named, group))[way]()
    urls = [page(named, "delete"), reverse("admin:auth_group_delete", args=[group.pk])]
    kept = {0: [True, False], 1: [False, True], 2: [False, True]}.get(way, [True, True])
    for url, stays in zip(urls, kept, strict=True):
        html = as_root.get(url).content.decode()
        assert ("Customers 1" in html or "Credit manager" in html) == stays
        as_root.post(url, {"post": "yes"})
    assert User.objects.filter(pk=named.pk).exists() == kept[0]
    assert Group.objects.filter(pk=group.pk).exists() == kept[1]
