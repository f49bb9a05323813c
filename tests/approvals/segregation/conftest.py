"""The company, built once for a module; every cell is rolled back."""

from contextlib import contextmanager

import pytest
from django.db import transaction

from .company import Company


@contextmanager
def _undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), _undone():
        yield Company()


@pytest.fixture
def undone():
    """A context in which what happens is undone at its end."""
    return _undone


@pytest.fixture
def company(built, db):
    """The company as it was built."""
    return built
