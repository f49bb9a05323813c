"""What one connection has not committed yet, another one waits for."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from approvals import proposals
from approvals.models import Proposal, ProposedChange, State
from approvals.outcomes import Refused
from approvals.workflow import workflows
from customers.models import Customer
from tests.approvals.helpers import edit, vote
from tests.customers.factories import customer
from tests.unguarded import unguarded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def draft(clerk, workflow, govern_fields):
    customer("C1", name="One", credit_limit="100")
    govern_fields("credit_limit", "name")
    edit(clerk, "C1", credit_limit="200")
    return Proposal.objects.get()


def somebody_waits_for_us():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks "
            "WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        return cursor.fetchone()[0]


def meanwhile(write, act):
    """Whether `act` is done while what `write` has written is not committed yet."""

    def elsewhere():
        try:
            act()
        finally:
            connection.close()

    acting = threading.Thread(target=elsewhere)
    with transaction.atomic():
        write()
        acting.start()
        while acting.is_alive() and not somebody_waits_for_us():
            acting.join(0.05)
        done = not acting.is_alive()
    acting.join(20)
    return done


def submits_meanwhile(draft, clerk):
    """Whether it is submitted while somebody has exchanged its value, and not committed."""
    done = meanwhile(
        lambda: ProposedChange.objects.update(value="777.00"),
        lambda: proposals.submit(draft.pk, by=clerk),
    )
    draft.refresh_from_db()
    assert draft.state == State.PENDING
    return done


def test_nobody_submits_what_somebody_is_about_to_exchange(draft, clerk):
    assert not submits_meanwhile(draft, clerk)


def test_control_without_the_guard_it_is_submitted_and_then_exchanged(draft, clerk):
    with unguarded():
        assert submits_meanwhile(draft, clerk)


def add_to(draft, person):
    change = ProposedChange.objects.get(proposal=draft)
    change.pk, change.field, change.original, change.value = None, "name", "One", "Other"
    change.proposed_by = person
    change.save()


@pytest.fixture
def decide(draft, clerk, approver, second_approver):
    """A function that submits the draft, and has it approved."""

    def submit_and_approve():
        proposals.submit(draft.pk, by=clerk)
        assert vote(approver, draft).done
        assert vote(second_approver, draft).done

    return submit_and_approve


def name():
    return Customer.objects.get().name


def added_while_it_is_decided(draft, steward, decide):
    """Whether it is approved without what somebody is adding, who then writes that value."""
    if not meanwhile(lambda: add_to(draft, steward), decide):
        return False
    Customer.objects.update(name="Other")
    return True


def test_nobody_approves_what_somebody_is_about_to_add_to(draft, steward, decide):
    assert not added_while_it_is_decided(draft, steward, decide)
    assert name() == "Other"  # the approvers have decided on it, too


def test_control_without_the_guard_it_is_approved_and_then_added_to(draft, steward, decide):
    with unguarded():
        assert added_while_it_is_decided(draft, steward, decide)
    assert name() == "Other"


def adds_when_it_is_submitted(draft, clerk, steward):
    """Whether somebody adds to it while it is being submitted, which is not committed."""
    refused = []

    def add():
        try:
            add_to(draft, steward)
        except IntegrityError as error:
            refused.append(str(error))

    assert not meanwhile(lambda: proposals.submit(draft.pk, by=clerk), add) or not refused
    return refused


def test_nobody_adds_to_what_is_being_submitted(draft, clerk, steward):
    [refused] = adds_when_it_is_submitted(draft, clerk, steward)
    assert "nothing is added" in refused


def test_control_without_the_guard_somebody_adds_to_it(draft, clerk, steward):
    with unguarded():
        assert not adds_when_it_is_submitted(draft, clerk, steward)


def test_several_drafts_are_filled_at_the_same_time(draft, clerk, steward):
    """Nobody waits for who adds to another proposal."""
    customer("C2", name="Two")
    assert meanwhile(
        lambda: edit(clerk, "C1", name="Other"), lambda: edit(steward, "C2", name="Other")
    )


# Drafts of a workflow


@pytest.fixture
def next_version(workflow, administrator):
    return workflows.new_draft(workflow.workflow, by=administrator)


def refusal_of(write):
    """A function that writes, and a list in which stands why it was refused, if it was."""
    refused = []

    def act():
        try:
            write()
        except (IntegrityError, Refused) as error:
            refused.append(str(error))

    return act, refused


def names_somebody(version, person):
    return lambda: version.steps.get(position=2).users.add(person)


def activates(version, administrator):
    seen = workflows.token(version)
    return lambda: workflows.activate(version, by=administrator, seen=seen)


def test_nobody_activates_what_somebody_is_about_to_change(next_version, administrator, approver):
    act, refused = refusal_of(activates(next_version, administrator))
    assert not meanwhile(names_somebody(next_version, approver), act)
    assert "has changed since you were asked" in refused[0]


def test_control_without_the_guard_it_is_activated_and_then_changed(
    next_version, administrator, approver
):
    act, refused = refusal_of(activates(next_version, administrator))
    with unguarded():
        assert meanwhile(names_somebody(next_version, approver), act)
    assert not refused


def test_nobody_changes_what_is_being_activated(next_version, administrator, approver):
    act, refused = refusal_of(names_somebody(next_version, approver))
    assert not meanwhile(activates(next_version, administrator), act)
    assert "as it was once the version was activated" in refused[0]


def test_control_without_the_guard_somebody_changes_it(next_version, administrator, approver):
    act, refused = refusal_of(names_somebody(next_version, approver))
    with unguarded():
        assert meanwhile(activates(next_version, administrator), act)
    assert not refused
