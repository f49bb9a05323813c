"""One customer through browser, admin, import page, import command and code.

Whoever changes a customer, and wherever, meets the same rules: the same values end up
in the database, and the same history. `write_paths.test_every_customer` has many at once.
"""

from decimal import Decimal

import pytest

from approvals import proposals
from approvals.models import Behavior, Proposal, ProposedChange, State
from customers.models import Customer
from tests.approvals.helpers import edit, live, vote
from tests.customers.factories import customer

from .write_paths.doors import DOORS, EVERY_WAY, IMPORTS, PEOPLE, AdminImport, ImportPage
from .write_paths.scenario import GOVERNED, USUAL, make_worker, one_customer
from .write_paths.statements import Ledger
from .write_paths.watching import writes

pytestmark = pytest.mark.django_db

EVERY_DOOR = [pytest.param(door, id=door.__name__) for door in DOORS]
PEOPLES_DOORS = EVERY_DOOR[: len(PEOPLE)]


@pytest.fixture
def worker(person):
    return make_worker(person)


@pytest.fixture
def colleague(person):
    return person("colleague", "Clerk")


@pytest.fixture
def one(workflow, govern_fields):
    return one_customer(govern_fields)


def statuses(answers):
    return {account: answer.status for account, answer in answers.items()}


# One customer


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_while_approvals_are_off_every_door_writes(door, worker, tmp_path):
    customer("ONE", **USUAL)
    ledger = Ledger()
    answers = door(worker, tmp_path).change({"ONE": {"phone": "2000", "credit_limit": Decimal(7)}})
    assert answers["ONE"].status == "updated"
    assert ledger.statement("ONE").splitlines() == [
        "live phone: 1000 -> 2000",
        "live credit_limit: 1000.00 -> 7.00",
        "live revision: 1 -> 2",
        "history: worker changed phone: 1000 -> 2000",
        "history: worker changed credit_limit: 1000.00 -> 7.00",
    ]


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_the_history_says_where_a_change_came_in(door, one, worker, tmp_path):
    door(worker, tmp_path).change({"ONE": {"phone": "2000", "credit_limit": Decimal(7)}})
    entries = [*one.events(), Proposal.objects.get()]
    assert {entry.origin for entry in entries} == {door.origin}
    assert {entry.import_job is not None for entry in entries} == {door.imports}


# Somebody else saves between looking and saving


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_to_look_changes_nothing(door, one, worker, tmp_path):
    with writes() as seen:
        door(worker, tmp_path).look({"ONE": {"phone": "2000", "credit_limit": Decimal(7)}})
    # An import page keeps the preview; nothing else is written.
    assert {table for table, _files in seen} <= {"approvals_importjob", "approvals_importrow"}
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_nobody_saves_over_anothers_work_unseen(door, one, worker, colleague, tmp_path):
    """People are shown what the other has saved first; a file sets what it holds, no more."""
    customer("TWO", **USUAL)
    way = door(worker, tmp_path)
    way.look({"ONE": {"phone": "2000"}, "TWO": {"phone": "2000"}})
    edit(colleague, "ONE", notes="Theirs", phone="3000")
    between = one.statement("ONE")

    answers = way.save()
    if not door.imports:
        assert statuses(answers) == {"ONE": "failed", "TWO": "updated"}
        assert "saved this customer" in answers["ONE"].why
        assert one.statement("ONE") == between
        answers = way.save()
    assert answers["ONE"].status == "updated"
    assert one.statement("ONE").splitlines() == [
        "live notes: empty -> Theirs",
        "live phone: 1000 -> 2000",
        "live revision: 1 -> 3",
        "history: colleague changed notes: empty -> Theirs",
        "history: colleague changed phone: 1000 -> 3000",
        "history: worker changed phone: 3000 -> 2000",
    ]


@pytest.mark.parametrize("door", PEOPLES_DOORS)
def test_who_has_seen_what_another_proposed_meanwhile_may_replace_it(
    door, one, worker, colleague, tmp_path
):
    way = door(worker, tmp_path)
    way.look({"ONE": {"credit_limit": Decimal(2000)}})
    edit(colleague, "ONE", credit_limit=3000)
    assert way.save()["ONE"].status == "failed"
    assert way.save()["ONE"].status == "proposed"
    assert one.statement("ONE").splitlines() == [
        "proposal 1: not_submitted, made by colleague",
        "  credit_limit: 1000.00 -> 2000.00, open, by worker",
        "  colleague proposed, worker edited",
        "history: colleague proposed credit_limit: 1000.00 -> 3000.00",
        "history: worker edited credit_limit: 3000.00 -> 2000.00",
    ]


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_no_door_touches_what_another_submitted_meanwhile(door, one, worker, colleague, tmp_path):
    way = door(worker, tmp_path)
    way.look({"ONE": {"phone": "2000", "credit_limit": Decimal(2000)}})
    edit(colleague, "ONE", credit_limit=3000)
    proposals.submit(Proposal.objects.get().pk, by=colleague)
    theirs = one.statement("ONE")
    for _attempt in range(2):
        assert way.save()["ONE"].status == "failed"
        assert one.statement("ONE") == theirs


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_a_field_that_is_governed_since_the_look_is_not_written(
    door, one, govern_fields, worker, tmp_path
):
    way = door(worker, tmp_path)
    way.look({"ONE": {"phone": "2000"}})
    govern_fields(*GOVERNED, "phone", behavior=Behavior.PROPOSE)
    answers = way.save()
    if door in (ImportPage, AdminImport):
        # What was confirmed is no longer what would be done.
        assert answers["ONE"].status == "failed"
        assert one.statement("ONE") == ""
        answers = way.save()
    assert answers["ONE"].status == "proposed"
    assert ProposedChange.objects.get().field == "phone"
    assert live("ONE", "phone") == "1000"


