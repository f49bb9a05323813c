"""Customers as CSV and XLSX files that import back without a change."""

from collections.abc import Iterable, Iterator

from django.db.models import QuerySet

from approvals.files import write_csv, write_xlsx

from .models import Customer
from .resources import CustomerResource

CSV, XLSX = "csv", "xlsx"
CONTENT_TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
CHUNK = 64 * 1024


def headers() -> list[str]:
    """The columns of every file of customers: the names of their fields."""
    return CustomerResource().get_export_headers()


def rows(customers: QuerySet) -> Iterator[list[str]]:
    """The cells of each customer, read from the database as they are asked for."""
    columns = CustomerResource().get_export_fields()
    names = [column.attribute for column in columns]
    render = [column.widget.render for column in columns]
    for values in customers.values_list(*names).iterator(chunk_size=2000):
        yield [text(value) for text, value in zip(render, values, strict=True)]


def export(customers: QuerySet | None, format: str) -> Iterable[bytes]:
    """`customers`, or all of them, as the pieces of a file. format: CSV or XLSX."""
    customers = Customer.objects.all() if customers is None else customers
    return pieces(headers(), rows(customers), format)


def pieces(header: list[str], cells: Iterable[list[str]], format: str) -> Iterable[bytes]:
    """A table as the pieces of a file. format: CSV or XLSX."""
    if format == CSV:
        return write_csv(header, cells)
    book = write_xlsx(header, cells)
    return iter(lambda: book.read(CHUNK), b"")
