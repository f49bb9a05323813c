"""Open a CSV file or a workbook and read its rows, whichever of the two it is."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ...values import shown
from . import limits
from .csv_files import CsvFile, open_csv
from .formulas import restore
from .source import FileRefused, Source, holds_anything
from .xlsx_files import XlsxFile

# The columns that `write_failed_rows` puts before the original ones. They are the
# same in every language, so that a corrected file is recognised whoever imports it:
# where all three are there they are left out, as if they weren't in the file.
FAILED_ROW_HEADERS = ("Failed row", "Failed field", "Failure reason")

# What a template says of its columns, in a row right under the header: whether they are
# required, and whether they need approval. A row of nothing else is left out.
COLUMN_NOTES = {
    (False, False): "",
    (True, False): "# required",
    (False, True): "# needs approval",
    (True, True): "# required, needs approval",
}


class Row(NamedTuple):
    """One row of a table.

    number: as a spreadsheet shows it; the header is row 1 where nothing precedes it.
    cells: text, one for each header.
    error: why the row as such fails, or None; `cells` are then only good to look at.
    as_read: the cells as they came, fewer or more than headers where that is the error.
    """

    number: int
    cells: list[str]
    error: str | None
    as_read: list[str]


@dataclass(frozen=True)
class Table:
    """An opened file. `sheet` and `sheets` name a workbook's sheets; CSV has none.

    Made by `open_table`. A file object it was opened from has to stay open, and only
    one iteration over it may run at a time.
    """

    format: str
    encoding: str | None
    delimiter: str | None
    headers: list[str]
    sheet: str | None
    sheets: list[str]
    _file: CsvFile | XlsxFile = field(repr=False)
    _width: int = field(repr=False)
    _left_out: frozenset[int] = field(repr=False)
    _begins: int = field(repr=False)  # how many records precede the rows

    @property
    def row_count(self) -> int:
        """How many rows `rows` gives; of a workbook, how many it states, blank ones too."""
        return max(self._file.filled - self._begins, 0)

    def sample(self) -> list[list[str]]:
        """The header and the first rows as they were read, shortened to be shown."""
        with closing(self.rows()) as rows:
            first = [row.as_read[: len(self.headers)] for row in islice(rows, limits.SAMPLE_ROWS)]
        return [[_shortened(text) for text in texts] for texts in (self.headers, *first)]

    def rows(self) -> Iterator[Row]:
        """The rows under the header, blank ones left out, from the start at every call.

        Raises FileRefused where a workbook proves damaged only further on.
        """
        with closing(_filled(self._file.records())) as records:
            for number, cells, error, text in islice(records, self._begins, None):
                yield self._row(number, cells, error, text)

    def _row(self, number, cells, error, text):
        if error is None and (len(cells) != self._width or len(text) > limits.CELL_CHARACTERS):
            error = self._problem(cells)
        if "'" in text:
            cells = [restore(cell) if cell[:1] == "'" else cell for cell in cells]
        if self._left_out:
            cells = [cell for i, cell in enumerate(cells) if i not in self._left_out]
        missing = len(self.headers) - len(cells)
        fitting = cells if not missing else (cells + [""] * missing)[: len(self.headers)]
        return Row(number, fitting, error, cells)

    def _problem(self, cells):
        """Too few or too many cells, or one that is too long."""
        if len(cells) != self._width:
            reason = _("The row has %(cells)s cells, the header has %(headers)s.")
            return reason % {"cells": len(cells), "headers": self._width}
        longest = max(map(len, cells))
        if longest > limits.CELL_CHARACTERS:
            column = next(n for n, cell in enumerate(cells, 1) if len(cell) == longest)
            reason = _("The cell in column %(column)s is longer than %(limit)s characters.")
            limit = number_format(limits.CELL_CHARACTERS)
            return reason % {"column": column, "limit": limit}
        return None


def open_table(path_or_file, *, name, encoding=None, delimiter=None, sheet=None) -> Table:
    """Open a file of rows: CSV or XLSX, by what it contains and not by how it is named.

    path_or_file: a path, or a binary file object that can seek.
    name: what people call the file, for messages.
    encoding, delimiter: one of ENCODINGS and DELIMITERS; found out if not given.
    sheet: the name of a workbook's sheet; the first visible one if not given.

    Raises FileRefused where the file as a whole can't be taken.
    """
    source = Source(path_or_file, name)
    source.refuse_other_kinds()
    if source.is_zip:
        file = XlsxFile(source, sheet)
        found = {"format": "xlsx", "encoding": None, "delimiter": None}
        found |= {"sheet": file.sheet, "sheets": file.sheets}
    else:
        file = open_csv(source, encoding, delimiter)
        found = {"format": "csv", "encoding": file.encoding.name, "delimiter": file.delimiter}
        found |= {"sheet": None, "sheets": []}
    return _table(file, *_header(file, name), found)


def _table(file, header, begins, found):
    left_out = _failed_row_columns(header)
    headers = [name for column, name in enumerate(header) if column not in left_out]
    return Table(
        headers=headers, _file=file, _width=len(header), _left_out=left_out, _begins=begins, **found
    )


def _filled(records):
    """The records that hold anything, and all the text of each."""
    for number, cells, error in records:
        text = "".join(cells)
        if error or holds_anything(text):
            yield number, cells, error, text


def _shortened(text):
    """`text` on one line, not long, and nothing in it that isn't seen."""
    text = shown(" ".join(text[: limits.SAMPLE_CHARACTERS + 1].split()))
    return text if len(text) <= limits.SAMPLE_CHARACTERS else text[:-1] + "…"


