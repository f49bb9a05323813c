import datetime as dt
import io

import pytest
from openpyxl import Workbook

from approvals.imports.files import FileRefused, limits, open_table

from .builders import MAIN, inline, opened, raw_workbook, rows_of, saved, workbook


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Zoë", "Zoë"),
        ("'+31 20", "+31 20"),
        (" blanks ", " blanks "),
        ("two\nlines", "two\nlines"),
        ("a_x000D_b", "a\rb"),
        ("a_x0000_b", "a_x0000_b"),
        ("a_xD800_b", "a_xD800_b"),
        (1000, "1000"),
        (1000.0, "1000"),
        (1234.5, "1234.5"),
        (0.1, "0.1"),
        (-12.5, "-12.5"),
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (1234567890123456, "1234567890123456"),
        (True, "yes"),
        (False, "no"),
        (dt.date(2154, 12, 31), "2154-12-31"),
        (dt.date(1900, 1, 1), "1900-01-01"),
        (dt.datetime(2024, 1, 31), "2024-01-31"),
        (dt.datetime(2024, 1, 31, 10, 30), "2024-01-31 10:30:00"),
        (dt.time(10, 30), "10:30:00"),
    ],
)
def test_cells_become_text_without_loss(value, text):
    table = opened(workbook(["Account", "Value"], ["C1", value]), name="c.xlsx")
    assert (table.format, table.encoding, table.delimiter) == ("xlsx", None, None)
    assert [(row.cells, row.error) for row in table.rows()] == [(["C1", text], None)]


def test_text_in_the_shared_table_with_formatting_is_read():
    texts = "<si><t>Account</t></si><si><r><rPr><b/></rPr><t>C</t></r><r><t>1</t></r></si>"
    sheet = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>'
    assert rows_of(opened(raw_workbook(sheet, texts=texts))) == [["C1"]]


@pytest.mark.parametrize(("shown", "text"), [("00000", "00123"), ("0", "123"), ("0.00", "123")])
def test_a_number_shown_with_leading_zeros_keeps_them(shown, text):
    book = Workbook()
    book.active.append(["Account"])
    book.active.append([123])
    book.active["A2"].number_format = shown
    assert rows_of(opened(saved(book))) == [[text]]


def test_a_negative_zero_is_zero():
    sheet = f"<row>{inline('A')}</row><row><c><v>-0.0</v></c></row>"
    assert rows_of(opened(raw_workbook(sheet))) == [["0"]]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("=1+1", "Cell B2 contains a formula. Paste its value instead."),
        ("#N/A", "Cell B2 contains an error (#N/A)."),
        (dt.timedelta(hours=36), "Cell B2 contains a length of time. Write it as text."),
    ],
)
def test_a_cell_without_a_plain_value_fails_its_row(value, said):
    bad, good = opened(workbook(["A", "B"], ["1", value], ["2", "x"])).rows()
    assert bad.error == said
    assert (good.error, good.cells) == (None, ["2", "x"])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('<c t="str"><f>A1</f><v>old</v></c>', "contains a formula"),
        ('<c><f t="shared" si="0"/><v>1</v></c>', "contains a formula"),
        ("<c><v>1e999</v></c>", "a number that is too large"),
        ("<c><v>-1E999</v></c>", "a number that is too large"),
    ],
)
def test_stranger_cells_without_a_plain_value_fail_their_row(cell, said):
    (row,) = opened(raw_workbook(f"<row>{inline('A')}</row><row>{cell}</row>")).rows()
    assert said in row.error


def test_a_formula_in_the_header_refuses_the_file():
    with pytest.raises(FileRefused, match="The header: Cell B1 contains a formula"):
        opened(workbook(["A", "=1+1"], ["1", "2"]))


def test_empty_columns_at_the_end_are_dropped_and_short_rows_are_filled():
    table = opened(workbook(["A", "B", "", None], ["1"], ["2", "x", None, ""]))
    assert table.headers == ["A", "B"]
    assert [(row.cells, row.error) for row in table.rows()] == [
        (["1", ""], None),
        (["2", "x"], None),
    ]


def test_an_empty_header_between_others_is_refused():
    with pytest.raises(FileRefused, match="Column 2 has no header"):
        opened(workbook(["A", None, "C"], ["1", "2", "3"]))


