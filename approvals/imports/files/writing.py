"""Write tables as CSV and XLSX, safe to open in a spreadsheet and to import again."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from .formulas import neutralise
from .reading import FAILED_ROW_HEADERS, Table
from .xlsx_writing import write_xlsx

_CHUNK = 64 * 1024


def write_csv(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter=","
) -> Iterator[bytes]:
    """The table as pieces of a CSV file: UTF-8 with its mark, formulas neutralised."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    buffer.write("\ufeff")
    for row in chain([headers], rows):
        writer.writerow([neutralise(cell) if cell else "" for cell in row])
        if buffer.tell() > _CHUNK:
            yield _drain(buffer)
    yield _drain(buffer)


def write_failed_rows(
    table: Table,
    failures: Mapping[int, Sequence[tuple[str, str]]]
    | Iterable[tuple[int, Sequence[tuple[str, str]]]],
) -> Iterator[bytes]:
    """The failed rows as a file of the table's format that can be corrected and imported again.

    failures: the number of each failed row, in the order of the file, and its failed
    fields (or "") with the reasons. Pairs are read beside the table, not held.
    The three columns FAILED_ROW_HEADERS come first, so that a row with too few or too
    many cells keeps exactly the cells it had, and fails again until it is corrected.
    Then the original columns, in their order and with their text.
    """
    headers = [*FAILED_ROW_HEADERS, *table.headers]
    pairs = failures.items() if isinstance(failures, Mapping) else failures
    rows = _failed_rows(table, iter(pairs))
    if table.format == "csv":
        return write_csv(headers, rows, delimiter=table.delimiter)
    return write_xlsx(headers, rows)


def _failed_rows(table, failures):
    failed, found = next(failures, (None, ()))
    for row in table.rows():
        if failed is None:
            return
        if row.number != failed:
            continue
        if found:
            fields, reasons = zip(*found, strict=True)
            named = "; ".join(field for field in fields if field)
            yield [str(row.number), named, "; ".join(reasons), *row.as_read]
        failed, found = next(failures, (None, ()))


def _drain(buffer):
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece
