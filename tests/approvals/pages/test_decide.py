"""The page on which one work item is decided."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals import proposals
from approvals.models import (
    Action,
    Behavior,
    Decision,
    Policy,
    Proposal,
    State,
    StepRun,
    Substitution,
    WorkflowStep,
    WorkItem,
)
from customers.models import Customer
from tests.approvals.definitions import change_step
from tests.unguarded import ungoverned

from ..helpers import (
    decide_url,
    edit,
    get_list,
    item_of,
    live,
    post_decision,
    vote,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name", behavior=Behavior.PROPOSE)


def test_the_decide_page_shows_what_matters_to_the_decision(client, approver, propose):
    change_step(WorkflowStep.objects.get(position=1), instructions="Look at the rating.")
    proposal = propose("A", note="They asked for it")
    client.force_login(approver)
    page = client.get(decide_url(proposal, approver, "?action=reject")).content.decode()
    for text in ("Credit limit", "1,000.00", "Clara Clerk", "(Proposed, Submitted)"):
        assert text in page
    for text in ("Look at the rating.", "They asked for it", "History of this proposal"):
        assert text in page
    assert 'name="action" value="reject"' in page


@pytest.mark.parametrize(
    ("action", "state"),
    [("reject", State.REJECTED), ("request_change", State.CHANGE_REQUESTED)],
)
def test_handing_back_needs_a_reason(client, approver, propose, action, state):
    proposal = propose("A")
    client.force_login(approver)
    response = post_decision(client, proposal, approver, action=action, comment=" ")
    assert "a reason is required" in response.content.decode()
    assert not Decision.objects.exists()
    post_decision(client, proposal, approver, action=action, comment="No")
    proposal.refresh_from_db()
    assert proposal.state == state


def test_the_last_approval_applies_the_values(client, approver, second_approver, propose):
    proposal = propose("A")
    for person in (approver, second_approver):
        client.force_login(person)
        proposal.refresh_from_db()
        response = post_decision(client, proposal, person)
        assert response.url == reverse("approvals:work_items")
    assert live("A", "credit_limit") == "1000.00"
    assert "A: Approved and applied." in client.get(response.url).content.decode()


def test_the_next_item_follows_where_it_was_asked_for(client, approver, propose):
    first, second = propose("A"), propose("B")
    client.force_login(approver)
    assert "Approve and next" in client.get(decide_url(first, approver)).content.decode()
    assert "Approve and next" not in client.get(decide_url(second, approver)).content.decode()
    response = post_decision(client, first, approver, next="1")
    assert response.url == decide_url(second, approver)
    response = post_decision(client, second, approver, next="1")
    assert response.url == reverse("approvals:work_items")


def test_without_asking_for_the_next_item_the_list_follows(client, approver, propose):
    first, _second = propose("A"), propose("B")
    client.force_login(approver)
    assert post_decision(client, first, approver).url == reverse("approvals:work_items")


def test_the_history_on_the_decide_page_is_of_this_proposal_alone(client, approver, clerk, propose):
    first = propose("A", credit_limit="1000")
    edit(clerk, "A", name="Another matter")
    client.force_login(approver)
    page = client.get(decide_url(first, approver)).content.decode()
    assert "1,000.00" in page and "Another matter" not in page


def test_going_on_stays_within_the_import(client, approver, propose, propose_by_import):
    job = propose_by_import("A")
    propose("X")
    client.force_login(approver)
    proposal = Proposal.objects.get(import_job=job)
    query = f"?import={job.pk}"
    assert (
        "Approve and next" not in client.get(decide_url(proposal, approver, query)).content.decode()
    )
    response = post_decision(client, proposal, approver, query, next="1")
    assert response.url == reverse("approvals:work_items") + query


def test_approve_is_not_offered_when_the_live_value_moved(client, approver, propose):
    proposal = propose("A")
    with ungoverned():
        Customer.objects.filter(account="A").update(credit_limit=77)
    client.force_login(approver)
    response = client.get(decide_url(proposal, approver, "?action=approve"))
    assert response.context["chosen"] == Action.REQUEST_CHANGE
    assert [choice["text"] for choice in response.context["actions"]] == [
        "Reject",
        "Request change",
        "Delegate",
    ]
    page = response.content.decode()
    assert "77.00" in page and "1,000.00" in page and "cannot be approved" in page
    response = post_decision(client, proposal, approver)
    assert (
        response.status_code == 200 and "cannot be approved any more" in response.content.decode()
    )
    assert not Decision.objects.exists()


def test_a_proposal_that_changed_meanwhile_is_shown_anew_and_not_decided(client, approver, propose):
    proposal = propose("A")
    client.force_login(approver)
    response = post_decision(client, proposal, approver, revision=0, comment="Fine by me")
    page = response.content.decode()
    assert "has changed since you saw it" in page
    assert f'name="revision" value="{proposal.revision}"' in page and "Fine by me" in page
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    "data", [{"revision": "x"}, {"revision": "-1"}, {"revision": "9" * 30}, {"action": "x"}]
)
def test_a_garbled_decision_is_not_taken(client, approver, propose, data):
    proposal = propose("A")
    client.force_login(approver)
    page = post_decision(client, proposal, approver, **data).content.decode()
    assert "Nothing was decided" in page and f'value="{proposal.revision}"' in page
    assert not Decision.objects.exists()


def test_a_stale_link_tells_who_decided(client, approver, propose):
    proposal = propose("A")
    vote(approver, proposal)
    client.force_login(approver)
    page = client.get(decide_url(proposal, approver)).content.decode()
    assert "Already approved by Anna Approver" in page
    assert 'name="revision"' not in page
    page = post_decision(client, proposal, approver).content.decode()
    assert "Already approved by Anna Approver" in page
    assert Decision.objects.count() == 1


def test_a_link_to_what_was_recalled_says_so(client, approver, clerk, propose):
    proposal = propose("A")
    proposals.recall(proposal.pk, by=clerk)
    client.force_login(approver)
    page = client.get(decide_url(proposal, approver)).content.decode()
    assert "Changes have not been submitted (Recalled by Clara Clerk" in page


def test_an_item_of_somebody_else_is_not_shown(client, approver, second_approver, propose):
    proposal = propose("A")
    client.force_login(second_approver)
    assert client.get(decide_url(proposal, approver)).status_code == 403
    assert post_decision(client, proposal, approver).status_code == 403


def test_an_administrator_finds_the_work_items_that_came_to_him(client, administrator):
    client.force_login(administrator)
    assert f'href="{reverse("approvals:work_items")}"' in get_list(client).content.decode()


def test_an_administrator_sees_but_does_not_decide_what_is_not_his(
    client, administrator, approver, propose
):
    proposal = propose("A")
    client.force_login(administrator)
    page = client.get(decide_url(proposal, approver)).content.decode()
    assert "assigned to Anna Approver" in page and 'name="revision"' not in page
    page = post_decision(client, proposal, approver).content.decode()
    assert "not assigned to you" in page
    assert not Decision.objects.exists()


def test_a_right_that_is_withdrawn_is_gone_at_the_next_click(client, approver, propose):
    proposal = propose("A")
    client.force_login(approver)
    approver.groups.clear()
    assert client.get(decide_url(proposal, approver)).status_code == 403
    assert post_decision(client, proposal, approver).status_code == 403


def test_a_work_item_that_never_was_is_not_found(client, approver):
    client.force_login(approver)
    for pk in (4711, 10**18 - 1):
        assert client.get(reverse("approvals:decide", args=[pk])).status_code == 404


def test_a_contributor_does_not_decide_even_if_the_item_is_his(client, approver, clerk, propose):
    proposal = propose("A")
    run = item_of(proposal, approver).step_run
    clerk.user_permissions.add(*approver.groups.get().permissions.all())
    WorkItem.objects.create(
        step_run=run,
        proposal=proposal,
        record_key="A",
        assignee=clerk,
        created_at=timezone.now(),
    )
    client.force_login(clerk)
    page = post_decision(client, proposal, clerk).content.decode()
    assert "You contributed to this proposal" in page
    assert not Decision.objects.exists()


def test_the_decide_page_reads_with_as_many_queries_for_one_change_as_for_two(
    client, approver, propose, django_assert_max_num_queries, django_assert_num_queries
):
    first, second = propose("A"), propose("B", credit_limit="9", name="Nine")
    client.force_login(approver)
    with django_assert_max_num_queries(32) as one:
        client.get(decide_url(first, approver))
    with django_assert_num_queries(len(one)):
        client.get(decide_url(second, approver))


# Several people


@pytest.fixture
def colleague(workflow, person):
    """Decides the first step beside the approver: both have to approve."""
    colleague = person("colleague", "Approver", first_name="Cora", last_name="Colleague")
    change_step(workflow.steps.get(position=1), add=[colleague], policy=Policy.ALL)
    return colleague


def stand_in(person, substitute):
    today = timezone.localdate()
    Substitution.objects.create(person=person, substitute=substitute, starts=today, ends=today)


def test_the_page_tells_how_far_the_step_is_and_who_else_decides(
    client, approver, colleague, propose
):
    proposal = propose("A")
    client.force_login(approver)
    page = client.get(decide_url(proposal, approver)).content.decode()
    assert "0 of 2 approvals" in page and "Who else can decide" in page
    vote(colleague, proposal, comment="Fine by me")
    page = client.get(decide_url(proposal, approver)).content.decode()
    assert "1 of 2 approvals" in page and "Who else can decide" not in page
    assert "Cora Colleague: Approve" in page and "Fine by me" in page


def test_decisions_in_earlier_steps_are_shown_those_before_a_return_are_not(
    client, clerk, approver, second_approver, propose
):
    proposal = propose("A")
    vote(approver, proposal, "reject", "Not like this")
    proposals.submit(proposal.pk, by=clerk)
    vote(approver, proposal, comment="Better")
    client.force_login(second_approver)
    context = client.get(decide_url(proposal, second_approver)).context
    assert [decision.comment for decision in context["decisions"]] == ["Better"]


def test_a_substitute_opens_and_decides_on_behalf(client, approver, second_approver, propose):
    proposal = propose("A")
    stand_in(approver, second_approver)
    client.force_login(second_approver)
    page = client.get(decide_url(proposal, approver)).content.decode()
    assert "You decide on behalf of" in page and 'name="revision"' in page
    post_decision(client, proposal, approver)
    decision = Decision.objects.get()
    assert (decision.person, decision.on_behalf_of) == (second_approver, approver)
    Substitution.objects.all().delete()
    page = client.get(decide_url(proposal, approver)).content.decode()
    assert "Already approved by Ben Approver" in page


def test_a_time_limit_is_shown(client, approver, propose):
    proposal = propose("A")
    StepRun.objects.update(due_at=timezone.now() - timedelta(hours=1))
    client.force_login(approver)
    assert "Overdue" in client.get(decide_url(proposal, approver)).content.decode()


def test_only_what_one_may_do_is_offered(client, approver, administrator, propose):
    proposal = propose("A")
    offers = {}
    for person in (approver, administrator):
        client.force_login(person)
        actions = client.get(decide_url(proposal, approver)).context["actions"]
        offers[person.username] = [action["text"] for action in actions]
    assert offers == {
        "approver": ["Approve", "Reject", "Request change", "Delegate"],
        "administrator": ["Reassign", "Terminate"],
    }


def test_a_comment_is_called_optional_where_none_is_needed(client, approver, propose):
    proposal = propose("A")
    client.force_login(approver)
    labels = {
        action: client.get(decide_url(proposal, approver, f"?action={action}"))
        .context["form"]["comment"]
        .label
        for action in Action.values
    }
    assert labels == {
        "approve": "Comment (optional)",
        "reject": "Comment",
        "request_change": "Comment",
    }


def test_why_a_decision_came_too_late_is_said_once(client, approver, clerk, propose):
    proposal = propose("A")
    proposals.recall(proposal.pk, by=clerk)
    client.force_login(approver)
    page = post_decision(client, proposal, approver).content.decode()
    assert page.count("The proposal now stands at: Changes have not been submitted") == 1


def test_why_a_decision_was_not_taken_is_said_where_it_is_still_open(client, approver, propose):
    proposal = propose("A")
    client.force_login(approver)
    page = post_decision(client, proposal, approver, revision=0).content.decode()
    assert page.count("The proposal has changed since you saw it.") == 1
