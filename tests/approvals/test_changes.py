"""What the door does with changes of existing customers."""

import pytest
from django.core.exceptions import PermissionDenied

from approvals import changes, proposals
from approvals.models import (
    Behavior,
    Contributor,
    Outcome,
    Proposal,
    ProposedChange,
    State,
    Verb,
    WorkflowEvent,
)
from approvals.outcomes import BROWSER, Change
from customers.models import Customer
from tests.approvals.helpers import edit, import_source, live
from tests.customers.factories import customer

pytestmark = pytest.mark.django_db


def test_a_direct_field_is_saved_at_once_and_recorded(clerk, workflow, govern_fields):
    govern_fields("credit_limit")
    row = customer("C1", phone="1234")
    outcome = edit(clerk, "C1", phone="5678")
    assert outcome.status == "updated"
    assert live("C1", "phone") == "5678"
    event = WorkflowEvent.objects.get(object_id=row.pk, verb=Verb.CHANGED)
    assert (event.actor, event.field, event.old, event.new) == (clerk, "phone", "1234", "5678")
    assert not Proposal.objects.exists()


def test_a_governed_field_keeps_its_value_and_is_proposed(clerk, workflow, govern_fields):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100", phone="1234")
    outcome = edit(clerk, "C1", credit_limit="2500", phone="5678")
    assert outcome.status == "proposed"
    assert [c.field for c in outcome.direct] == ["phone"]
    assert (live("C1", "credit_limit"), live("C1", "phone")) == ("100.00", "5678")
    change = ProposedChange.objects.get()
    assert (change.original, change.value, change.outcome) == ("100.00", "2500.00", "")
    assert change.proposal.state == State.NOT_SUBMITTED
    assert outcome.proposals == {change.proposal_id}
    assert Contributor.objects.filter(person=clerk, role="proposed").count() == 1


def test_while_approvals_are_off_everything_is_direct(clerk):
    customer("C1", credit_limit="100")
    assert edit(clerk, "C1", credit_limit="2500").status == "updated"
    assert live("C1", "credit_limit") == "2500.00"


@pytest.mark.parametrize("spelling", ["1000", "1000.00", " 1000.0 "])
def test_another_spelling_of_the_same_value_is_no_change(clerk, workflow, govern_fields, spelling):
    govern_fields("credit_limit")
    customer("C1", credit_limit="1000")
    assert edit(clerk, "C1", credit_limit=spelling).status == "unchanged"


def test_the_live_value_again_leaves_the_proposal_alone(clerk, workflow, govern_fields):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    assert edit(clerk, "C1", credit_limit="100").status == "unchanged"
    assert ProposedChange.objects.get().value == "200.00"


def test_another_persons_edit_replaces_the_value_in_the_shared_proposal(
    clerk, person, workflow, govern_fields
):
    govern_fields("credit_limit", "iban")
    customer("C1", credit_limit="100")
    colleague = person("colleague", "Clerk")
    edit(clerk, "C1", credit_limit="200")
    edit(colleague, "C1", credit_limit="300", iban="NL91ABNA0417164300")
    proposal = Proposal.objects.get()
    assert set(proposal.changes.values_list("value", "proposed_by__username")) == {
        ("300.00", "colleague"),
        ("NL91ABNA0417164300", "colleague"),
    }
    assert set(proposal.contributors.values_list("person__username", flat=True)) == {
        "clerk",
        "colleague",
    }
    assert proposal.revision > 1


@pytest.mark.parametrize("values", [{"credit_limit": "300"}, {"name": "Another"}])
def test_an_edit_raises_the_revision_of_its_own_proposal_by_one(clerk, govern_fields, values):
    govern_fields("credit_limit", "name")
    for account in ("C1", "C2"):
        customer(account, credit_limit="100")
        edit(clerk, account, credit_limit="200")
    before = dict(Proposal.objects.values_list("record_key", "revision"))
    edit(clerk, "C1", **values)
    now = dict(Proposal.objects.values_list("record_key", "revision"))
    assert now == before | {"C1": before["C1"] + 1}


