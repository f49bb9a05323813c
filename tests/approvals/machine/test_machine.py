"""What must hold does, whoever does what."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from . import company
from .machine import Company

# The same runs each time: a gate that fails now and then teaches people to try again.
GATE = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def founded(db):
    company.found_company()


def test_the_invariants_hold_after_everything_that_people_do(founded):
    run_state_machine_as_test(Company, settings=GATE)
