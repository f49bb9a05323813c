"""The demo's company in the tests' database."""

import pytest

from customers.demo import company, setup

from .helpers import drawn_once


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(company, "customers", drawn_once)


@pytest.fixture
def founded(db):
    setup.found_company()
