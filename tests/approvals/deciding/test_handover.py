"""Nothing waits for people who can no longer decide."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import proposals
from approvals.deciding import cases, deadlines, decisions
from approvals.deciding.handover import hand_over_orphans
from approvals.models import (
    ItemState,
    Proposal,
    State,
    StepRun,
    Substitution,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from tests.approvals.definitions import change_step
from tests.approvals.helpers import edit, vote
from tests.approvals.setup_pages import rows
from tests.customers.factories import customer

from .limits import path

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(clerk, workflow, govern_fields):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    return proposals.submit(Proposal.objects.get().pk, by=clerk)


def vote_though_his_own_waits(item, by):
    """Approve for somebody absent while a work item of one's own waits: only to repair it."""
    own = WorkItem.objects.filter(assignee=by)
    own.update(state="handed_on")
    [result] = decisions.decide([decisions.Vote(item.pk, 2)], "approve", by=by)
    own.update(state="open")
    return result


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
    change_step(workflow.steps.get(position=1), add=[deputy])
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
    all_must_approve(workflow, person("colleague", "Approver"))
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
    change_step(workflow.steps.get(position=1), groups=[group])
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


def all_must_approve(workflow, *people):
    change_step(workflow.steps.get(position=1), add=people, policy="all")


def everybody_can_decide():
    """Whether each running step has enough people who can decide it now: the engine's check."""
    for run in StepRun.objects.filter(state="running"):
        able = set()
        for item in run.work_items.filter(state=ItemState.OPEN):
            case = cases.load([item.pk], lock=False)[item.pk]
            if not cases.why_not(case, cases.Voter(item.assignee, [case])):
                able.add(item.assignee_id)
        if run.decisions.count() + len(able) < run.votes_needed:
            return False
    return True


def test_a_change_from_a_console_is_found_and_the_history_says_workflow(pending, approver):
    User.objects.filter(pk=approver.pk).update(is_active=False)
    assert not everybody_can_decide()
    assert hand_over_orphans(by=None) == 1
    assert everybody_can_decide()
    event = WorkflowEvent.objects.get(verb=Verb.REASSIGNED)
    assert event.actor is None
    assert "From Anna Approver to Adam" in event.comment
    assert hand_over_orphans(by=None) == 0


def test_a_work_item_whose_assignee_is_barred_goes_to_somebody_else(
    pending, approver, administrator
):
    pending.contributors.create(person=approver, role="edited")
    assert not everybody_can_decide()
    assert hand_over_orphans(by=None) == 1
    assert open_assignees() == [administrator]
    assert everybody_can_decide()


def test_a_work_item_that_is_decided_on_behalf_of_a_contributor_goes_to_somebody_else(
    pending, approver, administrator, second_approver
):
    WorkItem.objects.update(on_behalf_of=second_approver)
    pending.contributors.create(person=second_approver, role="edited")
    assert hand_over_orphans(by=None) == 1
    assert open_assignees() == [administrator]
    assert everybody_can_decide()


def test_a_claim_of_somebody_who_lost_the_right_ends(
    clerk, approver, person, workflow, govern_fields
):
    colleague = person("colleague", "Approver")
    change_step(workflow.steps.get(position=1), add=[colleague])
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    StepRun.objects.update(claimed_by=approver, claimed_at="2026-01-01T00:00Z")
    approver.groups.clear()
    assert not vote(colleague, proposal).done
    assert hand_over_orphans(by=None) == 0
    assert StepRun.objects.get().claimed_by is None
    assert vote(colleague, proposal).done


def test_whoever_voted_for_an_absent_person_is_replaced_where_too_few_are_left(
    clerk, approver, person, workflow, govern_fields, administrator, second_approver
):
    colleague = person("colleague", "Approver")
    all_must_approve(workflow, colleague)
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    Substitution.objects.create(
        person=approver, substitute=colleague, starts="2020-01-01", ends="2100-01-01"
    )
    item = WorkItem.objects.get(assignee=approver)
    assert vote_though_his_own_waits(item, colleague).done
    assert not everybody_can_decide()
    assert hand_over_orphans(by=None) == 1
    assert open_assignees() == [administrator]
    assert vote(administrator, proposal).done
    assert open_assignees() == [second_approver]


def test_whoever_voted_for_an_absent_person_keeps_his_item_where_enough_others_are_left(
    clerk, approver, person, workflow, govern_fields
):
    colleague = person("colleague", "Approver")
    all_must_approve(workflow, colleague, person("third", "Approver"))
    change_step(workflow.steps.get(position=1), policy="majority")
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposals.submit(Proposal.objects.get().pk, by=clerk)
    Substitution.objects.create(
        person=approver, substitute=colleague, starts="2020-01-01", ends="2100-01-01"
    )
    item = WorkItem.objects.get(assignee=approver)
    assert vote_though_his_own_waits(item, colleague).done
    assert hand_over_orphans(by=None) == 0
    assert everybody_can_decide()


