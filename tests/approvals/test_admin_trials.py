"""The Test button of versions, steps and automatic actions."""

import pytest
from django.urls import reverse

from approvals import proposals
from approvals.models import Proposal, WorkflowEvent, WorkItem
from approvals.workflow import workflows
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .helpers import edit

RAISED = {"subject": "raised", "field": "credit_limit", "operator": "more_percent", "value": "20"}
DUTCH = {"subject": "record", "field": "country", "operator": "is", "value": "NL"}


@pytest.fixture
def draft(workflow, administrator):
    """A second version, whose first step is only for big raises."""
    draft = workflows.new_draft(workflow.workflow, by=administrator)
    draft.steps.get(position=1).conditions.create(**RAISED)
    return draft


@pytest.fixture
def proposal(clerk, govern_fields):
    """A raise by half, not submitted yet."""
    govern_fields("credit_limit")
    key = customer("C-1", credit_limit="100").account
    edit(clerk, key, credit_limit="150")
    return Proposal.objects.get()


def url(part):
    return reverse(f"admin:approvals_{part._meta.model_name}_test", args=[part.pk])


def words(response):
    """The page's text, without its markup."""
    from django.utils.html import strip_tags

    html = response.content.decode()
    return " ".join(strip_tags(html[html.index('id="content-main"') :]).split())


def test_a_step_says_which_rows_hold_for_a_proposal(as_administrator, draft, proposal):
    step = draft.steps.get(position=1)
    step.conditions.create(**DUTCH)
    text = words(as_administrator.get(url(step), {"proposal": proposal.pk}))
    country = "Holds" if proposal.record.country_id == "NL" else "Does not hold"
    assert "Holds Credit limit raised by more than 20 %" in text
    assert f"{country} Country/region of the customer is NL" in text


def test_a_customer_is_tested_without_a_change(as_administrator, draft, proposal):
    text = words(as_administrator.get(url(draft.steps.get(position=1)), {"record": "c-1"}))
    assert "Does not hold Credit limit raised by more than 20 %" in text


def test_a_draft_shows_the_whole_route_and_what_takes_it_now(as_administrator, draft, proposal):
    text = words(as_administrator.get(url(draft), {"proposal": proposal.pk}))
    assert "1. Credit manager Taken" in text
    assert "Would get it: Anna Approver" in text
    assert "2. Finance director Taken Would get it: Ben Approver" in text
    assert "“Customers”, version 1, takes it." in text
    text = words(as_administrator.get(url(draft), {"record": "C-1"}))
    assert "1. Credit manager Skipped" in text


def test_who_submits_is_nobody_who_decides(as_administrator, draft, proposal):
    data = {"proposal": proposal.pk, "originator": "approver"}
    text = words(as_administrator.get(url(draft), data))
    assert "Nobody may decide the step “Credit manager”" in text


def test_an_automatic_action_that_holds_ends_the_route(as_administrator, draft, proposal):
    action = draft.automatic_actions.create(name="Big raises", decision="reject")
    action.conditions.create(**RAISED)
    text = words(as_administrator.get(url(draft), {"proposal": proposal.pk}))
    assert "The automatic action “Big raises” decides at once: Reject." in text
    assert words(as_administrator.get(url(action), {"proposal": proposal.pk})).count("Holds") == 2


def test_an_automatic_action_that_holds_but_lets_more_pass_says_that_it_does_not_decide(
    as_administrator, draft, clerk, govern_fields
):
    govern_fields("credit_limit", "iban")
    customer("C-1", credit_limit="100")
    edit(clerk, "C-1", credit_limit="150", iban="NL91ABNA0417164300")
    action = draft.automatic_actions.create(name="Big raises", decision="approve")
    action.conditions.create(**RAISED)
    data = {"proposal": Proposal.objects.get().pk}
    why = (
        "It does not decide: it approves only what its rows speak of, and they say nothing of IBAN."
    )
    for part in (draft, action):
        text = words(as_administrator.get(url(part), data))
        assert f"Holds Credit limit raised by more than 20 % {why}" in text
    action.decision = "reject"
    action.save()
    text = words(as_administrator.get(url(action), data))
    assert "It decides, unless one before it does." in text and why not in text
    with unguarded():
        Proposal.objects.get().changes.filter(field="iban").delete()
    action.decision = "approve"
    action.save()
    assert "It decides" in words(as_administrator.get(url(action), data))


def test_a_row_that_cannot_be_read_is_told(as_administrator, draft, proposal):
    draft.conditions.create(subject="new", field="gone", operator="is", value="1")
    text = words(as_administrator.get(url(draft), {"proposal": proposal.pk}))
    assert "cannot be read" in text


@pytest.mark.parametrize(
    "data, told",
    [
        ({"record": "Z-9"}, "There is no customer “Z-9”."),
        ({"proposal": "999"}, "There is no proposal 999."),
        ({"proposal": "9" * 30}, "less than or equal"),
        ({"proposal": "x"}, "Enter a whole number."),
        ({"record": "", "proposal": ""}, "Give a customer or a proposal"),
        ({"record": "C-1", "proposal": "1"}, "Give a customer or a proposal"),
        ({"record": "C-1", "originator": "zoe"}, "There is nobody with the username “zoe”."),
        ({"record": "\x00"}, "Null characters are not allowed."),
    ],
)
def test_bad_input_is_told(as_administrator, draft, data, told):
    customer("C-1")
    response = as_administrator.get(url(draft), data)
    assert response.status_code == 200
    assert told in words(response)


def test_a_test_changes_nothing(as_administrator, draft, proposal):
    before = WorkflowEvent.objects.count(), WorkItem.objects.count(), proposal.revision
    as_administrator.get(url(draft), {"proposal": proposal.pk})
    proposal.refresh_from_db()
    after = WorkflowEvent.objects.count(), WorkItem.objects.count(), proposal.revision
    assert (after, proposal.submitted_at) == (before, None)


def test_a_proposal_that_was_decided_is_tested_with_what_stood_in_it(
    as_administrator, draft, proposal, clerk, approver, second_approver
):
    from .helpers import vote

    proposals.submit(proposal.pk, by=clerk)
    vote(approver, proposal)
    vote(second_approver, proposal)
    step = draft.steps.get(position=1)
    text = words(as_administrator.get(url(step), {"proposal": proposal.pk}))
    assert "Holds Credit limit raised by more than 20 %" in text


def test_an_auditor_may_test_and_a_clerk_may_not(client, as_auditor, draft, proposal, clerk):
    data = {"proposal": proposal.pk}
    assert as_auditor.get(url(draft), data).status_code == 200
    clerk.is_staff = True
    clerk.save()
    client.force_login(clerk)
    assert client.get(url(draft), data).status_code == 403


def test_who_may_not_see_customers_may_not_test(client, person, draft, proposal):
    from django.contrib.auth.models import Permission

    user = person("setup", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__contains="workflow"))
    client.force_login(user)
    assert client.get(url(draft), {"proposal": proposal.pk}).status_code == 403


def test_testing_takes_as_many_queries_for_many_steps(
    as_administrator, draft, proposal, approver, django_assert_max_num_queries
):
    for number in range(3, 13):
        step = draft.steps.create(position=number, name=str(number))
        step.users.add(approver)
        step.conditions.create(**RAISED)
    with django_assert_max_num_queries(50):
        as_administrator.get(url(draft), {"proposal": proposal.pk})
