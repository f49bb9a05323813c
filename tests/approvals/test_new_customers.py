"""New customers while they need approval: held, proposed as a whole, released by approval."""

import json

import pytest

from approvals import changes, parameters, proposals
from approvals.models import (
    Action,
    Behavior,
    Kind,
    Operator,
    Outcome,
    Proposal,
    ProposedChange,
    State,
    Subject,
    Verb,
    VersionState,
    WorkflowEvent,
    WorkflowVersion,
)
from approvals.outcomes import BROWSER, Change, Refused
from approvals.registry import HELD
from customers.models import Currency, Customer
from tests.customers.factories import customer

from .helpers import edit, import_source, live, vote

pytestmark = pytest.mark.django_db

IBAN = "NL91ABNA0417164300"
VALUES = {"name": "Nieuw B.V.", "customer_group": "10", "iban": IBAN, "phone": "030 123"}
GOVERNED = ("name", "customer_group", "iban", "credit_limit", "invoice_account")


@pytest.fixture(autouse=True)
def new_customers_need_approval(govern_fields, workflow):
    govern_fields(*GOVERNED, approve_new=True)
    return customer("OLD")


@pytest.fixture
def create(clerk):
    def make(account="NEW", by=clerk, source=BROWSER, **values):
        meant = [Change(account, VALUES | values)]
        [outcome] = changes.create_records(Customer, meant, by=by, source=source)
        return outcome

    return make


@pytest.fixture
def held(create):
    """A new customer whose proposal is not submitted; returns the proposal."""
    [number] = create().proposals
    return Proposal.objects.get(pk=number)


@pytest.fixture
def approve(approver, second_approver):
    def both(proposal):
        vote(approver, proposal)
        return vote(second_approver, proposal)

    return both


def is_held(account="NEW"):
    return Customer.objects.get(account=account).held


def proposed(proposal):
    rows = ProposedChange.objects.filter(proposal=proposal, outcome="").order_by("id")
    return {row.field: (row.original, row.value) for row in rows}


def why(outcome):
    return {error.field: error.message for error in outcome.errors}


# Creating


def test_a_new_customer_is_held_with_its_direct_fields_only(create):
    outcome = create()
    assert (outcome.status, outcome.held) == ("created", True)
    assert is_held()
    assert (live("NEW", "name"), live("NEW", "customer_group"), live("NEW", "iban")) == (
        "",
        None,
        "",
    )
    assert live("NEW", "phone") == "030 123"


def test_its_governed_fields_and_its_release_are_one_proposal(held, clerk):
    assert (held.kind, held.state) == (Kind.NEW, State.NOT_SUBMITTED)
    assert proposed(held) == {
        "name": ("", "Nieuw B.V."),
        "customer_group": (None, "10"),
        "iban": ("", IBAN),
        HELD: ("1", "0"),
    }
    assert [c.person for c in held.contributors.all()] == [clerk]


def test_the_history_tells_what_was_created_and_what_was_proposed(held):
    created, *rest = WorkflowEvent.objects.filter(record_key="NEW").order_by("id")
    assert created.verb == Verb.CREATED
    assert json.loads(created.new) == {"phone": "030 123"}
    assert [(e.verb, e.field) for e in rest] == [
        (Verb.PROPOSED, name) for name in ("name", "customer_group", "iban", HELD)
    ]


def test_approval_applies_the_values_and_releases_it(held, clerk, approve):
    proposals.submit(held.pk, by=clerk)
    assert is_held()
    approve(held)
    assert not is_held()
    assert (live("NEW", "name"), live("NEW", "iban")) == ("Nieuw B.V.", IBAN)
    assert held.state == State.APPROVED


def test_values_equal_to_the_default_are_not_proposed_but_the_release_always_is(create, clerk):
    [number] = create(iban="", credit_limit="").proposals
    assert set(proposed(number)) == {"name", "customer_group", HELD}


def test_with_no_field_enabled_the_release_alone_is_proposed(create, govern_fields):
    govern_fields(approve_new=True)
    [number] = create().proposals
    assert list(proposed(number)) == [HELD]
    assert is_held()
    assert live("NEW", "iban") == IBAN


def test_it_is_checked_as_it_is_meant(create):
    assert set(why(create(name="", customer_group=""))) == {"name", "customer_group"}
    assert set(why(create(swift="DEUTDEFF"))) == {"iban"}
    assert set(why(create(customer_group="nope"))) == {"customer_group"}
    assert not Customer.objects.filter(account="NEW").exists()


def test_what_stands_in_a_field_meanwhile_has_to_exist_too(create, govern_fields):
    govern_fields("currency", approve_new=True)
    Currency.objects.filter(code="EUR").update(active=False)
    assert list(why(create(currency="USD"))) == ["currency"]