def test_whoever_has_voted_in_a_step_gets_no_work_item_in_it(
    clerk, approver, person, workflow, govern_fields, administrator
):
    all_must_approve(workflow, person("colleague", "Approver"))
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposals.submit(Proposal.objects.get().pk, by=clerk)
    deputy = person("deputy", "Approver")
    Substitution.objects.create(
        person=approver, substitute=deputy, starts="2020-01-01", ends="2100-01-01"
    )
    item = WorkItem.objects.get(assignee=approver)
    decisions.decide([decisions.Vote(item.pk, 2)], "approve", by=deputy)
    change_step(workflow.steps.get(position=1), add=[deputy])
    User.objects.filter(username="colleague").update(is_active=False)
    assert hand_over_orphans(by=None) == 1
    assert open_assignees() == [administrator]


def test_only_who_is_missing_is_replaced_where_that_is_enough(
    clerk, approver, person, workflow, govern_fields, administrator
):
    colleague = person("colleague", "Approver")
    all_must_approve(workflow, colleague, person("third", "Approver"))
    change_step(workflow.steps.get(position=1), policy="majority")
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposals.submit(Proposal.objects.get().pk, by=clerk)
    Substitution.objects.create(
        person=approver, substitute=colleague, starts="2020-01-01", ends="2100-01-01"
    )
    item = WorkItem.objects.get(assignee=approver)
    vote_though_his_own_waits(item, colleague)
    User.objects.filter(username="third").update(is_active=False)
    deputy = person("deputy", "Approver")
    change_step(workflow.steps.get(position=1), add=[deputy])
    assert hand_over_orphans(by=None) == 1
    assert open_assignees() == [colleague, deputy]


def test_fewer_people_than_are_missing_take_no_vote_away(
    clerk, approver, person, workflow, govern_fields, administrator, second_approver
):
    all_must_approve(workflow, person("colleague", "Approver"), person("third", "Approver"))
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    User.objects.filter(username__in=("colleague", "third")).update(is_active=False)
    assert hand_over_orphans(by=None) == 1
    assert len(open_assignees()) == 3
    assert vote(approver, proposal).done
    assert vote(administrator, proposal).done
    late = person("late", "Approver")
    change_step(workflow.steps.get(position=1), add=[late])
    assert hand_over_orphans(by=None) == 1
    assert vote(late, proposal).done
    assert open_assignees() == [second_approver]


def test_people_of_the_step_and_then_administrators_replace_several(
    clerk, person, workflow, govern_fields, administrator
):
    all_must_approve(workflow, person("colleague", "Approver"))
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposals.submit(Proposal.objects.get().pk, by=clerk)
    deputy = person("deputy", "Approver")
    change_step(workflow.steps.get(position=1), add=[deputy])
    User.objects.filter(username__in=("colleague", "approver")).update(is_active=False)
    hand_over_orphans(by=None)
    assert open_assignees() == [deputy, administrator]


def test_somebody_from_whom_it_was_escalated_gets_it_back_before_administrators_do(
    clerk, approver, person, workflow, govern_fields, administrator
):
    boss = person("boss", "Approver")
    path(change_step(workflow.steps.get(position=1), time_limit=1), boss)
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposals.submit(Proposal.objects.get().pk, by=clerk)
    StepRun.objects.update(due_at="2026-01-01T00:00Z", wake_at="2026-01-01T00:00Z")
    deadlines.process()
    assert open_assignees() == [boss]
    User.objects.filter(pk=boss.pk).update(is_active=False)
    assert hand_over_orphans(by=None) == 1
    assert open_assignees() == [approver]


def test_handing_over_costs_the_same_however_much_waits(
    propose_by_import, workflow, govern_fields, approver
):
    govern_fields("credit_limit")
    idle, busy = [], []
    for accounts in ("A", "B", ("C", "D"), ("E", "F", "G", "H")):
        User.objects.filter(pk=approver.pk).update(is_active=True)
        propose_by_import(*accounts)
        idle.append(queries_of_handing_over(expected=0))
        User.objects.filter(pk=approver.pk).update(is_active=False)
        busy.append(queries_of_handing_over(expected=len(accounts)))
    assert len(set(idle)) == 1
    assert busy[2] == busy[3]


def queries_of_handing_over(expected):
    with CaptureQueriesContext(connection) as queries:
        assert hand_over_orphans(by=None) == expected
    return len(queries)
