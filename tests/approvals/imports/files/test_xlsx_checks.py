import io
import time
import tracemalloc
import zipfile

import pytest

from approvals.imports.files import FileRefused, limits, xlsx_checks

from .builders import MAIN, inline, opened, raw_workbook, rows_of, workbook

HEADER = f"<row>{inline('A')}</row>"
BOMB = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("prolog", "coding"),
    [
        (BOMB, "utf-8"),
        (f"<!-- x -->\n{BOMB}", "utf-8"),
        (f'<?xml version="1.0" encoding="utf-16"?>{BOMB}', "utf-16"),
        (f'<?xml version="1.0" encoding="cp037"?>{BOMB}', "cp037"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd">', "utf-8"),
    ],
)
def test_a_document_type_is_refused_in_any_part_and_encoding(prolog, coding):
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}</sheetData></worksheet>'
    if coding == "cp037":  # the declaration itself is plain
        plain, _, rest = (prolog + sheet).partition("?>")
        data = f"{plain}?>".encode() + rest.encode("cp037")
    else:
        data = (prolog + sheet).encode(coding)
    with pytest.raises(FileRefused):
        opened(raw_workbook("", **{"xl/worksheets/s.xml": data}))
    with pytest.raises(FileRefused, match="document type declaration"):
        opened(raw_workbook(HEADER, **{"docProps/core.xml": BOMB + "<x/>"}))


def test_a_zip_bomb_is_refused_from_its_directory(monkeypatch):
    data = raw_workbook(HEADER, **{"xl/media/image.bin": bytes(limits.XLSX_BYTES)})
    assert len(data) < 1_000_000
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # nothing may be unpacked
    with pytest.raises(FileRefused, match="too large to be read safely .*200"):
        opened(data)


def test_bytes_are_counted_while_unpacking_too(monkeypatch):
    data = raw_workbook(HEADER + "<row/>" * 700)
    monkeypatch.setattr(limits, "XLSX_BYTES", 3000)
    monkeypatch.setattr(xlsx_checks, "_check_directory", lambda *_args: None)
    with pytest.raises(FileRefused, match="too large to be read safely"):
        opened(data)


