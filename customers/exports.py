"""Customers as CSV and XLSX files that import back without a change."""

from collections.abc import Iterable, Iterator

from django.db.models import QuerySet

from approvals.imports.files import refuse_rows, write_csv, write_xlsx

from .models import Customer
from .resources import CustomerResource

CSV, XLSX = "csv", "xlsx"
CONTENT_TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# So many customers are read from the database at once.
CHUNK_ROWS = 2000


def headers() -> list[str]:
    """The columns of every file of customers: the names of their fields."""
    return CustomerResource().get_export_headers()


def rows(customers: QuerySet) -> Iterator[list[str]]:
    """The cells of each customer, read from the database as they are asked for."""
    columns = CustomerResource().get_export_fields()
    names = [column.attribute for column in columns]
    render = [column.widget.render for column in columns]
    for values in customers.values_list(*names).iterator(chunk_size=CHUNK_ROWS):
        yield [text(value) for text, value in zip(render, values, strict=True)]


def export(customers: QuerySet | None, format: str) -> Iterable[bytes]:
    """`customers`, or all of them, as the pieces of a file. format: CSV or XLSX.

    Raises FileRefused where there are more than a sheet holds.
    """
    customers = Customer.objects.all() if customers is None else customers
    if format == XLSX:
        refuse_rows(customers.order_by().count())
    return pieces(headers(), rows(customers), format)


def pieces(header: list[str], cells: Iterable[list[str]], format: str) -> Iterable[bytes]:
    """A table as the pieces of a file. format: CSV or XLSX."""
    return write_csv(header, cells) if format == CSV else write_xlsx(header, cells)
