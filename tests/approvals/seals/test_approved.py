"""What was approved was approved as its workflow asks, by the sealed entries."""

import pytest
from django.core.management import call_command

from approvals import proposals
from approvals.models import (
    Action,
    Proposal,
    State,
    Verb,
    WorkflowEvent,
)
from approvals.seals.approved import follow
from approvals.seals.verifying import Report
from tests.approvals.helpers import edit, vote
from tests.unguarded import unguarded

from .tampering import written

pytestmark = pytest.mark.django_db


def findings():
    found = []
    follow(Report(found.append))
    return found


def about(proposal, why):
    start = f"customers.customer {proposal.record_key}, proposal {proposal.pk}: approved, "
    return [f"{start}{why}."]


@pytest.fixture
def proposal(history):
    """Approved in two steps."""
    return Proposal.objects.get(record_key="C1")


def entries(proposal, *verbs, **where):
    return WorkflowEvent.objects.filter(proposal=proposal, verb__in=verbs, **where)


def forge(rows, **values):
    with unguarded():
        rows.update(**values)


def remove(rows):
    with unguarded():
        rows._raw_delete("default")


def test_what_people_approved_is_borne_out(history):
    assert Proposal.objects.filter(state=State.APPROVED).count() == 2
    assert findings() == []


def test_a_step_without_an_approval_is_found(proposal, workflow):
    remove(entries(proposal, Verb.APPROVED, step=workflow.steps.first()))
    assert findings() == about(proposal, "though nobody approved the step “Credit manager”")


def test_an_approval_by_nobody_is_none(proposal, workflow):
    forge(entries(proposal, Verb.APPROVED, step=workflow.steps.last()), actor=None)
    assert findings() == about(proposal, "though nobody approved the step “Finance director”")


def test_a_step_that_was_not_completed_is_found(proposal):
    remove(entries(proposal, Verb.STEP_COMPLETED))
    assert findings() == about(proposal, "though the step “Credit manager” was not completed")


def test_a_step_without_condition_is_never_skipped(proposal, workflow):
    forge(entries(proposal, Verb.APPROVED, step=workflow.steps.last()), verb=Verb.STEP_SKIPPED)
    why = "though the step “Finance director”, which was skipped, applies"
    assert findings() == about(proposal, why)


def test_where_all_steps_were_skipped_nobody_approved(proposal):
    forge(entries(proposal, Verb.APPROVED), verb=Verb.STEP_SKIPPED)
    assert about(proposal, "though nobody approved it")[0] in findings()


@pytest.mark.parametrize("column", ["actor", "on_behalf_of"])
def test_a_vote_of_or_for_a_contributor_is_found(proposal, clerk, column):
    forge(entries(proposal, Verb.APPROVED), **{column: clerk})
    assert findings() == about(proposal, f"though person {clerk.pk} contributed to it")


def test_what_nobody_did_makes_nobody_a_contributor(proposal):
    forge(entries(proposal, Verb.PROPOSED), actor=None)
    assert findings() == []


@pytest.mark.parametrize("verb", [Verb.EDITED, Verb.DISCARDED, Verb.DROPPED, Verb.SUPERSEDED])
def test_whoever_edited_or_discarded_contributed(proposal, approver, verb):
    forge(entries(proposal, Verb.SUBMITTED), field="name", new="X")
    forge(entries(proposal, Verb.PROPOSED), actor=approver)
    [why] = about(proposal, f"though person {approver.pk} contributed to it")
    assert why in findings()
    forge(entries(proposal, Verb.PROPOSED), verb=verb)
    assert why in findings()


def test_what_was_not_submitted_is_found(proposal):
    remove(entries(proposal, Verb.SUBMITTED))
    assert about(proposal, "but not submitted")[0] in findings()