def test_a_value_beyond_the_header_fails_its_row():
    (row,) = opened(workbook(["A", "B"], ["1", "2", None, "4"])).rows()
    assert row.error == "The row has 4 cells, the header has 2."
    assert row.as_read == ["1", "2", "", "4"]


def test_blank_rows_are_skipped_and_numbers_are_those_of_the_sheet():
    table = opened(workbook([], ["A"], [], ["1"], [" "], ["2"]))
    assert [(row.number, row.cells) for row in table.rows()] == [(4, ["1"]), (6, ["2"])]
    sparse = raw_workbook(f'<row r="3">{inline("A", "A3")}</row><row r="90">{inline("1")}</row>')
    assert [row.number for row in opened(sparse).rows()] == [90]


def test_a_cell_that_is_too_long_fails_its_row():
    sheet = f"<row>{inline('A')}</row><row>{inline('x' * (limits.CELL_CHARACTERS + 1))}</row>"
    (row,) = opened(raw_workbook(sheet)).rows()
    assert row.error == "The cell in column 1 is longer than 32,767 characters."


def test_the_first_visible_sheet_is_read_unless_another_is_chosen():
    book = Workbook()
    for sheet, content in zip(
        [book.active, book.create_sheet("Two"), book.create_sheet("Three")],
        ["hidden", "two", "three"],
        strict=True,
    ):
        sheet.append([content])
    book.active.title, book.active.sheet_state = "One", "hidden"
    data = saved(book)
    table = opened(data)
    assert (table.sheet, table.sheets, table.headers) == ("Two", ["One", "Two", "Three"], ["two"])
    assert opened(data, sheet="Three").headers == ["three"]
    assert opened(data, sheet="One").headers == ["hidden"]
    with pytest.raises(FileRefused, match="no sheet “Four”. Its sheets: One, Two, Three"):
        opened(data, sheet="Four")


def test_rows_can_be_read_again_and_from_a_path(tmp_path):
    path = tmp_path / "customers.xlsx"
    path.write_bytes(workbook(["A"], ["1"], ["2"]))
    table = open_table(path, name="customers.xlsx")
    next(table.rows())
    assert rows_of(table) == rows_of(table) == [["1"], ["2"]]


def test_a_false_dimension_is_not_believed():
    for claimed in ("A1", "A1:XFD1048576"):
        sheet = (
            f'<worksheet xmlns="{MAIN}"><dimension ref="{claimed}"/><sheetData>'
            f"<row>{inline('A')}{inline('B')}</row>"
            f"<row>{inline('1')}{inline('2')}</row></sheetData></worksheet>"
        )
        table = opened(raw_workbook(sheet))
        assert (table.headers, rows_of(table)) == (["A", "B"], [["1", "2"]])


def test_what_stands_behind_the_rows_is_not_read():
    sheet = (
        f'<worksheet xmlns="{MAIN}"><dimension ref="A1"/><sheetData>'
        f"<row>{inline('A')}</row><row>{inline('1')}</row>"
        '</sheetData><dataValidations count="1"><dataValidation type="nonsense"/>'
        "</dataValidations></worksheet>"
    )
    assert rows_of(opened(raw_workbook(sheet))) == [["1"]]


@pytest.mark.parametrize(
    "cell",
    [
        '<c t="s"><v>7</v></c>',
        "<c><v>NaN</v></c>",
        '<c r="7A"><v>1</v></c>',
        '<c t="d"><v>x</v></c>',
    ],
)
def test_a_workbook_that_proves_damaged_is_refused(cell):
    with pytest.raises(FileRefused, match="is damaged"):
        rows_of(opened(raw_workbook(f"<row>{inline('A')}</row><row>{cell}</row>")))


def test_broken_xml_refuses_the_workbook_before_its_first_row():
    sheet = (
        f'<worksheet xmlns="{MAIN}"><dimension ref="A1"/><sheetData>'
        f"<row>{inline('A')}</row><row>{inline('1')}</row></row></sheetData></worksheet>"
    )
    with pytest.raises(FileRefused, match="is damaged"):
        opened(raw_workbook(sheet))


def test_a_workbook_cut_short_is_refused():
    data = workbook(["A"], *([str(n)] for n in range(500)))
    for end in (30, len(data) // 2, len(data) - 1):
        with pytest.raises(FileRefused):
            opened(data[:end])
    with pytest.raises(FileRefused):
        opened(io.BytesIO(data).getvalue().replace(b"sheet1", b"sheetX", 1))
