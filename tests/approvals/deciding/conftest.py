"""A step with a time limit, a clock that is moved by hand, people above; one step alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.unguarded import unguarded

from ..definitions import OF_STEPS
from .limits import MONDAY, limit


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved: clock(MONDAY), clock.later(hours=3)."""

    class Clock:
        time = MONDAY

        def __call__(self, moment):
            self.time = moment

        def later(self, **how):
            self.time += timedelta(**how)

    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.time)
    return clock


@pytest.fixture
def step(workflow, govern_fields, clock):
    """The first step: due after eight hours, with a reminder after six and no path yet."""
    govern_fields("credit_limit")
    return limit(workflow.steps.get(position=1))


@pytest.fixture
def boss(person):
    return person("boss", "Approver", first_name="Bob", last_name="Boss")


@pytest.fixture
def director(person):
    return person("director", "Approver", first_name="Dora", last_name="Director")


@pytest.fixture
def last_step(workflow):
    """The workflow with one step: the first approval is the last."""
    with unguarded(*OF_STEPS):
        workflow.steps.filter(position=2).delete()
