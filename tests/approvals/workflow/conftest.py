"""People who decide, and people above each other."""

import pytest

from ..definitions import report


@pytest.fixture
def three(person):
    """Three approvers: Sue, Jo and Bill."""
    return [person(name, "Approver", first_name=name.title()) for name in ("sue", "jo", "bill")]


@pytest.fixture
def chain(clerk, person):
    """The clerk reports to lead, lead to head, head to director, director to chief."""
    people = [person(name, "Approver") for name in ("lead", "head", "director", "chief")]
    for below, above in zip([clerk, *people], people, strict=False):
        report(below, above)
    return people