def test_a_pending_field_is_refused_with_another_value_and_unchanged_with_the_same(
    clerk, workflow, govern_fields
):
    govern_fields("credit_limit", "iban")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    first = proposals.submit(Proposal.objects.get().pk, by=clerk)
    outcome = edit(clerk, "C1", credit_limit="300", phone="99887")
    assert outcome.status == "failed"
    assert "Recall it first" in outcome.errors[0].message
    assert "Clara Clerk" in outcome.errors[0].message
    assert live("C1", "phone") == ""
    assert edit(clerk, "C1", credit_limit="200").status == "unchanged"
    edit(clerk, "C1", iban="NL91ABNA0417164300")
    second = Proposal.objects.exclude(pk=first.pk).get()
    assert second.state == State.NOT_SUBMITTED
    proposals.submit(second.pk, by=clerk)
    assert Proposal.objects.filter(state=State.PENDING).count() == 2


def test_after_switching_off_a_direct_edit_takes_the_place_of_a_draft(
    clerk, workflow, govern_fields
):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    govern_fields("iban")
    outcome = edit(clerk, "C1", credit_limit="200")
    assert live("C1", "credit_limit") == "200.00"
    assert "discarded" in outcome.notes[0]
    assert ProposedChange.objects.get().outcome == Outcome.DISCARDED
    assert Proposal.objects.get().state == State.DISCARDED


def test_after_switching_off_a_pending_field_still_refuses_a_direct_edit(
    clerk, workflow, govern_fields
):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposals.submit(Proposal.objects.get().pk, by=clerk)
    govern_fields("iban")
    assert edit(clerk, "C1", credit_limit="300").status == "failed"
    assert live("C1", "credit_limit") == "100.00"


def test_one_bad_value_stops_the_whole_record_and_names_the_field(clerk, workflow, govern_fields):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    outcome = edit(clerk, "C1", phone="5678", credit_limit="lots", customer_group="nope")
    assert {error.field for error in outcome.errors} == {"credit_limit", "customer_group"}
    assert live("C1", "phone") == ""
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "1.234", "1e400", "-1", "1\x00"])
def test_impossible_numbers_are_refused(clerk, bad):
    customer("C1")
    assert edit(clerk, "C1", credit_limit=bad).status == "failed"


@pytest.mark.parametrize("bad", ["a\x00b", "a\u202eb", "a\u200bb", "a\ud800b", "a\nb"])
def test_text_that_an_approver_could_not_see_is_refused(clerk, bad):
    customer("C1")
    assert edit(clerk, "C1", name=bad).status == "failed"


def test_unknown_fields_and_the_key_cannot_be_set(clerk):
    customer("C1")
    assert edit(clerk, "C1", account="C2").status == "failed"
    assert edit(clerk, "C1", revision=7).status == "failed"
    assert edit(clerk, "C1", no_such_field=7).status == "failed"


def test_an_unknown_account_and_one_that_differs_in_case_fail(clerk):
    customer("Cä1")
    assert edit(clerk, "C2", name="X").status == "failed"
    assert "Cä1" in edit(clerk, "CÄ1", name="X").errors[0].message


def test_the_same_record_twice_in_a_batch_fails_the_second(clerk):
    customer("C1")
    first, second = changes.change_records(
        Customer,
        [Change("C1", {"name": "One"}), Change("C1", {"name": "Two"})],
        by=clerk,
        source=BROWSER,
    )
    assert (first.status, second.status) == ("updated", "failed")
    assert live("C1", "name") == "One"


def test_records_of_a_batch_with_different_fields_each_get_their_own_values(clerk):
    customer("C1", name="A", phone="1111")
    customer("C2", name="B", phone="2222")
    changes.change_records(
        Customer,
        [Change("C1", {"name": "AA"}), Change("C2", {"phone": "3333"})],
        by=clerk,
        source=BROWSER,
    )
    rows = Customer.objects.order_by("account").values_list("name", "phone", "revision")
    assert list(rows) == [("AA", "1111", 2), ("B", "3333", 2)]


def test_who_saves_over_anothers_work_changes_nothing(clerk, person, workflow, govern_fields):
    govern_fields("credit_limit")
    row = customer("C1", credit_limit="100")
    seen = changes.version_of(row)
    edit(person("colleague", "Clerk"), "C1", credit_limit="200")
    outcome = edit(clerk, "C1", seen=seen, phone="5678")
    assert outcome.stale
    assert outcome.status == "failed"
    assert live("C1", "phone") == ""
    assert edit(clerk, "C1", seen=changes.version_of(row), phone="5678").status == "updated"


