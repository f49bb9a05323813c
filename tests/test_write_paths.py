"""One scenario through browser, admin, import page, import command and code.

Whoever changes a customer, and wherever, meets the same rules: the same values end up
in the database, and the same history. Where the design has imports behave differently,
`write_paths.expected` says how.
"""

from decimal import Decimal

import pytest

from approvals import proposals
from approvals.models import Behavior, Proposal, ProposedChange
from tests.approvals.helpers import edit, live
from tests.customers.factories import customer

from .write_paths.doors import DOORS, IMPORTS, PEOPLE, AdminImport, ImportPage
from .write_paths.expected import expected
from .write_paths.scenario import (
    CASES,
    GOVERNED,
    MEANT,
    SWITCHED_OFF,
    USUAL,
    make_worker,
    one_customer,
    prepare,
)
from .write_paths.statements import Ledger
from .write_paths.watching import writes

pytestmark = pytest.mark.django_db

EVERY_DOOR = [pytest.param(door, id=door.__name__) for door in DOORS]
PEOPLES_DOORS = EVERY_DOOR[: len(PEOPLE)]
# What imports may do makes no difference to people.
EVERY_WAY = [pytest.param(door, Behavior.REJECT, id=door.__name__) for door in PEOPLE] + [
    pytest.param(door, behavior, id=f"{door.__name__}-{behavior}")
    for door in IMPORTS
    for behavior in Behavior
]


# One of each kind: direct, mixed, left alone, replaced, refused, taking a place.
TOLD_APART = ("DIRECT", "MIXED", "ORIGINAL", "DRAFT-OTHER", "PENDING-OTHER", "OFF-DRAFT")


@pytest.fixture
def worker(person):
    return make_worker(person)


@pytest.fixture
def colleague(person):
    return person("colleague", "Clerk")


@pytest.fixture
def scenario(workflow, govern_fields, colleague, approver):
    """The customers of the scenario, and what colleagues have proposed for them."""
    govern_fields(*GOVERNED, SWITCHED_OFF)
    for account, case in CASES.items():
        prepare(account, case, colleague=colleague, approver=approver)
    govern_fields(*GOVERNED)
    return Ledger()


@pytest.fixture
def one(workflow, govern_fields):
    return one_customer(govern_fields)


def statuses(answers):
    return {account: answer.status for account, answer in answers.items()}


# The scenario


@pytest.mark.parametrize(("door", "behavior"), EVERY_WAY)
def test_every_door_does_the_same_with_every_customer(
    door, behavior, scenario, govern_fields, worker, tmp_path
):
    govern_fields(*GOVERNED, behavior=behavior)
    untouched = scenario.statements()
    told = door(worker, tmp_path).change(MEANT)
    for account, comes in expected(door, behavior).items():
        assert told[account].status == comes.says, (account, told[account])
        assert comes.why in told[account].why
    stands = {a: c.stands for a, c in expected(door, behavior).items()}
    stands = {a: untouched[a] if s is None else s.strip() for a, s in stands.items()}
    assert scenario.statements() == stands


@pytest.mark.parametrize(("door", "behavior"), EVERY_WAY)
def test_the_same_again_changes_nothing(door, behavior, scenario, govern_fields, worker, tmp_path):
    govern_fields(*GOVERNED, behavior=behavior)
    meant = {account: MEANT[account] for account in TOLD_APART}
    first = door(worker, tmp_path).change(meant)
    stands = scenario.statements()
    again = door(worker, tmp_path).change(meant)
    for account, answer in again.items():
        taken = first[account].status != "failed"
        assert answer.status == ("unchanged" if taken else "failed"), account
    assert scenario.statements() == stands


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
    first = '{"name": "Nieuw B.V.", "customer_group": "20", "credit_limit": "2500.00"}'
    assert one.statement("NEW").splitlines() == [
        "live account: empty -> NEW",
        "live name: empty -> Nieuw B.V.",
        "live customer_group: null -> 20",
        "live credit_limit: null -> 2500.00",
        "live folded_key: empty -> new",
        f"history: worker created: {first}",
    ]