def test_conditions_on_the_customer_read_what_a_new_one_is_to_have(create, steward):
    WorkflowVersion.objects.get().conditions.create(
        subject=Subject.RECORD, field="customer_group", operator=Operator.IS, value="10"
    )
    source = import_source(steward, Behavior.PROPOSE)
    assert create("OTHER", by=steward, source=source, customer_group="20").failed
    assert create(by=steward, source=source).status == "created"
    proposal = proposals.recall(Proposal.objects.get().pk, by=steward)
    assert proposals.submit(proposal.pk, by=steward).state == State.PENDING


def test_a_workflow_may_take_new_customers_only(create, steward):
    WorkflowVersion.objects.get().conditions.create(
        subject=Subject.KIND, operator=Operator.IS, value=Kind.NEW
    )
    source = import_source(steward, Behavior.PROPOSE)
    assert create(by=steward, source=source).status == "created"
    assert edit(steward, "OLD", source=source, iban=IBAN).failed


@pytest.mark.parametrize("on", [True, False])
def test_it_counts_only_while_approvals_are_on(create, administrator, on):
    parameters.set_parameters(Customer, by=administrator, enabled=on)
    create()
    assert is_held() is on
    assert Proposal.objects.exists() is on


def test_without_the_parameter_a_new_customer_is_created_at_once(create, govern_fields):
    govern_fields(*GOVERNED)
    outcome = create()
    assert (outcome.held, is_held()) == (False, False)
    assert not Proposal.objects.exists()


def test_a_plan_says_the_same_and_writes_nothing(clerk):
    meant = [Change("NEW", VALUES)]
    [plan] = changes.plan_creations(Customer, meant, by=clerk, source=BROWSER)
    assert (plan.status, plan.held) == ("created", True)
    assert {c.field for c in plan.proposed} == {"name", "customer_group", "iban", HELD}
    assert not Customer.objects.filter(account="NEW").exists()


def test_held_can_be_set_by_nobody(create, held, clerk):
    assert HELD in why(edit(clerk, "NEW", held=False))
    assert HELD in why(create("OTHER", held=False))


def test_the_fingerprint_of_the_rules_tells_whether_new_customers_need_approval(govern_fields):
    before = changes.read_rules(Customer).fingerprint
    govern_fields(*GOVERNED, approve_new=False)
    assert changes.read_rules(Customer).fingerprint != before


# What refers to a held customer


def test_a_held_customer_cannot_be_chosen_as_invoice_account(create, held, clerk, approve):
    assert "held until approved" in why(create("TWO", invoice_account="NEW"))["invoice_account"]
    assert "invoice_account" in why(edit(clerk, "OLD", invoice_account="NEW"))
    proposals.submit(held.pk, by=clerk)
    approve(held)
    assert create("TWO", invoice_account="NEW").status == "created"
    assert edit(clerk, "OLD", invoice_account="NEW").status == "proposed"


@pytest.mark.parametrize("governed", [GOVERNED, GOVERNED[:3]])
def test_a_new_customer_may_be_its_own_invoice_account(
    create, clerk, approve, govern_fields, governed
):
    govern_fields(*governed, approve_new=True)
    [number] = create(invoice_account="NEW").proposals
    proposals.submit(number, by=clerk)
    approve(Proposal.objects.get(pk=number))
    assert live("NEW", "invoice_account") == "NEW"
    assert not is_held()


def test_no_new_customer_refers_to_another_one_of_the_same_batch(clerk):
    batch = [Change("A", VALUES), Change("B", VALUES | {"invoice_account": "A"})]
    outcomes = changes.create_records(Customer, batch, by=clerk, source=BROWSER)
    assert [o.status for o in outcomes] == ["created", "failed"]
    assert len(outcomes[1].errors) == 1


# Editing while it is held


def test_edits_go_into_its_proposal(held, clerk):
    edit(clerk, "NEW", name="Ander B.V.", credit_limit="5", phone="040 123")
    assert Proposal.objects.get() == held
    assert proposed(held)["name"] == ("", "Ander B.V.")
    assert proposed(held)["credit_limit"] == (None, "5.00")
    assert live("NEW", "phone") == "040 123"
    assert is_held()


@pytest.mark.parametrize("submitted", [False, True])
def test_saving_a_held_customer_that_is_complete_does_not_release_it(
    create, clerk, approve, govern_fields, submitted
):
    govern_fields("iban", approve_new=True)
    [number] = create().proposals
    held = Proposal.objects.get(pk=number)
    assert live("NEW", "name") == "Nieuw B.V."
    if submitted:
        proposals.submit(held.pk, by=clerk)
    assert HELD not in [change.field for change in edit(clerk, "NEW", phone="040 123").direct]
    assert (is_held(), Proposal.objects.get()) == (True, held)
    if submitted:
        approve(held)
        assert not is_held()