def test_approvals_of_before_it_was_submitted_again_do_not_count(
    history, clerk, approver, second_approver
):
    edit(clerk, "C3", credit_limit="300")
    proposal = Proposal.objects.get(record_key="C3", state=State.NOT_SUBMITTED)
    proposals.submit(proposal.pk, by=clerk)
    vote(approver, proposal)
    vote(second_approver, proposal, Action.REJECT, comment="No")
    proposals.submit(proposal.pk, by=clerk)
    vote(approver, proposal)
    vote(second_approver, proposal)
    assert proposal.state == State.APPROVED
    assert findings() == []
    remove(WorkflowEvent.objects.filter(pk=entries(proposal, Verb.APPROVED, actor=approver)[1].pk))
    assert findings() == about(proposal, "though nobody approved the step “Credit manager”")


@pytest.mark.parametrize("ended", ["rejected", "change_requested", "conflict", "recalled"])
def test_what_was_handed_back_has_to_be_submitted_again(proposal, ended):
    forge(entries(proposal, Verb.STEP_COMPLETED), verb=ended)
    assert about(proposal, "but not submitted")[0] in findings()


def test_a_status_that_no_entry_tells_is_found(history):
    open_one = Proposal.objects.get(record_key="C2")
    forge(Proposal.objects.filter(pk=open_one.pk), state=State.APPROVED)
    assert findings() == about(open_one, "but the history does not say so")


def test_another_status_than_the_entries_tell_is_found(proposal):
    forge(Proposal.objects.filter(pk=proposal.pk), state=State.DISCARDED)
    assert findings() == about(proposal, "but its status is another")


@pytest.mark.parametrize(
    ("forged", "told"),
    [
        ({"new": "9.00"}, "from '100.00' to '9.00', but approved was from '100.00' to '200.00'."),
        ({"old": None}, "from None to '200.00', but approved was from '100.00' to '200.00'."),
        ({"field": "name"}, "from '100.00' to '200.00', but approved was nothing."),
    ],
)
def test_what_is_applied_is_what_was_approved(proposal, forged, told):
    forge(entries(proposal, Verb.APPLIED), **forged)
    assert findings()[0].endswith(f"was applied {told}")


def test_it_is_applied_once(proposal):
    [applied] = entries(proposal, Verb.APPLIED)
    told = {"proposal_id": proposal.pk, "field": "credit_limit"}
    written(proposal.record, Verb.APPLIED, old=applied.old, new=applied.new, **told)
    assert findings()[0].endswith("but approved was nothing.")


def test_what_no_version_took_is_found(proposal, workflow):
    forge(entries(proposal, Verb.SUBMITTED), version_id=2**40)
    assert findings() == about(proposal, f"but there is no workflow version {2**40}")


def test_an_old_entry_that_names_no_version_means_that_of_the_proposal(proposal, workflow):
    forge(entries(proposal, Verb.SUBMITTED), version=None)
    assert findings() == []
    remove(entries(proposal, Verb.APPROVED, step=workflow.steps.first()))
    assert findings() == about(proposal, "though nobody approved the step “Credit manager”")


def test_a_draft_that_joined_brings_its_contributors(
    history, clerk, person, approver, second_approver
):
    colleague = person("colleague", "Clerk")
    edit(clerk, "C3", credit_limit="300")
    recalled = Proposal.objects.get(record_key="C3", state=State.NOT_SUBMITTED)
    proposals.submit(recalled.pk, by=clerk)
    edit(colleague, "C3", name="Beside")
    proposals.recall(recalled.pk, by=clerk)
    proposals.submit(recalled.pk, by=clerk)
    vote(approver, recalled)
    vote(second_approver, recalled)
    assert findings() == []
    forge(entries(recalled, Verb.APPROVED, actor=approver), actor=colleague)
    assert findings() == about(recalled, f"though person {colleague.pk} contributed to it")


def test_the_command_tells(proposal, capsys):
    remove(entries(proposal, Verb.STEP_COMPLETED))
    with pytest.raises(SystemExit):
        call_command("verify_history")
    assert "was not completed." in capsys.readouterr().out
