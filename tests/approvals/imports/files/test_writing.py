import csv
import io
import random
import tracemalloc

import pytest
from openpyxl import load_workbook

from approvals.imports.files import (
    FAILED_ROW_HEADERS,
    FileRefused,
    limits,
    write_csv,
    write_failed_rows,
    write_xlsx,
    xlsx_writing,
)

from .builders import opened, rows_of, workbook

HEADERS = ["Account", "Name", "Phone"]
ROWS = [
    ["C1", "Zoë; 'Quote\" Ltd", "+31 20 123"],
    ["C2", "=cmd|' /C calc'!A0", "-12.50"],
    ["C3", "two\r\nlines,\ttab", ""],
    ["C4", "#N/A", "'=1"],
    ["C5", "_x000D_ \x0c \uffff", " ＝x"],
]


def csv_bytes(headers, rows, **options):
    return b"".join(write_csv(headers, rows, **options))


def xlsx_bytes(headers, rows):
    return b"".join(write_xlsx(headers, rows))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_export_reads_back_unchanged(delimiter):
    data = csv_bytes(HEADERS, ROWS, delimiter=delimiter)
    table = opened(data)
    assert data.startswith(b"\xef\xbb\xbfAccount")
    assert (table.encoding, table.delimiter, table.headers) == ("utf-8-sig", delimiter, HEADERS)
    assert rows_of(table) == ROWS


def test_an_xlsx_export_reads_back_unchanged():
    table = opened(xlsx_bytes(HEADERS, ROWS), name="customers.xlsx")
    assert (table.format, table.headers) == ("xlsx", HEADERS)
    assert rows_of(table) == ROWS


@pytest.mark.parametrize("write", [csv_bytes, xlsx_bytes])
def test_any_text_reads_back_unchanged(write):
    chance = random.Random(11)
    alphabet = "=+-@'\"\t\r\n,;|_x05F0D \u00a0é漢😀1.<&>]"
    rows = [
        [f"C{n}", *("".join(chance.choices(alphabet, k=chance.randrange(8))) for _ in "ab")]
        for n in range(3000)
    ]
    assert rows_of(opened(write(HEADERS, rows))) == rows


def test_formulas_are_neutralised_in_both_formats():
    in_csv = list(csv.reader(io.StringIO(csv_bytes(HEADERS, ROWS).decode("utf-8-sig"), newline="")))
    sheet = load_workbook(io.BytesIO(xlsx_bytes(HEADERS, ROWS))).active
    for cells in (in_csv[2], [cell.value for cell in sheet[3]]):
        assert cells == ["C2", "'=cmd|' /C calc'!A0", "-12.50"]
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row if cell.value} <= {
        "s",
        "inlineStr",
    }
    assert sheet["C3"].data_type == "s"  # a number as text: it keeps its form


def test_a_header_that_looks_like_a_formula_is_neutralised_too():
    assert csv_bytes(["=x", "b"], []).startswith(b"\xef\xbb\xbf'=x,b")
    assert opened(csv_bytes(["=x", "b"], [])).headers == ["=x", "b"]


@pytest.mark.parametrize(("write", "least"), [(write_csv, 6_000_000), (write_xlsx, 50_000)])
def test_an_export_is_streamed(write, least):
    tracemalloc.start()
    rows = (["x" * 100] * 3 for _ in range(20_000))
    sizes = [len(piece) for piece in write(HEADERS, rows)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) > least and max(sizes) < 100_000
    assert peak < 2_000_000


def test_a_workbook_refuses_what_a_sheet_does_not_hold(monkeypatch):
    monkeypatch.setattr(xlsx_writing, "SHEET_ROWS", 2)
    assert len(rows_of(opened(xlsx_bytes(["A"], [["1"], ["2"]])))) == 2
    with pytest.raises(FileRefused, match="A sheet of a workbook holds 2 rows. Choose CSV"):
        xlsx_bytes(["A"], [["1"], ["2"], ["3"]])


def test_a_workbook_refuses_what_its_archive_could_not_state(monkeypatch):
    monkeypatch.setattr(xlsx_writing, "SHEET_BYTES", 1000)
    with pytest.raises(FileRefused, match="too much for a workbook. Choose CSV"):
        xlsx_bytes(["A"], [["x" * 1000]])


def test_every_row_is_there_once_beyond_what_is_written_at_once():
    rows = [[str(n)] for n in range(1203)]
    assert rows_of(opened(xlsx_bytes(["A"], rows))) == rows


FAILURES = {
    3: [("Name", "too long"), ("Phone", "=no number")],
    4: [("", "no such account"), ("Name", "odd")],
    5: [],
}


@pytest.mark.parametrize("delimiter", [";", "|"])
def test_failed_rows_keep_columns_order_delimiter_and_text(delimiter):
    table = opened(csv_bytes(HEADERS, ROWS, delimiter=delimiter))
    data = b"".join(write_failed_rows(table, FAILURES))
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    assert list(csv.reader(text, delimiter=delimiter)) == [
        [*FAILED_ROW_HEADERS, *HEADERS],
        ["3", "Name; Phone", "too long; =no number", "C2", "'=cmd|' /C calc'!A0", "-12.50"],
        ["4", "Name", "no such account; odd", *ROWS[2]],
    ]


