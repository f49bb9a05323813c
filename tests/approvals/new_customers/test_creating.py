"""Creating a customer while new ones need approval: held, and proposed as a whole."""

import json

import pytest

from approvals import changes, parameters, proposals
from approvals.models import (
    Behavior,
    Kind,
    Operator,
    Proposal,
    State,
    Subject,
    Verb,
    WorkflowEvent,
    WorkflowVersion,
)
from approvals.outcomes import BROWSER, Change
from approvals.registry import HELD
from customers.models import Currency, Customer
from tests.unguarded import unguarded

from ..helpers import create_records, edit, import_source, live
from .helpers import GOVERNED, IBAN, VALUES, is_held, proposed, why

pytestmark = pytest.mark.django_db


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
    assert json.loads(created.new) == {"phone": "030 123", "currency": "EUR"}
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
    with unguarded():
        WorkflowVersion.objects.get().conditions.create(
            subject=Subject.RECORD, field="customer_group", operator=Operator.IS, value="10"
        )
    source = import_source(steward, Behavior.PROPOSE)
    assert create("OTHER", by=steward, source=source, customer_group="20").failed
    assert create(by=steward, source=source).status == "created"
    proposal = proposals.recall(Proposal.objects.get().pk, by=steward)
    assert proposals.submit(proposal.pk, by=steward).state == State.PENDING


def test_a_workflow_may_take_new_customers_only(create, steward):
    with unguarded():
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
    meant = [Change("NEW", VALUES, new=True)]
    [plan] = changes.plan_changes(Customer, meant, by=clerk, source=BROWSER)
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
    outcomes = create_records(Customer, batch, by=clerk, source=BROWSER)
    assert [o.status for o in outcomes] == ["created", "failed"]
    assert len(outcomes[1].errors) == 1
