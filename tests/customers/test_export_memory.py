"""An export holds a few customers at a time, however many there are."""

import pytest
from django.db import connection

from approvals.imports.files import open_table
from customers.models import Customer
from tests import children
from tests.customers import factories
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db(transaction=True)

FEW, MANY = 5000, 20_000


@pytest.fixture
def emptied(db):
    """Delete the customers in the end without a look for each at who refers to it.

    Customers are never deleted, so no index helps SQLite to find that out.
    """
    yield
    if connection.vendor == "sqlite":
        with unguarded(), connection.constraint_checks_disabled():
            Customer.objects.all()._raw_delete("default")


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_an_export_of_many_customers_takes_the_memory_of_few(emptied, tmp_path, file_format):
    path = tmp_path / f"all.{file_format}"
    factories.customers(FEW, "A", notes="A long note. " * 50)
    few = children.peak_of("export_customers", path)
    factories.customers(MANY - FEW, "B", notes="A long note. " * 50)
    many = children.peak_of("export_customers", path)
    with path.open("rb") as file:
        assert sum(1 for _row in open_table(file, name="all").rows()) == MANY
    assert many < few * 1.05, (few, many)