def test_what_was_missing_goes_into_the_proposal_that_came_back(held, clerk, approver, approve):
    proposals.submit(held.pk, by=clerk)
    vote(approver, held, Action.REQUEST_CHANGE, "Which limit?")
    edit(clerk, "NEW", credit_limit="5")
    assert Proposal.objects.get() == held
    proposals.submit(held.pk, by=clerk)
    approve(held)
    assert (live("NEW", "credit_limit"), is_held()) == ("5.00", False)


def test_while_it_is_pending_other_fields_are_a_change_that_releases_nothing(held, clerk, approve):
    proposals.submit(held.pk, by=clerk)
    [number] = edit(clerk, "NEW", credit_limit="5").proposals
    second = Proposal.objects.get(pk=number)
    assert (second.kind, list(proposed(second))) == (Kind.CHANGE, ["credit_limit"])
    proposals.submit(second.pk, by=clerk)
    approve(second)
    assert (live("NEW", "credit_limit"), is_held()) == ("5.00", True)
    approve(held)
    assert (live("NEW", "name"), is_held()) == ("Nieuw B.V.", False)


@pytest.mark.parametrize("first", ["new", "change"])
def test_recalled_beside_another_proposal_both_become_the_one_that_releases(
    held, clerk, approve, first
):
    proposals.submit(held.pk, by=clerk)
    [number] = edit(clerk, "NEW", credit_limit="5").proposals
    proposals.submit(number, by=clerk)
    order = (held.pk, number) if first == "new" else (number, held.pk)
    for pk in order:
        proposals.recall(pk, by=clerk)
    joined = Proposal.objects.get(state=State.NOT_SUBMITTED)
    assert (joined.pk, joined.kind) == (order[1], Kind.NEW)
    assert {"credit_limit", HELD} < set(proposed(joined))
    proposals.submit(joined.pk, by=clerk)
    approve(joined)
    assert (live("NEW", "credit_limit"), is_held()) == ("5.00", False)


# When its proposal is gone


def test_the_release_is_not_discarded_before_the_rest(held, clerk):
    release = held.changes.get(field=HELD)
    with pytest.raises(Refused, match="Discard all"):
        proposals.discard_change(release.pk, by=clerk)
    for change in held.changes.exclude(field=HELD):
        proposals.discard_change(change.pk, by=clerk)
    proposals.discard_change(release.pk, by=clerk)
    held.refresh_from_db()
    assert held.state == State.DISCARDED


def test_it_is_not_submitted_without_what_is_required(held, clerk):
    proposals.discard_change(held.changes.get(field="name").pk, by=clerk)
    with pytest.raises(Refused, match="Name: This field is required"):
        proposals.submit(held.pk, by=clerk)


def test_it_is_not_released_without_what_is_required(held, clerk, approve):
    proposals.submit(held.pk, by=clerk)
    held.changes.filter(field="name").update(outcome=Outcome.DISCARDED)
    approve(held)
    assert held.state == State.CHANGE_REQUESTED
    assert is_held()
    conflict = held.events.get(verb=Verb.CONFLICT)
    assert "Name: This field is required" in conflict.comment


@pytest.mark.parametrize("values", [{}, {"phone": "050 123"}, {"name": "Ander B.V."}])
def test_after_discarding_all_the_next_save_proposes_the_release_again(held, clerk, values):
    proposals.discard_all(Customer.objects.get(account="NEW"), by=clerk)
    assert is_held()
    outcome = edit(clerk, "NEW", **values)
    [number] = outcome.proposals
    assert Proposal.objects.get(pk=number).kind == Kind.NEW
    assert proposed(number)[HELD] == ("1", "0")
    assert edit(clerk, "NEW", **values).status == "unchanged"


def test_after_its_proposal_was_terminated_a_draft_beside_it_takes_over(held, clerk, administrator):
    proposals.submit(held.pk, by=clerk)
    [number] = edit(clerk, "NEW", credit_limit="5").proposals
    proposals.terminate(held.pk, by=administrator, comment="A duplicate.")
    assert is_held()
    assert edit(clerk, "NEW", name="Weer B.V.", customer_group="10").proposals == {number}
    draft = Proposal.objects.get(pk=number)
    assert draft.kind == Kind.NEW
    assert set(proposed(draft)) == {"credit_limit", "name", "customer_group", HELD}


def test_a_rejected_one_stays_held_and_may_be_submitted_again(held, clerk, approver, approve):
    proposals.submit(held.pk, by=clerk)
    vote(approver, held, Action.REJECT, "Not creditworthy.")
    assert is_held()
    assert HELD in proposed(held)
    proposals.submit(held.pk, by=clerk)
    approve(held)
    assert not is_held()


# The switches