def test_without_the_right_nothing_is_changed(auditor, approver):
    customer("C1")
    for user in (auditor, approver):
        with pytest.raises(PermissionDenied):
            edit(user, "C1", name="X")


def test_a_rule_across_fields_stops_a_proposal_but_a_lone_direct_half_only_warns(
    clerk, workflow, govern_fields
):
    govern_fields("swift")
    customer("C1", iban="NL91ABNA0417164300", swift="ABNANL2A")
    outcome = edit(clerk, "C1", iban="DE89370400440532013000")
    assert outcome.status == "updated"
    assert outcome.warnings
    outcome = edit(clerk, "C1", swift="BNPAFRPP")
    assert outcome.status == "failed"
    outcome = edit(clerk, "C1", swift="COBADEFF")
    assert outcome.status == "proposed"


def test_a_rule_across_direct_fields_must_hold(clerk, workflow, govern_fields):
    govern_fields("credit_limit")
    customer("C1", iban="NL91ABNA0417164300", swift="ABNANL2A")
    assert edit(clerk, "C1", iban="DE89370400440532013000").status == "failed"


def test_reject_changes_fails_the_row_and_names_each_governed_field(
    steward, workflow, govern_fields
):
    govern_fields("credit_limit", "iban", behavior=Behavior.REJECT)
    customer("C1", credit_limit="100")
    source = import_source(steward, Behavior.REJECT)
    outcome = edit(
        steward, "C1", source, credit_limit="200", iban="NL91ABNA0417164300", phone="5678"
    )
    assert {error.field for error in outcome.errors} == {"credit_limit", "iban"}
    assert live("C1", "phone") == ""
    assert edit(steward, "C1", source, credit_limit="100", phone="5678").status == "updated"


def test_allow_changes_without_approval_writes_and_says_that_nobody_approved(
    steward, workflow, govern_fields
):
    govern_fields("credit_limit", behavior=Behavior.ALLOW)
    customer("C1", credit_limit="100")
    source = import_source(steward, Behavior.ALLOW)
    outcome = edit(steward, "C1", source, credit_limit="200", phone="5678")
    assert outcome.status == "updated"
    assert live("C1", "credit_limit") == "200.00"
    assert Proposal.objects.get().state == State.NOT_REQUIRED
    who = Proposal.objects.get().contributors.values_list("person__username", "role")
    assert list(who) == [("steward", "imported")]
    assert ProposedChange.objects.get().outcome == Outcome.APPLIED
    event = WorkflowEvent.objects.get(verb=Verb.CHANGED_WITHOUT_APPROVAL)
    assert (event.actor, event.import_job) == (steward, source.job)
    assert WorkflowEvent.objects.filter(verb=Verb.CHANGED, field="phone").count() == 1


def test_create_change_proposals_submits_a_proposal_of_its_own(steward, workflow, govern_fields):
    govern_fields("credit_limit", behavior=Behavior.PROPOSE)
    customer("C1", credit_limit="100")
    source = import_source(steward, Behavior.PROPOSE)
    outcome = edit(steward, "C1", source, credit_limit="200", phone="5678")
    assert outcome.status == "proposed"
    proposal = Proposal.objects.get()
    assert (proposal.state, proposal.submitted_by) == (State.PENDING, steward)
    assert (live("C1", "credit_limit"), live("C1", "phone")) == ("100.00", "5678")
    assert proposal.work_items.get().assignee.username == "approver"
    again = edit(steward, "C1", source, credit_limit="200", phone="5678")
    assert again.status == "unchanged"
    assert f"proposal {proposal.pk}" in again.notes[0]
    assert edit(steward, "C1", source, credit_limit="300").status == "failed"
    assert Proposal.objects.count() == 1


def test_an_import_beside_a_persons_draft_leaves_the_draft_alone(
    clerk, steward, workflow, govern_fields
):
    govern_fields("credit_limit", "iban", behavior=Behavior.PROPOSE)
    customer("C1", credit_limit="100")
    edit(clerk, "C1", iban="NL91ABNA0417164300")
    source = import_source(steward, Behavior.PROPOSE)
    assert edit(steward, "C1", source, credit_limit="200").status == "proposed"
    assert edit(steward, "C1", source, iban="DE89370400440532013000").status == "failed"
    states = Proposal.objects.values_list("created_by__username", "state")
    assert set(states) == {("clerk", State.NOT_SUBMITTED), ("steward", State.PENDING)}


