"""Nothing waits for people who can no longer decide."""

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from approvals import proposals
from approvals.handover import hand_over_orphans
from approvals.models import Proposal, State, WorkItem
from tests.approvals.helpers import edit, vote
from tests.approvals.setup_pages import rows
from tests.customers.factories import customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(clerk, workflow, govern_fields):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    return proposals.submit(Proposal.objects.get().pk, by=clerk)


def open_assignees():
    return [item.assignee for item in WorkItem.objects.filter(state="open").order_by("id")]


def test_nothing_is_handed_over_while_somebody_can_decide(pending, approver, administrator):
    assert hand_over_orphans(by=administrator) == 0
    assert open_assignees() == [approver]


def test_a_work_item_that_nobody_can_decide_goes_to_administrators(
    pending, approver, second_approver, administrator
):
    User.objects.filter(pk=approver.pk).update(is_active=False)
    assert hand_over_orphans(by=administrator) == 1
    assert open_assignees() == [administrator]
    assert vote(administrator, pending).done
    assert vote(second_approver, pending).done
    assert pending.state == State.APPROVED


def test_people_who_are_assigned_to_the_step_now_come_first(
    pending, approver, person, workflow, administrator
):
    deputy = person("deputy", "Approver")
    workflow.steps.get(position=1).users.add(deputy)
    User.objects.filter(pk=approver.pk).update(is_active=False)
    hand_over_orphans(by=administrator)
    assert open_assignees() == [deputy]


def test_an_administrator_who_contributed_gets_nothing(pending, approver, administrator):
    pending.contributors.create(person=administrator, role="edited")
    User.objects.filter(pk=approver.pk).update(is_active=False)
    assert hand_over_orphans(by=administrator) == 0
    assert open_assignees() == [approver]


def test_taking_a_person_out_of_a_group_in_admin_hands_over(
    pending, approver, administrator, client
):
    root = User.objects.create_superuser("root", password="x")
    client.force_login(root)
    url = reverse("admin:auth_user_change", args=[approver.pk])
    form = client.get(url).context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields if name != "password"}
    data |= {"groups": [Group.objects.get(name="Auditor").pk], "user_permissions": []}
    data |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00", "is_superuser": ""}
    data = {name: value for name, value in data.items() if value != ""}
    data |= {"is_active": "on"} | rows("reporting_line")
    response = client.post(url, data, follow=True)
    assert "handed over" in response.content.decode()
    assert open_assignees()[0] in (administrator, root)


def test_where_all_must_approve_each_missing_person_is_replaced(
    clerk, approver, person, workflow, govern_fields, administrator, second_approver
):
    step = workflow.steps.get(position=1)
    step.users.add(person("colleague", "Approver"))
    step.policy = "all"
    step.save()
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    assert vote(approver, proposal).done
    User.objects.filter(username="colleague").update(is_active=False)
    assert hand_over_orphans(by=administrator) == 1
    assert open_assignees() == [administrator]
    assert not vote(approver, proposal).done
    assert vote(administrator, proposal).done
    assert open_assignees() == [second_approver]


def test_a_group_that_an_activated_version_names_is_not_removed(workflow, client):
    root = User.objects.create_superuser("root", password="x")
    client.force_login(root)
    group = Group.objects.create(name="Credit control")
    workflow.steps.get(position=1).groups.add(group)
    url = reverse("admin:auth_group_delete", args=[group.pk])
    assert "cannot delete" in client.get(url).content.decode().lower()
    client.post(url, {"post": "yes"})
    assert Group.objects.filter(pk=group.pk).exists()
    assert list(workflow.steps.get(position=1).groups.all()) == [group]


def test_removing_a_group_in_admin_hands_over(pending, approver, administrator, workflow, client):
    root = User.objects.create_superuser("root", password="x")
    rights = Group.objects.create(name="Rights")
    rights.permissions.set(Group.objects.get(name="Approver").permissions.all())
    approver.groups.set([rights])
    client.force_login(root)
    client.post(reverse("admin:auth_group_delete", args=[rights.pk]), {"post": "yes"})
    assert approver not in open_assignees()
    assert administrator in open_assignees()
