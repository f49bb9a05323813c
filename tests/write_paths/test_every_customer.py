"""One scenario of many customers through browser, admin, import page, import command and code.

The same comes of each customer, and the same history. Where the design has imports behave
differently, `expected` says how.
"""

import pytest
from django.contrib.auth.models import User

from tests.conftest import make_person, make_workflow, switch_fields

from .doors import EVERY_WAY
from .expected import expected
from .scenario import CASES, GOVERNED, MEANT, SWITCHED_OFF, make_worker, prepare
from .statements import Ledger

pytestmark = pytest.mark.django_db

# One of each kind: direct, mixed, left alone, replaced, refused, taking a place.
TOLD_APART = ("DIRECT", "MIXED", "ORIGINAL", "DRAFT-OTHER", "PENDING-OTHER", "OFF-DRAFT")


@pytest.fixture(scope="module")
def built(module_wide):
    """The customers of the scenario, and what colleagues have proposed for them; once for all."""
    administrator = make_person("administrator", "Administrator")
    colleague = make_person("colleague", "Clerk")
    approver, second = make_person("approver", "Approver"), make_person("second", "Approver")
    make_worker(make_person)
    make_workflow(administrator, approver, second)
    switch_fields(administrator, *GOVERNED, SWITCHED_OFF)
    for account, case in CASES.items():
        prepare(account, case, colleague=colleague, approver=approver)
    return Ledger()


@pytest.fixture
def scenario(built, db):
    return built


@pytest.fixture
def administrator(built, db):
    return User.objects.get(username="administrator")


@pytest.fixture
def worker(built, db):
    return User.objects.get(username="worker")


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