# New customers


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_a_new_customer_is_the_same_through_every_door(door, one, worker, tmp_path):
    values = {"name": "Nieuw B.V.", "customer_group": "20", "credit_limit": Decimal(2500)}
    assert door(worker, tmp_path).create("NEW", values).status == "created"
    first = '{"name": "Nieuw B.V.", "customer_group": "20", "credit_limit": "2500.00", '
    first += '"currency": "EUR"}'
    assert one.statement("NEW").splitlines() == [
        "live account: empty -> NEW",
        "live name: empty -> Nieuw B.V.",
        "live customer_group: null -> 20",
        "live credit_limit: null -> 2500.00",
        "live folded_key: empty -> new",
        f"history: worker created: {first}",
    ]


# While new customers need approval

NEW = {
    "name": "Nieuw B.V.",
    "customer_group": "20",
    "iban": "NL91ABNA0417164300",
    "phone": "2000",
    "credit_limit": Decimal(2500),
}
HOLDING = [
    (door, behavior) for door, behavior in (p.values for p in EVERY_WAY) if behavior != "allow"
] + [(door, Behavior.ALLOW) for door in PEOPLE]
WITHOUT_APPROVAL = [pytest.param(door, id=door.__name__) for door in IMPORTS]


def waits(how):
    """What stands of a new customer that is held."""
    return [
        "live account: empty -> NEW",
        "live phone: empty -> 2000",
        "live held: 0 -> 1",
        "live folded_key: empty -> new",
        f"proposal 1: {how}",
        "  name: empty -> Nieuw B.V., open, by worker",
        "  customer_group: null -> 20, open, by worker",
        "  credit_limit: null -> 2500.00, open, by worker",
        "  iban: empty -> NL91ABNA0417164300, open, by worker",
        "  held: 1 -> 0, open, by worker",
    ]


@pytest.mark.parametrize(("door", "behavior"), HOLDING)
def test_no_door_makes_a_new_customer_that_can_be_used(
    door, behavior, one, govern_fields, worker, tmp_path
):
    govern_fields(
        "name", "customer_group", "iban", "credit_limit", behavior=behavior, approve_new=True
    )
    assert door(worker, tmp_path).create("NEW", NEW).status == "created"
    how = (
        "pending, made by worker, submitted by worker"
        if door.imports
        else ("not_submitted, made by worker")
    )
    assert one.statement("NEW").splitlines()[:10] == waits(how)
    assert not Customer.objects.choosable().filter(account="NEW").exists()


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_only_approval_releases_a_new_customer_whatever_the_door(
    door, one, govern_fields, worker, approver, second_approver, tmp_path
):
    govern_fields("iban", behavior=Behavior.PROPOSE, approve_new=True)
    way = door(worker, tmp_path)
    way.create("NEW", NEW)
    way.change({"NEW": {"phone": "3000"}})
    assert (live("NEW", "held"), live("NEW", "iban"), live("NEW", "phone")) == ("1", "", "3000")
    proposal = Proposal.objects.get()
    if not door.imports:
        proposals.submit(proposal.pk, by=worker)
    vote(approver, proposal)
    assert live("NEW", "held") == "1"
    vote(second_approver, proposal)
    assert proposal.state == State.APPROVED
    assert (live("NEW", "held"), live("NEW", "iban")) == ("0", NEW["iban"])


@pytest.mark.parametrize("door", WITHOUT_APPROVAL)
def test_an_import_that_may_go_without_approval_says_that_nobody_approved(
    door, one, govern_fields, worker, tmp_path
):
    govern_fields("iban", behavior=Behavior.ALLOW, approve_new=True)
    assert door(worker, tmp_path).create("NEW", NEW).status == "created"
    lines = one.statement("NEW").splitlines()
    assert "live held: 0 -> 1" not in lines
    assert lines[-2:] == [
        f"history: worker changed_without_approval iban: empty -> {NEW['iban']}",
        "history: worker changed_without_approval held: 1 -> 0",
    ]


@pytest.mark.parametrize("door", WITHOUT_APPROVAL)
@pytest.mark.parametrize("behavior", Behavior)
def test_the_same_new_customer_again_changes_nothing(
    door, behavior, one, govern_fields, worker, tmp_path
):
    govern_fields("iban", "name", behavior=behavior, approve_new=True)
    way = door(worker, tmp_path)
    way.create("NEW", NEW)
    stands = one.statement("NEW")
    assert way.create("NEW", NEW).status == "unchanged"
    assert one.statement("NEW") == stands


@pytest.mark.parametrize("door", WITHOUT_APPROVAL)
def test_a_column_held_does_nothing(door, one, govern_fields, worker, tmp_path):
    govern_fields("iban", behavior=Behavior.PROPOSE, approve_new=True)
    way = door(worker, tmp_path)
    way.further = {"Held": "No"}
    way.create("NEW", NEW)
    assert live("NEW", "held") == "1"