def test_with_the_parameter_off_a_held_one_still_needs_its_approval(
    held, clerk, approve, govern_fields
):
    govern_fields(*GOVERNED, approve_new=False)
    edit(clerk, "NEW", phone="050 123")
    assert is_held()
    proposals.submit(held.pk, by=clerk)
    approve(held)
    assert not is_held()


@pytest.fixture
def off(administrator):
    return lambda: parameters.set_parameters(Customer, by=administrator, enabled=False)


def test_with_approvals_off_a_save_that_completes_it_releases_it(held, clerk, off):
    off()
    outcome = edit(clerk, "NEW", phone="050 123")
    assert "Name" in outcome.warnings[0].message
    assert is_held()
    edit(clerk, "NEW", name="Nieuw B.V.", customer_group="10")
    assert not is_held()
    events = WorkflowEvent.objects.filter(record_key="NEW", field=HELD).order_by("id")
    assert [e.verb for e in events] == [Verb.PROPOSED, Verb.SUPERSEDED, Verb.CHANGED]
    held.refresh_from_db()
    assert (held.kind, set(proposed(held))) == (Kind.CHANGE, {"iban"})


def test_with_approvals_off_a_pending_one_is_released_by_its_approval_only(
    create, clerk, off, approve, govern_fields
):
    govern_fields("iban", approve_new=True)
    [number] = create().proposals
    proposal = proposals.submit(number, by=clerk)
    off()
    edit(clerk, "NEW", phone="050 123")
    assert is_held()
    approve(proposal)
    assert not is_held()


# Imports


@pytest.mark.parametrize("behavior", [Behavior.PROPOSE, Behavior.REJECT])
def test_an_import_submits_what_it_creates(create, steward, behavior, approve):
    outcome = create(by=steward, source=import_source(steward, behavior))
    assert (outcome.status, outcome.held, is_held()) == ("created", True, True)
    proposal = Proposal.objects.get()
    assert (proposal.kind, proposal.state) == (Kind.NEW, State.PENDING)
    assert proposal.submitted_by == steward
    approve(proposal)
    assert not is_held()


@pytest.mark.parametrize("behavior", [Behavior.PROPOSE, Behavior.REJECT])
def test_an_import_creates_nothing_that_no_workflow_covers(create, steward, behavior):
    source = import_source(steward, behavior)
    WorkflowVersion.objects.update(state=VersionState.RETIRED)
    assert "No active workflow" in why(create(by=steward, source=source))[""]
    assert not Customer.objects.filter(account="NEW").exists()


def test_where_imports_may_change_without_approval_they_may_create_so(create, steward):
    outcome = create(by=steward, source=import_source(steward, Behavior.ALLOW))
    assert (outcome.held, is_held()) == (False, False)
    assert live("NEW", "iban") == IBAN
    proposal = Proposal.objects.get()
    assert (proposal.kind, proposal.state) == (Kind.NEW, State.NOT_REQUIRED)
    events = WorkflowEvent.objects.filter(
        record_key="NEW", verb=Verb.CHANGED_WITHOUT_APPROVAL
    ).order_by("id")
    assert {e.field: e.new for e in events} == {
        "name": "Nieuw B.V.",
        "customer_group": "10",
        "iban": IBAN,
        HELD: "0",
    }


@pytest.mark.parametrize("behavior", Behavior)
def test_the_same_row_again_changes_and_proposes_nothing(create, steward, behavior):
    create(by=steward, source=import_source(steward, behavior))
    count = ProposedChange.objects.count()
    again = edit(steward, "NEW", source=import_source(steward, behavior), **VALUES)
    assert again.status == "unchanged"
    assert ProposedChange.objects.count() == count


def test_an_import_neither_releases_a_held_one_nor_proposes_that(held, clerk, steward):
    proposals.discard_all(Customer.objects.get(account="NEW"), by=clerk)
    edit(steward, "NEW", source=import_source(steward, Behavior.ALLOW), **VALUES)
    assert is_held()
    edit(steward, "NEW", source=import_source(steward, Behavior.PROPOSE), credit_limit="5")
    assert not ProposedChange.objects.filter(outcome="", field=HELD).exists()


def test_ten_new_ones_take_as_many_statements_as_two(
    steward, django_assert_max_num_queries, django_assert_num_queries
):
    source = import_source(steward, Behavior.PROPOSE)

    def take(*accounts):
        batch = [Change(account, VALUES) for account in accounts]
        outcomes = changes.create_records(Customer, batch, by=steward, source=source)
        assert {o.status for o in outcomes} == {"created"}

    take("A0")  # What Django remembers from the first time.
    with django_assert_max_num_queries(40) as two:
        take("A1", "A2")
    with django_assert_num_queries(len(two)):
        take(*(f"B{n}" for n in range(10)))
