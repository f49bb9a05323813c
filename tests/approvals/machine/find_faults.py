"""The machine finds what is wrong: each fault that is sown makes it fail.

Not among the tests of every day, since it takes minutes:

    pytest -n auto tests/approvals/machine/find_faults.py
"""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

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


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_machine_finds_the_fault(db, monkeypatch, fault):
    company.found_company()
    fault.sow(monkeypatch)
    with pytest.raises(Exception) as found:  # noqa: PT011 - an assertion, or the database's own no
        run_state_machine_as_test(Company, settings=SEARCH)
    why = (str(found.value).splitlines() or [""])[0]
    print(f"{fault.name}: {type(found.value).__name__}: {why[:120]}")
