"""What an import may do to governed fields, seen in the database.

The same file in each test: row 2 changes a direct and a governed field, row 3 only
a direct one, row 4 only a governed one, row 5 nothing.
"""

import pytest
from django.core import mail

from approvals.imports.files import FileRefused
from approvals.models import (
    Behavior,
    Proposal,
    ProposedChange,
    State,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from customers.models import Customer
from tests.approvals.helpers import edit
from tests.customers.factories import customer

from .helpers import outcomes, reasons, stored, take

pytestmark = pytest.mark.django_db

FILE = (
    "account,name,city,credit_limit",
    "C1,Name,New city,500",
    "C2,Name,New city,",
    "C3,Name,City,700",
    "C4,Name,City,100",
)


@pytest.fixture(autouse=True)
def customers(db):
    for key in ("C1", "C2", "C3", "C4"):
        customer(key, name="Name", city="City", credit_limit="100")


@pytest.fixture
def governed(workflow, govern_fields):
    """A function that governs the credit limit, with this behavior for imports."""
    return lambda behavior: govern_fields("credit_limit", behavior=behavior)


def everything():
    """All customers, proposals and work items, and how much of the history there is."""
    customers = list(Customer.objects.order_by("pk").values())
    return (
        customers,
        Proposal.objects.count(),
        WorkItem.objects.count(),
        WorkflowEvent.objects.count(),
    )


def values(name):
    return [stored(key, name) for key in ("C1", "C2", "C3", "C4")]


def test_allowed_changes_are_written_and_the_history_says_that_nobody_approved(steward, governed):
    governed(Behavior.ALLOW)
    job = take(steward, *FILE)
    assert outcomes(job) == {2: "updated", 3: "updated", 4: "updated", 5: "unchanged"}
    assert values("city") == ["New city", "New city", "City", "City"]
    assert values("credit_limit") == [500, 100, 700, 100]
    entries = WorkflowEvent.objects.filter(verb=Verb.CHANGED_WITHOUT_APPROVAL)
    assert [(e.record_key, e.old, e.new, e.actor, e.import_job) for e in entries] == [
        ("C1", "100.00", "500.00", steward, job),
        ("C3", "100.00", "700.00", steward, job),
    ]
    assert set(Proposal.objects.values_list("state", flat=True)) == {State.NOT_REQUIRED}
    assert not WorkItem.objects.exists()


def test_rejected_changes_fail_their_rows_and_the_others_go_on(steward, governed):
    governed(Behavior.REJECT)
    job = take(steward, *FILE)
    assert outcomes(job) == {2: "failed", 3: "updated", 4: "failed", 5: "unchanged"}
    assert {n: [field for field, _why in e] for n, e in reasons(job).items()} == {
        2: ["credit_limit"],
        4: ["credit_limit"],
    }
    assert values("city") == ["City", "New city", "City", "City"]
    assert values("credit_limit") == [100] * 4
    assert not Proposal.objects.exists()


def test_proposed_changes_are_submitted_and_direct_fields_written(steward, governed, approver):
    governed(Behavior.PROPOSE)
    job = take(steward, *FILE)
    assert outcomes(job) == {2: "proposed", 3: "updated", 4: "proposed", 5: "unchanged"}
    assert values("city") == ["New city", "New city", "City", "City"]
    assert values("credit_limit") == [100] * 4
    proposals = Proposal.objects.order_by("record_key")
    assert [(p.record_key, p.state, p.import_job, p.submitted_by) for p in proposals] == [
        ("C1", State.PENDING, job, steward),
        ("C3", State.PENDING, job, steward),
    ]
    assert list(
        ProposedChange.objects.order_by("proposal__record_key").values_list(
            "field", "original", "value"
        )
    ) == [("credit_limit", "100.00", "500.00"), ("credit_limit", "100.00", "700.00")]
    assert {item.assignee for item in WorkItem.objects.all()} == {approver}


def test_one_notification_for_each_approver_and_import(
    steward, governed, approver, django_capture_on_commit_callbacks
):
    governed(Behavior.PROPOSE)
    with django_capture_on_commit_callbacks(execute=True):
        take(steward, *FILE)
    assert [message.to for message in mail.outbox] == [[approver.email]]


@pytest.mark.parametrize("behavior", Behavior)
def test_importing_the_file_again_changes_nothing(steward, governed, behavior):
    governed(behavior)
    take(steward, *FILE)
    before = everything()
    job = take(steward, *FILE)
    assert everything() == before
    assert job.updated == job.proposed == job.created == 0


@pytest.mark.parametrize("behavior", Behavior)
def test_a_preview_says_what_the_import_does_and_writes_nothing(steward, governed, behavior):
    governed(behavior)
    before = everything()
    preview = take(steward, *FILE, dry_run=True)
    assert everything() == before
    job = take(steward, *FILE)
    told = [
        list(j.row_outcomes.values_list("number", "key", "outcome", "changes", "errors", "notes"))
        for j in (preview, job)
    ]
    assert told[0] == told[1]


def test_proposing_without_an_active_workflow_refuses_the_file(steward, govern_fields):
    govern_fields("credit_limit", behavior=Behavior.PROPOSE)
    before = everything()
    with pytest.raises(FileRefused, match="No active workflow"):
        take(steward, *FILE)
    assert everything() == before


def test_the_behavior_of_the_job_goes_before_the_parameter(steward, governed):
    governed(Behavior.REJECT)
    take(steward, *FILE, behavior=Behavior.ALLOW)
    assert values("credit_limit") == [500, 100, 700, 100]


def test_while_approvals_are_off_every_field_is_written(steward):
    job = take(steward, *FILE)
    assert job.updated == 3
    assert values("credit_limit") == [500, 100, 700, 100]


def test_the_proposal_of_an_import_stands_beside_a_persons_draft(
    steward, clerk, workflow, govern_fields
):
    govern_fields("credit_limit", "name", behavior=Behavior.PROPOSE)
    edit(clerk, "C1", name="Draft")
    job = take(steward, "account,credit_limit", "C1,500")
    assert outcomes(job) == {2: "proposed"}
    states = Proposal.objects.order_by("id").values_list("created_by__username", "state")
    assert list(states) == [("clerk", State.NOT_SUBMITTED), ("steward", State.PENDING)]


def test_a_field_that_is_open_with_another_value_fails_the_row(steward, clerk, governed):
    governed(Behavior.PROPOSE)
    edit(clerk, "C1", credit_limit="900")
    job = take(steward, *FILE)
    [(field, reason)] = reasons(job)[2]
    assert field == "credit_limit"
    assert str(Proposal.objects.get(created_by=clerk).pk) in reason
    assert stored("C1", "city") == "City"


def test_a_field_that_is_open_with_the_same_value_counts_as_done(steward, clerk, governed):
    governed(Behavior.PROPOSE)
    edit(clerk, "C3", credit_limit="700")
    job = take(steward, *FILE)
    assert outcomes(job)[4] == "unchanged"
    assert job.row_outcomes.get(number=4).notes
    assert Proposal.objects.filter(record_key="C3").count() == 1


def test_under_reject_a_value_that_is_pending_already_fails_too(steward, clerk, governed):
    governed(Behavior.REJECT)
    edit(clerk, "C3", credit_limit="700")
    assert outcomes(take(steward, *FILE))[4] == "failed"


@pytest.mark.parametrize("behavior", Behavior)
def test_new_customers_are_created_under_every_behavior(steward, governed, behavior):
    governed(behavior)
    job = take(steward, "account,name,customer_group,credit_limit", "N1,New,10,5")
    assert outcomes(job) == {2: "created"}
    assert stored("N1", "credit_limit") == 5