def test_a_row_that_no_workflow_covers_fails_with_its_direct_fields(steward, govern_fields):
    govern_fields("credit_limit", behavior=Behavior.PROPOSE)
    customer("C1", credit_limit="100")
    source = import_source(steward, Behavior.PROPOSE)
    outcome = edit(steward, "C1", source, credit_limit="200", phone="5678")
    assert "No active workflow" in outcome.errors[0].message
    assert live("C1", "phone") == ""


def test_who_may_only_import_edits_only_what_he_imported(
    clerk, steward, workflow, govern_fields, approver
):
    govern_fields("credit_limit", "iban", behavior=Behavior.PROPOSE)
    customer("C1", credit_limit="100")
    edit(steward, "C1", import_source(steward, Behavior.PROPOSE), credit_limit="200")
    proposal = Proposal.objects.get()
    proposals.recall(proposal.pk, by=steward)
    assert edit(steward, "C1", credit_limit="250").status == "proposed"
    assert edit(steward, "C1", iban="NL91ABNA0417164300").status == "failed"
    assert edit(steward, "C1", phone="5678").status == "failed"


@pytest.mark.parametrize("behavior", Behavior.values)
def test_a_plan_tells_what_the_door_then_does_and_writes_nothing(
    steward, workflow, govern_fields, behavior
):
    govern_fields("credit_limit", behavior=behavior)
    customer("C1", credit_limit="100")
    source = import_source(steward, behavior)
    change = [Change("C1", {"credit_limit": "200", "phone": "5678"})]
    [plan] = changes.plan_changes(Customer, change, by=steward, source=source)
    assert (live("C1", "credit_limit"), live("C1", "phone")) == ("100.00", "")
    assert not Proposal.objects.exists()
    [outcome] = changes.change_records(Customer, change, by=steward, source=source)
    assert plan.status == outcome.status
    assert (plan.direct, plan.proposed, plan.errors) == (
        outcome.direct,
        outcome.proposed,
        outcome.errors,
    )


@pytest.mark.parametrize("behavior", [None, *Behavior.values])
def test_a_batch_costs_the_same_statements_whatever_its_size(
    clerk, steward, workflow, govern_fields, behavior, django_assert_num_queries
):
    govern_fields("credit_limit", "iban", behavior=behavior or Behavior.REJECT)
    by, source = (
        (clerk, BROWSER) if behavior is None else (steward, import_source(steward, behavior))
    )
    for n in range(300):
        customer(f"C{n}", credit_limit="100")

    def statements(accounts):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        batch = [Change(a, {"credit_limit": "7", "phone": "12345"}) for a in accounts]
        fresh = type(by).objects.get(pk=by.pk)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            changes.change_records(Customer, batch, by=fresh, source=source)
        return len(captured)

    statements(["C0"])  # what is read once
    assert statements(["C1", "C2"]) == statements([f"C{n}" for n in range(3, 300)])


def test_rules_across_fields_hold_for_what_an_import_writes_without_approval(
    steward, workflow, govern_fields
):
    govern_fields("iban", "swift", behavior=Behavior.ALLOW)
    customer("C1")
    source = import_source(steward, Behavior.ALLOW)
    outcome = edit(steward, "C1", source, iban="NL91ABNA0417164300", swift="COBADEFF")
    assert outcome.status == "failed"
    assert live("C1", "iban") == ""


def test_who_may_only_import_does_not_touch_what_others_put_into_his_proposal(
    clerk, steward, workflow, govern_fields
):
    govern_fields("credit_limit", "iban", behavior=Behavior.PROPOSE)
    customer("C1", credit_limit="100")
    edit(steward, "C1", import_source(steward, Behavior.PROPOSE), credit_limit="200")
    edit(clerk, "C1", iban="NL91ABNA0417164300")
    imported = Proposal.objects.get(created_by=steward)
    proposals.recall(imported.pk, by=steward)
    assert imported.changes.filter(outcome="").count() == 2
    assert edit(steward, "C1", iban="DE89370400440532013000").status == "failed"
    for action in (
        lambda: proposals.submit(imported.pk, by=steward),
        lambda: proposals.discard_change(imported.changes.get(field="iban").pk, by=steward),
        lambda: proposals.discard_all(imported.record, by=steward),
    ):
        with pytest.raises(PermissionDenied):
            action()
