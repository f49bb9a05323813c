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
from functools import cached_property
from math import isfinite

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._reader import WorkSheetParser

from .source import FileRefused, Source
from .xlsx_checks import Extent, check_workbook, damaged

# openpyxl warns about everything it does not keep (colours, validations, ...).
warnings.filterwarnings("ignore", module="openpyxl")

# Workbooks write characters that XML can't hold as _x000D_. Surrogates and NUL stay escaped.
_ESCAPED = re.compile(r"_x(?!0000|[Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")


class _BadCell(Exception):  # noqa: N818
    """A cell that is no plain value; `str()` is what is wrong with it."""


class Untaken(str):
    """What stands in a cell that cannot be taken, such as a formula: only good to look at."""


class XlsxFile:
    """One sheet of a workbook, which stays open as long as this object lives.

    Raises FileRefused where the file is no workbook or unsafe, or has no such sheet.
    """

    def __init__(self, source: Source, wanted: str | None):
        self.source = source
        file = source.kept_open()
        extents = check_workbook(source, file)
        try:
            self._book = load_workbook(file, read_only=True, keep_links=False)
        except Exception:  # openpyxl raises many kinds on what it does not understand
            raise FileRefused(damaged(source.name)) from None
        self.sheets = [sheet.title for sheet in self._book.worksheets]
        self._sheet = _choose_sheet(self._book.worksheets, wanted)
        rows = extents.get(self._sheet._worksheet_path, Extent(0, 0))
        self.filled, self._last_row = rows

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
        rows, width, number = self._parsed(), 0, 0
        # Stop at the last row: what openpyxl stumbles over behind the rows is no matter.
        while number < self._last_row:
            number, cells, error = self._next(rows)
            width = width or len(cells)
            cells.extend([""] * (width - len(cells)))
            yield number, cells, error

    def _next(self, rows):
        try:
            number, cells = next(rows)
            return number, *self._texts(number, cells)
        except Exception:  # openpyxl raises many kinds on what it does not understand
            raise FileRefused(damaged(self.source.name)) from None

    def _parsed(self):
        """The number of each row, and its cells as openpyxl makes them out."""
        book = self._book
        with self._sheet._get_source() as source:
            parser = WorkSheetParser(
                source,
                self._sheet._shared_strings,
                epoch=book.epoch,
                date_formats=book._date_formats,
                timedelta_formats=book._timedelta_formats,
            )
            parser.row_dimensions = _Nowhere()
            yield from parser.parse()

    def _texts(self, number, cells):
        """The cells of a row as text, and the first thing that is wrong with one of them."""
        texts, error = [], None
        for cell in cells:
            if cell["value"] is None:
                continue
            try:
                text = self._text(cell)
            except _BadCell as bad:
                text = Untaken(cell["value"])
                place = f"{get_column_letter(cell['column'])}{number}"
                error = error or _("Cell %(cell)s %(reason)s") % {"cell": place, "reason": bad}
            if text:
                texts.extend([""] * (cell["column"] - len(texts)))
                texts[cell["column"] - 1] = text
        return texts, error

    def _text(self, cell):
        """One cell as text. Raises _BadCell."""
        value, kind = cell["value"], cell["data_type"]
        if kind == "f":
            raise _BadCell(_("contains a formula. Paste its value instead."))
        if kind == "e":
            raise _BadCell(_("contains an error (%(value)s).") % {"value": value})
        if isinstance(value, str):
            return _unescape(value)
        if not isinstance(value, int | float):
            return _moment(value)
        digits = _number(value)
        return digits.zfill(self._zeros[cell["style_id"]]) if digits.isdecimal() else digits

    @cached_property
    def _zeros(self):
        """How many digits a number of each style has: account 123 shown as 00123 is 00123."""
        shown = [_shown_as(self._book, style) for style in self._book._cell_styles]
        return [len(form) if form.strip("0") == "" else 0 for form in shown]


class _Nowhere(dict):
    """Where openpyxl puts the height of every row; nobody looks at them."""

    def __setitem__(self, key, value):
        pass


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


def _shown_as(book, style):
    """The number format of a style."""
    own = style.numFmtId - BUILTIN_FORMATS_MAX_SIZE
    if 0 <= own < len(book._number_formats):
        return book._number_formats[own]
    return BUILTIN_FORMATS.get(style.numFmtId, "General")


def _number(value):
    """A number in full, without an exponent."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if not isfinite(value):
        raise _BadCell(_("contains a number that is too large."))
    text = format(Decimal(repr(value)), "f")  # repr: the shortest text that is exactly this number
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _moment(value):
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    raise _BadCell(_("contains a length of time. Write it as text."))
