"""The company, built once for a module; every cell is rolled back."""

import pytest

from tests import conftest

from .company import Company


@pytest.fixture(scope="module")
def built(module_wide):
    return Company()


@pytest.fixture
def undone():
    """A context in which what happens is undone at its end."""
    return conftest.undone


@pytest.fixture
def company(built, db):
    """The company as it was built."""
    return built