def test_a_directory_that_lies_about_sizes_is_refused():
    data = bytearray(raw_workbook(HEADER + f"<row>{inline('x' * 5000)}</row>"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("xl/worksheets/s.xml").file_size
    directory = data.rfind(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (size - 4000).to_bytes(4, "little")
    with pytest.raises(FileRefused, match="damaged"):
        opened(bytes(data))


def test_parts_have_a_limit():
    with pytest.raises(FileRefused, match="too large"):
        opened(raw_workbook(HEADER, **{f"xl/x{n}.xml": "<x/>" for n in range(limits.XLSX_PARTS)}))


@pytest.mark.parametrize(
    ("limit", "value", "sheet", "texts", "said"),
    [
        ("XLSX_BYTES", 3000, HEADER + "<row/>" * 700, "", "too large"),
        ("XLSX_ELEMENTS", 100, HEADER + "<row/>" * 100, "", "100 elements"),
        ("XLSX_TEXTS", 5, HEADER, "<si/>" * 6, "5 different texts"),
        ("XLSX_OTHER_ELEMENTS", 50, HEADER + "<x/>" * 51, "", "50 styles"),
        ("XLSX_OTHER_BYTES", 1000, HEADER + "x" * 70_000, "", "1,000 bytes"),
        ("ROW_LENGTH", 500, HEADER + "<row>" + "<c/>" * 200 + "</row>", "", "Row 2 .* 500"),
        ("ROW_LENGTH", 500, HEADER, f"<si><t>{'x' * 600}</t></si>", "longer than 500"),
        ("ROWS", 3, HEADER + "<row/>" * 4, "", "more than 3 rows"),
    ],
)
def test_what_openpyxl_would_hold_in_memory_is_limited(
    monkeypatch, limit, value, sheet, texts, said
):
    opened(raw_workbook(sheet, texts=texts))
    monkeypatch.setattr(limits, limit, value)
    with pytest.raises(FileRefused, match=said.replace(" bytes", ".bytes|1000.bytes")):
        opened(raw_workbook(sheet, texts=texts))


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="999999999"/>',
        '<row r="1e9"/>',
        '<row r="1100002"/>',
        f'<row r="{"9" * 5000}"/>',
        '<row r="5"/><row r="4"/>',
        '<row r="1"/>',
        '<row r="5"><row r="6"/></row>',
        '<row r="-5"/>',
    ],
)
def test_row_numbers_that_run_away_or_step_back_are_refused(rows):
    with pytest.raises(FileRefused):
        opened(raw_workbook(HEADER + rows))


def test_a_row_far_down_is_found_in_time():
    started = time.monotonic()
    rows = list(opened(raw_workbook(f'{HEADER}<row r="1048576">{inline("1")}</row>')).rows())
    assert [row.number for row in rows] == [1_048_576]
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "endless",
    [
        f"<row>{'<c/>' * 3_000_000}</row>",
        f"<row>{inline('x' * 20_000_000)}</row>",
        f'<row><c r="{"A" * 20_000_000}"/></row>',
        f"<!--{'x' * 20_000_000}-->",
        "<x>" * 3_000_000,
    ],
    ids=["cells", "text", "attribute", "comment", "depth"],
)
def test_a_small_file_with_endless_content_costs_little(endless):
    data = raw_workbook(HEADER + endless)
    del endless
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(FileRefused):
        opened(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.monotonic() - started < 20
    assert peak < 50_000_000


def test_an_encrypted_or_oddly_packed_archive_is_refused():
    data = bytearray(workbook(["A"]))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(FileRefused, match="password"):
        opened(bytes(data))
    with pytest.raises(FileRefused, match="damaged"):
        opened(raw_workbook(HEADER, zip_type=zipfile.ZIP_LZMA))


def test_strict_open_xml_is_named():
    strict = '<worksheet xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"/>'
    with pytest.raises(FileRefused, match="Strict Open XML"):
        opened(raw_workbook(strict))


def test_pictures_and_macros_beside_the_sheet_do_no_harm():
    data = raw_workbook(HEADER + f"<row>{inline('1')}</row>", **{"xl/media/a.png": b"\x89PNG\0"})
    assert rows_of(opened(data)) == [["1"]]


@pytest.mark.parametrize(
    "row",
    [
        f'<row r="2">{inline("1", "AAA2")}</row>',
        f'<row r="2">{inline("1", "XFD2")}</row>',
        f"<row>{'<c/>' * 501}</row>",
    ],
)
def test_columns_have_a_limit_before_a_row_is_filled_up_to_the_last(row):
    with pytest.raises(FileRefused, match="Row 2 of the sheet has more than 500 columns"):
        opened(raw_workbook(HEADER + row))
    opened(raw_workbook(HEADER + f"<row>{'<c/>' * 500}</row><row>{'<c/>' * 500}</row>"))


def test_the_texts_of_a_workbook_have_a_limit_together(monkeypatch):
    data = raw_workbook(HEADER, texts=f"<si><t>{'x' * 50_000}</t></si>" * 3)
    assert opened(data)
    monkeypatch.setattr(limits, "XLSX_TEXT_BYTES", 100_000)
    with pytest.raises(FileRefused, match="too large"):
        opened(data)


def test_attributes_outside_of_rows_have_a_limit(monkeypatch):
    data = raw_workbook(HEADER, **{"xl/other.xml": '<x a="1" b="2"/>'})
    assert opened(data)
    monkeypatch.setattr(limits, "XLSX_OTHER_ATTRIBUTES", 1)
    with pytest.raises(FileRefused, match="1 attributes"):
        opened(data)


def test_the_heights_of_rows_are_not_kept():
    rows = '<row ht="15" a="1" b="2" c="3"/>' * 100_000
    table = opened(raw_workbook(HEADER + rows))
    tracemalloc.start()
    assert rows_of(table) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
