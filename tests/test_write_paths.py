"""One scenario through browser, admin, import page, import command and code.

Whoever changes a customer, and wherever, meets the same rules: the same values end up
in the database, and the same history. Where the design has imports behave differently,
`write_paths.expected` says how.
"""

import pytest

from approvals.models import Behavior

from .write_paths.doors import DOORS, IMPORTS, PEOPLE
from .write_paths.expected import expected
from .write_paths.scenario import CASES, GOVERNED, MEANT, SWITCHED_OFF, prepare
from .write_paths.statements import Ledger

pytestmark = pytest.mark.django_db

EVERY_DOOR = [pytest.param(door, id=door.__name__) for door in DOORS]
# What imports may do makes no difference to people.
EVERY_WAY = [pytest.param(door, Behavior.REJECT, id=door.__name__) for door in PEOPLE] + [
    pytest.param(door, behavior, id=f"{door.__name__}-{behavior}")
    for door in IMPORTS
    for behavior in Behavior
]


@pytest.fixture
def worker(person):
    """Someone who may use every door."""
    return person("worker", "Clerk", "Data steward", is_staff=True)


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