def _header(file, name):
    """The names of the columns, trimmed, and how many records precede the rows.

    Raises FileRefused where the names don't serve.
    """
    with closing(_filled(file.records())) as records:
        number, cells, error, _text = next(records, (None, None, None, ""))
        has_notes = _are_notes(records)
    if number is None:
        raise FileRefused(_("“%(name)s” is empty: it has no header.") % {"name": name})
    if error:
        raise FileRefused(_("The header: %(reason)s") % {"reason": error})
    header = [restore(cell.strip()) for cell in cells]
    _check_header(header)
    return header, 2 if has_notes else 1


def _are_notes(records):
    """Whether the next record holds a template's notes on its columns."""
    _number, cells, _error, _text = next(records, (None, ["no"], None, ""))
    return {*COLUMN_NOTES.values()}.issuperset(cells)


def _check_header(header):
    if len(header) > limits.COLUMNS:
        raise FileRefused(_("There are more than %(limit)s columns.") % {"limit": limits.COLUMNS})
    for column, name in enumerate(header, 1):
        if not name:
            reason = _("Column %(column)s has no header. Name it or remove it.")
            raise FileRefused(reason % {"column": column})
        if len(name) > limits.HEADER_CHARACTERS:
            reason = _("The header of column %(column)s is longer than %(limit)s characters.")
            raise FileRefused(reason % {"column": column, "limit": limits.HEADER_CHARACTERS})
    _check_duplicates(header)


def _check_duplicates(header):
    times = Counter(name.casefold() for name in header)
    twice = [name for name in header if times[name.casefold()] > 1]
    if twice:
        columns = [
            str(n) for n, name in enumerate(header, 1) if name.casefold() == twice[0].casefold()
        ]
        reason = _("The header “%(name)s” is there more than once: columns %(columns)s.")
        raise FileRefused(reason % {"name": twice[0], "columns": ", ".join(columns)})


def _failed_row_columns(header):
    """The positions of FAILED_ROW_HEADERS where all three are there."""
    places = {name.casefold(): column for column, name in enumerate(header)}
    found = [places.get(name.casefold()) for name in FAILED_ROW_HEADERS]
    return frozenset() if None in found else frozenset(found)
