"""What a workbook would cost to open, found out before openpyxl opens it.

openpyxl reads some parts of a workbook whole and keeps a little of every element,
and nothing in it stops a small file from unpacking into gigabytes. So each part is
first read once as a stream, by a parser that keeps nothing and only counts. That
pass also refuses document type declarations, and with them every entity; openpyxl
needs no further protection (such as defusedxml) after it.
"""

import re
import zipfile
from typing import NamedTuple
from xml.parsers import expat

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from openpyxl.xml.constants import SHEET_MAIN_NS

from . import limits
from .source import FileRefused

CONTENT_TYPES = "[Content_Types].xml"
# openpyxl lets go of what is in these as soon as each of them ends.
_ROW, _TEXT, _CELL = (f"{SHEET_MAIN_NS} {tag}" for tag in ("row", "si", "c"))
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main "
_ROW_NUMBER = re.compile(r"[0-9]{1,7}")
_CHUNK = 64 * 1024


class _Damaged(Exception):  # noqa: N818
    """The archive or a part of it is not what it has to be."""


class Extent(NamedTuple):
    """How many rows a sheet states, and the number of the last one."""

    rows: int
    last: int


def check_workbook(source, file) -> dict[str, Extent]:
    """The extent of each part of the workbook `file`.

    Raises FileRefused unless the archive can be opened as a workbook safely.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_directory(source, archive)
            return _check_parts(archive)
    except FileRefused:
        raise
    except Exception:  # zipfile raises many kinds on what it does not understand
        raise FileRefused(damaged(source.name)) from None


def damaged(name):
    """The reason to give where a workbook cannot be read at all."""
    return _("“%(name)s” is damaged or no Excel workbook (.xlsx). Save it anew in Excel.") % {
        "name": name
    }


def _check_directory(source, archive):
    """The archive's own table of contents; zipfile never unpacks more than it states."""
    parts = archive.infolist()
    if CONTENT_TYPES not in archive.namelist():
        source.refuse_as(_("a ZIP archive or a document of another program"))
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefused(_("The workbook has a password. Save it without one."))
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise _Damaged
    if len(parts) > limits.XLSX_PARTS or sum(p.file_size for p in parts) > limits.XLSX_BYTES:
        _refuse_large(filesizeformat(limits.XLSX_BYTES))


def _check_parts(archive):
    scan, extents = _Scan(), {}
    for part in archive.infolist():
        with archive.open(part) as stream:
            scan.part(stream, is_xml=part.filename.endswith((".xml", ".rels")))
        extents[part.filename] = Extent(scan.rows, scan.row)
    return extents


def _refuse_large(limit):
    reason = _(
        "The workbook is too large to be read safely (the limit is %(limit)s). "
        "Save it as CSV, or split it into several files."
    )
    raise FileRefused(reason % {"limit": limit})


