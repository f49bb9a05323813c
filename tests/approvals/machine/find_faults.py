"""The machine finds what is wrong: each fault that is sown makes it fail.

Not among the tests of every day, since it takes minutes:

    pytest -n auto tests/approvals/machine/find_faults.py
"""

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
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_the_machine_finds_nothing_where_nothing_is_sown(db):
    company.found_company()
    run_state_machine_as_test(Company, settings=SEARCH)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_machine_finds_the_fault(db, monkeypatch, fault):
    company.found_company()
    fault.sow(monkeypatch)
    with pytest.raises((AssertionError, IntegrityError, LostUpdate)) as found:
        run_state_machine_as_test(Company, settings=SEARCH)
    why = (str(found.value).splitlines() or [""])[0]
    print(f"{fault.name}: {type(found.value).__name__}: {why[:120]}")
