"""The machine finds what is wrong: each fault that is sown makes it fail.

Not among the tests of every day, since it takes minutes:

    pytest -n auto -rP tests/approvals/machine/find_faults.py | grep FOUND
"""

import time

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from approvals.writing import LostUpdate

from . import company
from .faults import FAULTS
from .machine import Company

# Longer than the gate's own run, and ended by the first failure: shrinking tells nothing here.
SEARCH = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Counted(Company):
    """The machine, and how many runs of it there were."""

    runs = 0

    def __init__(self):
        super().__init__()
        Counted.runs += 1


def test_the_machine_finds_nothing_where_nothing_is_sown(db):
    company.found_company()
    run_state_machine_as_test(Company, settings=SEARCH)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_machine_finds_the_fault(db, monkeypatch, fault):
    company.found_company()
    fault.sow(monkeypatch)
    Counted.runs, began = 0, time.monotonic()
    with pytest.raises((AssertionError, IntegrityError, LostUpdate)) as found:
        run_state_machine_as_test(Counted, settings=SEARCH)
    why = (str(found.value).splitlines() or [""])[0]
    seconds = time.monotonic() - began
    print(f"FOUND {fault.name} | run {Counted.runs} | {seconds:.0f} s | {why[:120]}")