def test_failed_rows_of_a_workbook_are_a_workbook():
    table = opened(workbook(HEADERS, *ROWS[:4]), name="c.xlsx")
    data = b"".join(write_failed_rows(table, FAILURES))
    sheet = load_workbook(io.BytesIO(data)).active
    assert [cell.value for cell in sheet[1]] == [*FAILED_ROW_HEADERS, *HEADERS]
    # It was a formula, which would have to be corrected; as a text it would be taken.
    assert (sheet["E2"].value, sheet["E2"].data_type) == ("#VALUE!", "e")
    assert (sheet["F3"].value, sheet["D3"].value) == (None, "C3")
    assert sheet.max_row == 3


def test_cells_of_a_workbook_that_were_refused_are_refused_until_they_are_corrected():
    table = opened(workbook(HEADERS, ["C1", '=A1&"x"', "1"], ["C2", "#N/A", "2"], ["C3", "x", "3"]))
    failures = {row.number: [("", row.error)] for row in table.rows() if row.error}
    failed = b"".join(write_failed_rows(table, failures))
    assert [row.error for row in opened(failed).rows()] == [
        "Cell E2 contains an error (#VALUE!).",
        "Cell E3 contains an error (#N/A).",
    ]


@pytest.mark.parametrize("data", [csv_bytes(HEADERS, ROWS), xlsx_bytes(HEADERS, ROWS)])
def test_a_corrected_file_of_failed_rows_reads_like_the_original(data):
    failed = b"".join(write_failed_rows(opened(data), FAILURES))
    table = opened(failed)
    assert table.headers == HEADERS
    assert [(row.number, row.cells, row.error) for row in table.rows()] == [
        (2, ROWS[1], None),
        (3, ROWS[2], None),
    ]
    again = b"".join(write_failed_rows(table, {2: [("Name", "still")]}))
    assert opened(again).headers == HEADERS
    assert rows_of(opened(again)) == [ROWS[1]]


def test_the_three_columns_are_found_wherever_and_however_they_are_written():
    number, field, reason = FAILED_ROW_HEADERS
    table = opened(f"Account,{reason.upper()}, {number} ,Name,{field.lower()}\nC1,r,2,Zoë,f\n")
    assert (table.headers, rows_of(table)) == (["Account", "Name"], [["C1", "Zoë"]])
    assert opened(f"Account,{number},{reason}\n").headers == ["Account", number, reason]


def test_a_failed_row_with_too_few_or_too_many_cells_fails_until_it_is_corrected():
    table = opened("A,B,C\n1,2\n1,2,3,=4\n")
    failures = {row.number: [("", row.error)] for row in table.rows()}
    failed = b"".join(write_failed_rows(table, failures))
    few, many = opened(failed).rows()
    assert few.error == "The row has 5 cells, the header has 6."
    assert many.error == "The row has 7 cells, the header has 6."
    assert (few.as_read, many.as_read) == (["1", "2"], ["1", "2", "3", "=4"])
    corrected = failed.replace(b",1,2\r\n", b",1,2,3\r\n").replace(b",'=4", b"")
    assert [(row.cells, row.error) for row in opened(corrected).rows()] == [
        (["1", "2", "3"], None),
        (["1", "2", "3"], None),
    ]


def test_a_failed_cell_that_is_too_long_for_a_sheet_is_not_cut():
    long = "x" * (limits.CELL_CHARACTERS + 1)
    table = opened(xlsx_bytes(["A"], [[long]]))
    (row,) = table.rows()
    assert row.error and row.cells == [long]
    (again,) = opened(b"".join(write_failed_rows(table, {2: [("A", row.error)]}))).rows()
    assert again.error and again.cells == [long]


def test_failures_are_read_beside_the_rows_and_not_held():
    table = opened(csv_bytes(["A"], [[str(n)] for n in range(50_000)]))
    tracemalloc.start()
    failures = ((number, [("A", f"reason {number}")]) for number in range(2, 50_002))
    count = sum(piece.count(b"reason ") for piece in write_failed_rows(table, failures))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 2_000_000


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_failed_rows_of_any_encoding_and_delimiter_read_like_the_original(encoding, delimiter):
    lines = [["Account", "Name", "Note"], ["C1", "Zoë", "=1+1"], ["C2", 'a"b', "x;y,z|\tq"]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([*lines, ["C3", "fine", "-5"]])
    table = opened(text.getvalue().encode(encoding), encoding=encoding.removesuffix("-sig"))
    failed = b"".join(write_failed_rows(table, [(2, [("Name", "odd")]), (3, [("", "=bad")])]))
    assert not [line for line in failed.splitlines() if b"\t=" in line or b",=" in line]
    corrected = opened(failed.replace("Zoë".encode(), b"Zoe"))
    assert (corrected.delimiter, corrected.headers) == (delimiter, lines[0])
    assert rows_of(corrected) == [["C1", "Zoe", "=1+1"], lines[2]]
