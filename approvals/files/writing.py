"""Write tables as CSV and XLSX, safe to open in a spreadsheet and to import again."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.rich_text import CellRichText

from . import limits
from .formulas import neutralise
from .reading import FAILED_ROW_HEADERS, Table
from .xlsx_files import escape

_CHUNK = 64 * 1024
_IN_MEMORY = 5 * 1024 * 1024


def write_csv(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter=","
) -> Iterator[bytes]:
    """The table as pieces of a CSV file: UTF-8 with its mark, formulas neutralised."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    buffer.write("\ufeff")
    for row in chain([headers], rows):
        writer.writerow([neutralise(cell) for cell in row])
        if buffer.tell() > _CHUNK:
            yield _drain(buffer)
    yield _drain(buffer)


def write_xlsx(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> BinaryIO:
    """The table as a workbook, in a temporary file at its start.

    Every cell is text, formulas neutralised. A sheet holds 1,048,576 rows: more than
    that no spreadsheet opens.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in chain([headers], rows):
        sheet.append([_text_cell(sheet, cell) for cell in row])
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller's to close
    book.save(file)
    file.seek(0)
    return file


def write_failed_rows(
    table: Table, failures: Mapping[int, Sequence[tuple[str, str]]]
) -> Iterable[bytes]:
    """The failed rows as a file of the table's format that can be corrected and imported again.

    failures: by the number of the row, its failed fields (or "") with the reasons.
    The three columns FAILED_ROW_HEADERS come first, so that a row with too few or too
    many cells keeps exactly the cells it had, and fails again until it is corrected.
    Then the original columns, in their order and with their text.
    """
    headers = [*FAILED_ROW_HEADERS, *table.headers]
    rows = _failed_rows(table, failures)
    if table.format == "csv":
        return write_csv(headers, rows, delimiter=table.delimiter)
    return write_xlsx(headers, rows)


def _failed_rows(table, failures):
    for row in table.rows():
        if found := failures.get(row.number):
            fields, reasons = zip(*found, strict=True)
            named = "; ".join(field for field in fields if field)
            yield [str(row.number), named, "; ".join(reasons), *row.as_read]


def _drain(buffer):
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece


def _text_cell(sheet, text):
    text = escape(neutralise(text))
    # openpyxl cuts plain text that is too long for Excel; a failed row keeps its own.
    value = CellRichText(text) if len(text) > limits.CELL_CHARACTERS else text
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"  # else "#N/A" would become an error
    return cell
