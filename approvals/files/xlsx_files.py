"""XLSX: which sheet, and its rows one by one as text.

Every cell becomes the text that a CSV file would hold, without loss: numbers with
a decimal point and without exponent (1000.0 is "1000"; a number shown with leading
zeros, format 00000, keeps them), dates and times in ISO form (2024-01-31, or
2024-01-31 10:30:00 where there is a time), booleans as "yes" and "no". Formulas,
errors such as #N/A, lengths of time and numbers that are none fail their row: the
value that a workbook happens to remember for a formula may be an old one.
"""

import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from .source import FileRefused, Source
from .xlsx_checks import check_workbook, damaged

# openpyxl warns about everything it does not keep (colours, validations, ...).
warnings.filterwarnings("ignore", module="openpyxl")

# Workbooks write characters that XML can't hold as _x000D_. Surrogates and NUL stay escaped.
_ESCAPED = re.compile(r"_x(?!0000|[Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")


class _BadCell(Exception):  # noqa: N818
    """A cell that is no plain value; `str()` is what is wrong with it."""


class XlsxFile:
    """One sheet of a workbook, which stays open as long as this object lives.

    Raises FileRefused where the file is no workbook or unsafe, or has no such sheet.
    """

    def __init__(self, source: Source, wanted: str | None):
        self.source = source
        file = source.kept_open()
        last_rows = check_workbook(source, file)
        try:
            self._book = load_workbook(file, read_only=True, keep_links=False)
        except Exception:  # openpyxl raises many kinds on what it does not understand
            raise FileRefused(damaged(source.name)) from None
        self.sheets = [sheet.title for sheet in self._book.worksheets]
        self._sheet = _choose_sheet(self._book.worksheets, wanted)
        self._sheet.reset_dimensions()  # a claim of the file, often wrong
        self._last_row = last_rows.get(self._sheet._worksheet_path, 0)

    @property
    def sheet(self) -> str:
        """The name of the sheet that is read."""
        return self._sheet.title

    def records(self) -> Iterator[tuple[int, list[str], str | None]]:
        """Number, cells and what is wrong with them for each row, blank ones included.

        Empty cells at the end are left out, but rows are filled up to the length of the
        first one that holds anything, the header. Raises FileRefused where the workbook
        proves to be damaged.
        """
        rows = self._sheet.iter_rows()
        width = 0
        # Stop at the last row: what openpyxl stumbles over behind the rows is no matter.
        for number in range(1, self._last_row + 1):
            cells, error = _texts(self._next(rows))
            width = width or len(cells)
            cells.extend([""] * (width - len(cells)))
            yield number, cells, error

    def _next(self, rows):
        try:
            return next(rows)
        except Exception:  # openpyxl raises many kinds on what it does not understand
            raise FileRefused(damaged(self.source.name)) from None


def escape(text: str) -> str:
    """The text as a workbook writes it; reading it gives the same text again."""
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    # XML would turn a carriage return into a line feed.
    return re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]", lambda m: f"_x{ord(m[0]):04X}_", text)


def _unescape(text):
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _choose_sheet(sheets, wanted):
    """The sheet of that name, or the first that is not hidden."""
    for sheet in sheets:
        if sheet.title == wanted or (wanted is None and sheet.sheet_state == "visible"):
            return sheet
    if wanted is None:
        raise FileRefused(_("The workbook has no visible sheet."))
    reason = _("The workbook has no sheet “%(wanted)s”. Its sheets: %(sheets)s.")
    names = ", ".join(sheet.title for sheet in sheets)
    raise FileRefused(reason % {"wanted": wanted, "sheets": names})


def _texts(row):
    """The cells of a row as text, and the first thing that is wrong with one of them."""
    texts, error = [], None
    for cell in row:
        try:
            texts.append(_text(cell))
        except _BadCell as bad:
            texts.append(str(cell.value))
            reason = _("Cell %(cell)s %(reason)s")
            error = error or reason % {"cell": cell.coordinate, "reason": bad}
    while texts and not texts[-1]:
        texts.pop()
    return texts, error


def _text(cell):
    """One cell as text. Raises _BadCell."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        raise _BadCell(_("contains a formula. Paste its value instead."))
    if cell.data_type == "e":
        raise _BadCell(_("contains an error (%(value)s).") % {"value": value})
    if isinstance(value, str):
        return _unescape(value)
    return _number(value, cell) if isinstance(value, int | float) else _moment(value)


def _number(value, cell):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _with_zeros(str(value), cell.number_format)
    if not isfinite(value):
        raise _BadCell(_("contains a number that is too large."))
    text = format(Decimal(repr(value)), "f")  # repr: the shortest text that is exactly this number
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return _with_zeros("0" if text == "-0" else text, cell.number_format)


def _with_zeros(digits, number_format):
    """Account 123 that the sheet shows as 00123 is 00123."""
    only_zeros = number_format.strip("0") == ""
    return digits.zfill(len(number_format)) if only_zeros and digits.isdecimal() else digits


def _moment(value):
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    raise _BadCell(_("contains a length of time. Write it as text."))
