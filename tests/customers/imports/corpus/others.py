"""Files of other kinds, and workbooks, good and hostile."""

import bz2
import gzip
import io
import lzma
import zipfile
from datetime import date

from tests.approvals.imports.files.builders import MAIN, inline, raw_workbook, workbook

from .cases import Case, bad, good
from .texts import lines

HEADER = ("account", "name", "city", "credit_limit")
XML_HEADER = f"<row>{''.join(inline(name) for name in HEADER)}</row>"


def _zipped(**files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


def _kinds():
    plain = lines("C1,Name,Town,100").encode()
    yield bad("ZIP", _zipped(customers=plain), "a ZIP archive")
    yield bad("an empty ZIP", b"PK\x05\x06" + bytes(18), "a ZIP archive")
    yield bad("a Word document", _zipped(**{"word/document.xml": "<x/>"}), "a ZIP archive")
    yield bad("GZIP", gzip.compress(plain), "a GZIP archive")
    yield bad("BZIP2", bz2.compress(plain), "a BZIP2 archive")
    yield bad("XZ", lzma.compress(plain), "an XZ archive")
    yield bad("7-Zip", b"7z\xbc\xaf\x27\x1c" + plain, "a 7-Zip archive")
    yield bad("RAR", b"Rar!\x1a\x07\x01" + plain, "a RAR archive")
    yield bad("PNG", b"\x89PNG\r\n\x1a\n" + bytes(40), "a PNG picture")
    yield bad("JPEG", b"\xff\xd8\xff\xe0" + bytes(40), "a JPEG picture")
    yield bad("GIF", b"GIF89a" + bytes(40), "a GIF picture")
    yield bad("PDF", b"%PDF-1.7\n%\xe2\xe3", "a PDF document")
    yield bad("RTF", b"{\\rtf1 account}", "an RTF document")
    yield bad("an old Excel file", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old Excel")
    yield bad("HTML", "<html><table><tr><td>account", "an HTML or XML document")
    yield bad("XML", "\ufeff<?xml version='1.0'?><a/>", "an HTML or XML document")
    yield bad("JSON", '[{"account": "C1"}]', "a JSON document")
    yield bad("a JSON object", '{"account": "C1"}', "a JSON document")
    yield bad("a program", b"\x7fELF" + bytes(200), "NUL")
    yield bad("prose", "Dear all,\nplease find the customers attached.\n", "Column 2 has no header")


def _sheet(name, *rows, outcome, said=(), **options):
    return Case(name, workbook(HEADER, *rows), outcome, said=said, options=options)


def _cells():
    yield _sheet("a workbook", ("C1", "Name", "Town", 100), outcome="u")
    yield _sheet("a governed number", ("C1", "Name", "City", 250.5), outcome="g")
    yield _sheet("a whole float", ("C1", "Name", "City", 100.0), outcome="=")
    yield _sheet("blank rows", (), ("C1", "Name", "Town", 100), (None, " "), outcome="u")
    yield _sheet("a short row", ("C1", "Other"), outcome="u")
    yield _sheet("a wide row", ("C1", "Name", "City", 1, 5), outcome="f", said=("5 cells",))
    number = ("not a number",)
    formula = ("C1", "=1+1", "City", 100)
    yield _sheet("a formula", formula, outcome="f", said=("contains a formula",))
    yield _sheet("an error", ("C1", "#N/A", "City", 1), outcome="f", said=("an error",))
    yield _sheet(
        "a date as a number",
        ("C1", "Name", "City", date(2026, 1, 2)),
        outcome="f",
        said=number,
    )
    yield _sheet("true as a number", ("C1", "Name", "City", True), outcome="f", said=number)
    yield _sheet("a number as a name", ("C1", 42, "City", 100), outcome="u")
    yield _sheet("an escaped bell", ("C1", "a_x0007_b", "City", 100), outcome="f", said=("U+",))
    hidden = workbook(First=[HEADER, ("C1", "Name", "Town", 100)], Second=[("x",)])
    yield good("the first sheet", hidden, "u")
    yield bad("the other sheet", hidden, "no column for", sheet="Second")
    yield bad("a sheet it lacks", hidden, "no sheet", sheet="Third")


def _raw(name, sheet, refused, **how):
    return bad(name, raw_workbook(sheet, **how), refused)


def _hostile():
    entity = '<!DOCTYPE x [<!ENTITY a "lol">]>'
    yield _raw("a document type", XML_HEADER, "document type", prolog=entity)
    far = f'{XML_HEADER}<row r="2">{inline("C1", "XFD2")}</row>'
    yield _raw("a cell in the last column", far, "more than 500 columns")
    yield _raw("a row far away", XML_HEADER + '<row r="9999999"/>', "more than 1,100,000 rows")
    yield _raw("rows that step back", XML_HEADER + '<row r="1"/>', "damaged")
    yield _raw("a row within a row", "<row><row/></row>", "damaged")
    yield _raw(
        "a text that isn't there", XML_HEADER + '<row><c t="s"><v>9</v></c></row>', "damaged"
    )
    yield _raw("a number that is none", XML_HEADER + "<row><c><v>x</v></c></row>", "damaged")
    yield _raw(
        "a style that isn't there", XML_HEADER + '<row><c s="99"><v>1</v></c></row>', "damaged"
    )
    yield _raw("nothing", "", "is empty")
    yield _raw("XML that breaks off", f'<worksheet xmlns="{MAIN}"><sheetData>', "damaged")
    row = f"<row>{inline('C1')}{inline('Name')}{inline('Town')}<c><v>100</v></c></row>"
    dimension = f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>'
    claim = f"{dimension}{XML_HEADER}{row}</sheetData></worksheet>"
    yield good("a dimension that lies", raw_workbook(claim), "u")
    yield good(
        "a last row far down",
        raw_workbook(XML_HEADER + row.replace("<row", '<row r="1048576"')),
        "u",
    )
    exponent = row.replace("<v>100<", "<v>1e400<")
    yield good("a number beyond all", raw_workbook(XML_HEADER + exponent), "f", "too large")
    cut = workbook(HEADER)
    yield bad("a workbook cut off", cut[: len(cut) // 2], "damaged")
    yield bad("a workbook with a password", _encrypted(), "password")
    parts = {f"xl/x{n}.xml": "<x/>" for n in range(1001)}
    yield _raw("a thousand parts", XML_HEADER, "too large", **parts)


def _encrypted():
    data = bytearray(workbook(HEADER))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def all_cases():
    """Every file of the corpus that is no CSV."""
    for part in (_kinds, _cells, _hostile):
        yield from part()
