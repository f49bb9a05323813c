"""XLSX as a stream: a workbook of one sheet whose rows are written as they come.

openpyxl takes 1.5 ms for a row of sixty columns and hands nothing out before the last
one. What a plain sheet of texts needs is little: empty cells are left out, every other
one is text, so that a number keeps its form and "#N/A" is no error.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from xml.sax.saxutils import escape as escape_xml

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.utils import get_column_letter
from openpyxl.xml.constants import PKG_REL_NS, REL_NS, SHEET_MAIN_NS

from .formulas import neutralise
from .source import FileRefused
from .xlsx_files import Untaken, escape

# What a sheet holds under its header: no spreadsheet opens more.
SHEET_ROWS = 1_048_575
# What the archive states without the extension for large files, which Excel may refuse.
SHEET_BYTES = 2_000_000_000
_ROWS_AT_ONCE = 500
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_RELATION = (
    f'{_XML}<Relationships xmlns="{PKG_REL_NS}"><Relationship Id="rId1" '
    f'Type="{REL_NS}/%s" Target="%s"/></Relationships>'
)
_PARTS = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": _RELATION % ("officeDocument", "xl/workbook.xml"),
    "xl/workbook.xml": (
        f'{_XML}<workbook xmlns="{SHEET_MAIN_NS}" xmlns:r="{REL_NS}"><sheets>'
        '<sheet name="Sheet" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": _RELATION % ("worksheet", "worksheets/sheet1.xml"),
}
_BEGIN = f'{_XML}<worksheet xmlns="{SHEET_MAIN_NS}"><sheetData>'
_END = "</sheetData></worksheet>"


def write_xlsx(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The table as pieces of a workbook. Every cell is text, formulas neutralised.

    A cell of another workbook that could not be taken is an error: it is refused again.

    Raises FileRefused at the row that a sheet, or the archive, doesn't hold any more.
    """
    target = _Pieces()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, content in _PARTS.items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for piece in _sheet(chain([headers], rows)):
                sheet.write(piece)
                yield target.taken()
    yield target.taken()


def refuse_rows(count: int) -> None:
    """Raise FileRefused where a sheet doesn't hold `count` rows under its header."""
    if count > SHEET_ROWS:
        reason = _("A sheet of a workbook holds %(limit)s rows. Choose CSV, or fewer of them.")
        raise FileRefused(reason % {"limit": number_format(SHEET_ROWS)})


def _sheet(rows):
    """The sheet's XML, some rows at once."""
    yield _BEGIN.encode()
    written = size = 0
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        refuse_rows(written + len(some) - 1)
        piece = "".join([_row(n, cells) for n, cells in enumerate(some, written + 1)]).encode()
        written += len(some)
        size += len(piece)
        if size > SHEET_BYTES:
            raise FileRefused(_("There is too much for a workbook. Choose CSV."))
        yield piece
    yield _END.encode()


def _row(number, cells):
    filled = [_cell(f"{get_column_letter(n)}{number}", c) for n, c in enumerate(cells, 1) if c]
    return f'<row r="{number}">{"".join(filled)}</row>'


def _cell(place, text):
    if isinstance(text, Untaken):
        # As a text it would be taken the next time.
        error = text if text in ERROR_CODES else "#VALUE!"
        return f'<c r="{place}" t="e"><v>{error}</v></c>'
    text = neutralise(text)
    kept = ' xml:space="preserve"' if text != text.strip() else ""
    return f'<c r="{place}" t="str"><v{kept}>{escape_xml(escape(text))}</v></c>'


class _Pieces(io.RawIOBase):
    """Where an archive is written to: what has been written can be taken away."""

    def __init__(self):
        self._written = []

    def writable(self):
        return True

    def write(self, data):
        self._written.append(bytes(data))
        return len(data)

    def taken(self):
        """What was written since the last time."""
        data = b"".join(self._written)
        self._written.clear()
        return data
