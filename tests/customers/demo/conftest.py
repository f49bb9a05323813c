"""The demo's company in the tests' database."""

import pytest

from customers.demo import company, setup

from .helpers import drawn_once


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(company, "customers", drawn_once)


@pytest.fixture(scope="module")
def built(module_wide):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(company, "customers", drawn_once)
        setup.found_company()


@pytest.fixture
def founded(built, db):
    """The company as it was founded, once for a module: all tests of the module find it there."""
