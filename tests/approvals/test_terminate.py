"""Terminate and recall: a workflow ends, and nothing of it is left behind."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from approvals import proposals
from approvals.deciding.delegating import delegate
from approvals.models import ItemState, Notification, Proposal, RunState, State, StepRun, WorkItem
from approvals.outcomes import Refused
from tests.write_paths.rendered import form_on

from .definitions import change_step
from .helpers import edit, item_of, live, vote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")


@pytest.fixture
def dan(person):
    return person("dan", "Approver", first_name="Dan", last_name="Delegate")


def terminate(proposal, by, reason="The customer is gone"):
    return proposals.terminate(proposal.pk, by=by, comment=reason)


def test_nothing_is_open_and_nothing_applied(administrator, approver, propose):
    proposal = propose("A", credit_limit="1000", name="New name")
    before = [live("A", field) for field in ("credit_limit", "name")]
    assert terminate(proposal, administrator).state == State.DISCARDED
    assert [live("A", field) for field in ("credit_limit", "name")] == before
    assert not WorkItem.objects.filter(state=ItemState.OPEN).exists()
    assert set(proposal.changes.values_list("outcome", flat=True)) == {"discarded"}
    assert proposal.step_runs.get().state == RunState.STOPPED
    assert not vote(approver, proposal).done


def test_the_history_says_who_why_and_what_was_discarded(administrator, propose):
    proposal = propose("A", credit_limit="1000")
    terminate(proposal, administrator)
    event = proposal.events.get(verb="terminated")
    assert (event.actor, event.comment) == (administrator, "The customer is gone")
    change = proposal.events.get(verb="discarded")
    assert (change.field, change.new, change.actor) == ("credit_limit", "1000.00", administrator)


def test_the_originator_and_whose_work_items_are_gone_are_told(
    administrator, approver, clerk, propose
):
    proposal = propose("A")
    terminate(proposal, administrator)
    told = Notification.objects.filter(occasion="terminated").values_list("person", flat=True)
    assert sorted(told) == sorted([approver.pk, clerk.pk])


def test_only_an_administrator_terminates(clerk, approver, auditor, propose):
    proposal = propose("A")
    for person in (clerk, approver, auditor):
        with pytest.raises(PermissionDenied):
            terminate(proposal, person)
    proposal.refresh_from_db()
    assert proposal.state == State.PENDING


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_reason_is_required(administrator, propose, reason):
    proposal = propose("A")
    with pytest.raises(Refused, match="a reason is required"):
        terminate(proposal, administrator, reason)
    proposal.refresh_from_db()
    assert proposal.state == State.PENDING


def test_only_what_is_pending_is_terminated(administrator, approver, clerk, propose):
    proposal = propose("A")
    vote(approver, proposal, "reject", "No")
    with pytest.raises(Refused, match="Rejected by Anna Approver"):
        terminate(proposal, administrator)
    terminated = terminate(propose("B"), administrator)
    with pytest.raises(Refused, match="Terminated by Adam"):
        terminate(terminated, administrator)


def test_another_proposal_of_the_customer_goes_on(administrator, clerk, propose):
    proposal = propose("A", credit_limit="1000")
    edit(clerk, "A", name="Another matter")
    terminate(proposal, administrator)
    draft = Proposal.objects.get(state=State.NOT_SUBMITTED)
    assert draft.changes.get(outcome="").field == "name"
    edit(clerk, "A", credit_limit="7")
    assert draft.changes.filter(outcome="").count() == 2


# Pages


def url_of(proposal):
    return reverse("approvals:terminate", args=[proposal.pk])


def page_of(proposal):
    return reverse("customers:proposed_changes", args=[proposal.object_id])


def test_the_page_shows_the_changes_and_asks_why(client, administrator, propose):
    proposal = propose("A", credit_limit="1000")
    client.force_login(administrator)
    response = client.get(url_of(proposal))
    assert "1,000.00" in response.content.decode()
    form = form_on(response, "")
    form.type("comment", "Bankrupt")
    response = form.send(client, url_of(proposal))
    assert "The workflow has been terminated." in response.content.decode()
    assert proposal.events.get(verb="terminated").comment == "Bankrupt"


def test_without_a_reason_the_page_asks_again(client, administrator, propose):
    proposal = propose("A")
    client.force_login(administrator)
    sent = {"comment": " ", "revision": proposal.revision}
    response = client.post(url_of(proposal), sent)
    assert "This field is required" in response.content.decode()
    proposal.refresh_from_db()
    assert proposal.state == State.PENDING


def test_what_has_changed_since_is_not_terminated(client, administrator, propose):
    proposal = propose("A")
    client.force_login(administrator)
    sent = {"comment": "Bankrupt", "revision": proposal.revision - 1}
    response = client.post(url_of(proposal), sent, follow=True)
    assert "has changed since you saw it" in response.content.decode()
    proposal.refresh_from_db()
    assert proposal.state == State.PENDING


def test_the_page_is_an_administrators(client, approver, clerk, auditor, administrator, propose):
    proposal = propose("A")
    for person in (approver, clerk, auditor):
        client.force_login(person)
        assert url_of(proposal) not in client.get(page_of(proposal)).content.decode()
        assert client.get(url_of(proposal)).status_code == 403
        sent = {"comment": "Why not", "revision": proposal.revision}
        assert client.post(url_of(proposal), sent).status_code == 403
    client.force_login(administrator)
    assert url_of(proposal) in client.get(page_of(proposal)).content.decode()


# Recall, with all that can have happened since the proposal was submitted


def test_recall_takes_everything_back_whoever_has_it(
    administrator, approver, clerk, dan, propose, workflow
):
    change_step(workflow.steps.get(position=1), time_limit=3, remind_after=1)
    proposal = propose("A")
    delegate(item_of(proposal, approver).pk, dan, "Away", by=approver)
    proposal.step_runs.update(claimed_by=dan, claimed_at=proposal.submitted_at)
    proposals.recall(proposal.pk, by=administrator)
    assert not WorkItem.objects.filter(state=ItemState.OPEN).exists()
    run = proposal.step_runs.get()
    assert run.state == RunState.STOPPED and run.ended_at
    assert not StepRun.objects.filter(state=RunState.RUNNING).exists()
    assert not vote(dan, proposal).done
    told = Notification.objects.filter(occasion="recalled").values_list("person", flat=True)
    assert sorted(told) == sorted([dan.pk, clerk.pk])


def test_resubmitting_starts_at_the_first_step_with_a_time_limit_and_no_claim(
    administrator, approver, second_approver, clerk, propose, workflow
):
    for step in workflow.steps.all():
        change_step(step, time_limit=3, remind_after=1)
    proposal = propose("A")
    vote(approver, proposal)
    proposal.step_runs.filter(state="running").update(claimed_by=second_approver)
    proposals.recall(proposal.pk, by=clerk)
    proposals.submit(proposal.pk, by=clerk)
    run = proposal.step_runs.get(state=RunState.RUNNING)
    assert (run.step.position, run.claimed_by, run.level, run.reminded_at) == (1, None, 0, None)
    assert run.due_at > run.wake_at > run.started_at
    assert [item.assignee for item in run.work_items.all()] == [approver]
    assert vote(approver, proposal).done