class _Scan:
    """Counts elements and bytes over all parts of one workbook."""

    def __init__(self):
        self.bytes = self.elements = self.texts = self.text_bytes = 0

    def part(self, stream, *, is_xml):
        """Read one part. Raises FileRefused; what is not XML is nothing to openpyxl either."""
        self._begin()
        try:
            while chunk := stream.read(_CHUNK):
                self._feed(chunk)
            self.parser.Parse(b"", True)
        except expat.ExpatError:
            if is_xml:
                raise _Damaged from None

    def _begin(self):
        self.read = self.inside_bytes = self.other_elements = self.other_attributes = 0
        self.row = self.rows = self.cells = 0
        self.inside = None  # the row or text that is open, and the byte where it started
        self.started = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _feed(self, chunk):
        self.bytes += len(chunk)
        self.read += len(chunk)
        self.parser.Parse(chunk)
        # Where the parser stands still, one tag goes on and on.
        open_since = self.started if self.inside else self.parser.CurrentByteIndex
        if self.read - open_since > limits.ROW_LENGTH + _CHUNK:
            _refuse_row(self.row)
        self._check_totals()

    def _check_totals(self):
        if self.bytes > limits.XLSX_BYTES:
            _refuse_large(filesizeformat(limits.XLSX_BYTES))
        if self.elements > limits.XLSX_ELEMENTS:
            _refuse_large(_("%(n)s elements") % {"n": number_format(limits.XLSX_ELEMENTS)})
        if self.texts > limits.XLSX_TEXTS:
            _refuse_large(_("%(n)s different texts") % {"n": number_format(limits.XLSX_TEXTS)})
        if self.text_bytes > limits.XLSX_TEXT_BYTES:
            _refuse_large(filesizeformat(limits.XLSX_TEXT_BYTES))
        self._check_other()

    def _check_other(self):
        """Styles, links, names and the like."""
        inside = self.inside_bytes + (self.read - self.started if self.inside else 0)
        if self.other_elements > limits.XLSX_OTHER_ELEMENTS:
            _refuse_large(_("%(n)s styles") % {"n": number_format(limits.XLSX_OTHER_ELEMENTS)})
        if self.other_attributes > limits.XLSX_OTHER_ATTRIBUTES:
            n = number_format(limits.XLSX_OTHER_ATTRIBUTES)
            _refuse_large(_("%(n)s attributes") % {"n": n})
        if self.read - inside > limits.XLSX_OTHER_BYTES + _CHUNK:
            _refuse_large(filesizeformat(limits.XLSX_OTHER_BYTES))

    def _doctype(self, *_args):
        raise FileRefused(_("The workbook contains a document type declaration. Save it anew."))

    def _start(self, name, attributes):
        self.elements += 1
        if name == _CELL and self.inside:
            self.cells += 1
            if self.cells > limits.COLUMNS or _is_far_right(attributes.get("r", "")):
                _refuse_width(self.row)
        elif name in (_ROW, _TEXT):
            self._start_unit(name, attributes)
        elif not self.inside:
            self._start_other(name, attributes)

    def _start_other(self, name, attributes):
        self.other_elements += 1
        self.other_attributes += len(attributes)
        if name.startswith(_STRICT):
            raise FileRefused(_("Save the workbook as “Excel Workbook”, not as “Strict Open XML”."))

    def _start_unit(self, name, attributes):
        if self.inside:  # a row within a row, which openpyxl would count as one more
            raise _Damaged
        self.inside, self.started = name, self.parser.CurrentByteIndex
        if name == _TEXT:
            self.texts += 1
        else:
            self._next_row(attributes.get("r"))

    def _next_row(self, stated):
        """Rows count up, and not beyond the limit; openpyxl leaves out those that step back."""
        if stated and not _ROW_NUMBER.fullmatch(stated):
            raise _Damaged
        number = int(stated) if stated else self.row + 1
        if number <= self.row:
            raise _Damaged
        if number > limits.ROWS + 1:
            reason = _("The sheet has more than %(limit)s rows. Split it into several files.")
            raise FileRefused(reason % {"limit": number_format(limits.ROWS)})
        self.row = number
        self.rows += 1
        self.cells = 0

    def _end(self, name):
        if name == self.inside:
            self.inside = None
            length = self.parser.CurrentByteIndex - self.started
            self.inside_bytes += length
            self.text_bytes += length if name == _TEXT else 0
            if length > limits.ROW_LENGTH:
                _refuse_row(self.row)


def _refuse_row(number):
    reason = _("Row %(row)s of the workbook is longer than %(limit)s characters.")
    raise FileRefused(reason % {"row": number, "limit": number_format(limits.ROW_LENGTH)})


def _is_far_right(place):
    """Whether a cell lies beyond column ZZ: rows are filled up to their last cell."""
    return place[2:3].isalpha()


def _refuse_width(number):
    reason = _("Row %(row)s of the sheet has more than %(limit)s columns.")
    raise FileRefused(reason % {"row": number, "limit": limits.COLUMNS})
