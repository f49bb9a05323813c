"""The history as a timeline: who did what, for whom, in words."""

import pytest

from approvals import history
from approvals.models import Action, Origin, Proposal, Verb, WorkflowEvent
from approvals.pages import queries, timeline
from customers.models import Customer
from tests.customers.factories import customer

from ..helpers import vote


@pytest.fixture
def told(clerk, approver):
    """A function that notes something about one customer, and returns its entry as text."""
    record = customer("A")

    def tell(verb, **columns):
        new = WorkflowEvent(
            verb=verb,
            record_key="A",
            origin=Origin.BROWSER,
            content_type=queries.batch.content_type(queries.registry.get(Customer)),
            object_id=record.pk,
            **columns,
        )
        history.record([new])
        event = WorkflowEvent.objects.latest("pk")
        [entry] = timeline.entries([event], Customer)
        return entry

    return tell


def test_whoever_decides_for_another_is_shown_with_him(told, clerk, approver):
    entry = told(Verb.APPROVED, actor=clerk, on_behalf_of=approver)
    assert entry["who"] == "Clara Clerk on behalf of Anna Approver"


def test_what_nobody_did_was_done_by_the_workflow(told):
    entry = told(Verb.REJECTED_BY_RULE, comment="Blocked countries")
    assert entry["who"] == "Workflow"
    assert entry["what"] == "Rejected automatically by the rule “Blocked countries”"
    assert entry["comment"] == ""


@pytest.mark.parametrize("verb", [Verb.DELEGATED, Verb.REASSIGNED, Verb.ESCALATED])
def test_from_whom_to_whom_is_told_apart_from_the_reason(told, clerk, verb):
    entry = told(verb, actor=clerk, comment="From Anna to Ben\nOn leave\nuntil May")
    assert entry["told"] == "From Anna to Ben"
    assert entry["comment"] == "On leave\nuntil May"


def test_a_skipped_step_says_which_and_why(told, clerk, workflow):
    step = workflow.steps.first()
    entry = told(Verb.STEP_SKIPPED, actor=clerk, step=step, comment="Credit limit is at most 5")
    assert entry["what"] == "Step skipped (step “Credit manager”)"
    assert entry["told"] == "Credit limit is at most 5"
    assert entry["comment"] == ""


def test_a_claim_says_what_was_claimed(told, clerk):
    assert told(Verb.CLAIMED, actor=clerk)["what"] == "Work item claimed"
    assert told(Verb.RELEASED, actor=clerk)["what"] == "Work item released"


def test_the_release_of_a_new_record_is_said_in_words(told, clerk):
    entry = told(Verb.APPLIED, actor=clerk, field="held", old="1", new="0")
    assert entry["told"] == "Released: it can be used from now on."
    assert [change["old"] for change in entry["changes"]] == ["Yes"]


@pytest.mark.parametrize("verb", Verb)
def test_everything_that_can_happen_can_be_told(told, verb):
    assert told(verb, comment="some words")["what"]


def test_entries_with_different_comments_stay_apart(told, clerk, workflow):
    told(Verb.REASSIGNED, actor=clerk, comment="From A to B")
    told(Verb.REASSIGNED, actor=clerk, comment="From C to D")
    events = list(WorkflowEvent.objects.filter(verb=Verb.REASSIGNED))
    for event in events:
        event.at = events[0].at
    entries = timeline.entries(events, Customer)
    assert [entry["told"] for entry in entries] == ["From A to B", "From C to D"]


def test_a_proposal_is_told_from_the_first_value_to_the_applied_one(
    propose, govern_fields, workflow, approver, second_approver
):
    govern_fields("credit_limit")
    proposal = propose("B", note="Please")
    vote(approver, proposal)
    vote(second_approver, proposal, Action.APPROVE, "Fine")
    events = queries.history_of(proposal.record).filter(proposal=proposal)
    entries = timeline.entries(events, Customer)[::-1]
    assert Proposal.objects.get().state == "approved"
    assert [entry["what"] for entry in entries] == [
        "Proposed",
        "Submitted",
        "Assigned to Anna Approver (step “Credit manager”)",
        "Approved (step “Credit manager”)",
        "Step completed (step “Credit manager”)",
        "Assigned to Ben Approver (step “Finance director”)",
        "Approved (step “Finance director”)",
        "Approval completed",
        "Applied",
    ]
    assert [entry["comment"] for entry in entries if entry["comment"]] == ["Please", "Fine"]
