import tracemalloc

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from approvals.imports.files import DELIMITERS, ENCODINGS, FileRefused, limits, open_table
from approvals.imports.resources import batches

from .builders import opened, rows_of

STREET = '"Shop 38\r\n1877 Mittal Road"'


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Account,Name\nC1,Zoë\n".encode(), "utf-8"),
        ("Account,Name\nC1,Zoë\n".encode("utf-8-sig"), "utf-8-sig"),
        ("Account,Name\nC1,Zoë\n".encode("utf-16"), "utf-16"),
        ("\ufeffAccount,Name\nC1,Zoë\n".encode("utf-16-be"), "utf-16"),
    ],
)
def test_the_encoding_is_detected(data, encoding):
    table = opened(data)
    assert (table.format, table.encoding, table.headers) == ("csv", encoding, ["Account", "Name"])
    assert rows_of(table) == [["C1", "Zoë"]]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_western_encoding_is_read_only_when_chosen(encoding):
    data = "Account,Name\nC1,Zoë\n".encode(encoding)
    with pytest.raises(FileRefused):
        opened(data)
    assert rows_of(opened(data, encoding=encoding)) == [["C1", "Zoë"]]


@pytest.mark.parametrize(
    ("data", "chosen", "said"),
    [
        ("A\nx".encode("utf-16"), "utf-8", "marked as utf-16"),
        ("A\nx".encode("utf-8-sig"), "cp1252", "marked as utf-8-sig"),
        ("A\nx".encode("utf-16-le"), "utf-16", "no byte order mark"),
        (b"A\nx", "ebcdic", "not offered"),
    ],
)
def test_a_choice_that_the_file_contradicts_is_refused(data, chosen, said):
    with pytest.raises(FileRefused, match=said):
        opened(data, encoding=chosen)


def test_what_was_detected_can_be_chosen():
    for data in ("A\nx".encode("utf-8-sig"), "A\nx".encode("utf-16"), b"A\nx"):
        found = opened(data)
        again = opened(data, encoding=found.encoding, delimiter=found.delimiter)
        assert (again.encoding, again.delimiter) == (found.encoding, found.delimiter)


@pytest.mark.parametrize(
    ("data", "line", "byte", "value"),
    [
        (b"A,B\n1,2\nC1,Zo\xeb\n", 3, 14, "EB"),
        (b"\xef\xbb\xbfA,B\n\xff,2\n", 2, 8, "FF"),
        (b"A\n" + b"x" * 100_000 + b"\n\xe9t\n", 3, "100,004", "E9"),
        (b"A\n" + b"x" * 8189 + "é".encode()[:1] + b"\n", 2, "8,192", "C3"),
        (b"A\nZo\xc3", 2, 5, "C3"),
        ("A\nb\n".encode("utf-16") + b"\x00\xd8\n\x00", 3, 11, "00"),
        ("A\nb\n".encode("utf-16") + b"x", 3, 11, "78"),
    ],
)
def test_the_first_undecodable_byte_is_named(data, line, byte, value):
    said = rf"Line {line}: byte {byte} of the file \(hexadecimal {value}\)"
    with pytest.raises(FileRefused, match=said):
        opened(data)


def test_a_byte_that_the_chosen_encoding_does_not_know_is_named():
    with pytest.raises(FileRefused, match="Line 2: byte 3 .*81.* does not exist in cp1252"):
        opened(b"A\n\x81\n", encoding="cp1252")


@pytest.mark.parametrize("data", [b"A,B\nC1,x\0y\n", b"A\0,B\n", "A\nb".encode("utf-16-le")])
def test_nul_bytes_are_refused(data):
    with pytest.raises(FileRefused, match="NUL"):
        opened(data)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_detected(delimiter):
    other = "," if delimiter != "," else ";"
    header = delimiter.join(["Account", f'"a{other}b{other}c{other}d"', f'"x{other}\n{other}"'])
    table = opened(f"\n\r\n{header}\n{delimiter.join(['C1', 'x', 'y'])}\n")
    assert table.delimiter == delimiter
    assert rows_of(table) == [["C1", "x", "y"]]


def test_the_more_frequent_delimiter_wins_and_a_tie_is_refused():
    assert opened("Account;Limit, EUR;Group\n").delimiter == ";"
    with pytest.raises(FileRefused, match="delimiter is not clear"):
        opened("Account;Limit, EUR\n")
    assert opened("Account;Limit, EUR\n", delimiter=";").headers == ["Account", "Limit, EUR"]


def test_the_delimiter_can_be_chosen():
    assert opened("a;b,c;d\n", delimiter=",").headers == ["a;b", "c;d"]
    with pytest.raises(FileRefused, match="not offered"):
        opened("a:b\n", delimiter=":")


def test_one_column_needs_no_delimiter():
    assert rows_of(opened("Account\nC1\nC2")) == [["C1"], ["C2"]]


def test_choices_are_offered_with_labels():
    assert [value for value, _label in ENCODINGS] == ["utf-8", "utf-16", "cp1252", "latin-1"]
    assert [value for value, _label in DELIMITERS] == [",", ";", "\t", "|"]
    assert all(str(label) for _value, label in (*ENCODINGS, *DELIMITERS))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(end):
    assert rows_of(opened(end.join(["A,B", "1,2", "3,4", ""]))) == [["1", "2"], ["3", "4"]]


def test_cells_keep_their_text():
    table = opened(f'Account,Street,Note\nC1,{STREET}," say ""hi"" "\nC2,5" pipe,\u2028\x0b\n')
    assert rows_of(table) == [
        ["C1", "Shop 38\r\n1877 Mittal Road", ' say "hi" '],
        ["C2", '5" pipe', "\u2028\x0b"],
    ]


def test_what_our_exports_neutralised_is_restored():
    table = opened("Phone,Name\n'+31 20 123,'t Hart\n")
    assert rows_of(table) == [["+31 20 123", "'t Hart"]]


def test_blank_lines_are_skipped_and_counted_as_a_spreadsheet_does():
    table = opened("\nA,B\n\n1,2\n , \n,,,\n3,4\n\n")
    assert [(row.number, row.cells) for row in table.rows()] == [(4, ["1", "2"]), (7, ["3", "4"])]


def test_a_cell_over_several_lines_is_one_row():
    table = opened(f"A,B\n1,{STREET}\n2,x\n")
    assert [row.number for row in table.rows()] == [2, 3]


def test_rows_can_be_read_again():
    table = opened("A\n1\n2\n")
    assert rows_of(table) == rows_of(table) == [["1"], ["2"]]
    next(table.rows())  # a reader that stops half way
    assert rows_of(table) == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("line", "cells", "count"),
    [("1", ["1", "", ""], 1), ("1,2,3,4", ["1", "2", "3"], 4), ("1,2,3,", ["1", "2", "3"], 4)],
)
def test_a_row_with_too_few_or_too_many_cells_fails_alone(line, cells, count):
    bad, good = opened(f"A,B,C\n{line}\n7,8,9\n").rows()
    assert bad.error == f"The row has {count} cells, the header has 3."
    assert bad.cells == cells
    assert bad.as_read == line.split(",")
    assert (good.error, good.cells) == (None, ["7", "8", "9"])


def test_a_cell_that_is_too_long_fails_its_row():
    fits, long = "x" * limits.CELL_CHARACTERS, "x" * (limits.CELL_CHARACTERS + 1)
    first, second = opened(f"A,B\n1,{fits}\n2,{long}\n").rows()
    assert first.error is None
    assert second.error == "The cell in column 2 is longer than 32,767 characters."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('A,B\n1,2\n3,"4\n5,6\n', "Row 3: a quotation mark opens a cell and is never closed"),
        ('A,"B\n1,2\n', "Row 1: a quotation mark opens"),
        ('A,B\n1,"2\n3,"4"\n', "Row 2: text follows a closing quotation mark"),
        ('A,B\n1,"2" x\n', "Row 2: text follows a closing quotation mark"),
        ('A,B\n1,"' + "x\n" * 70_000, "Row 2: a cell is far too long"),
        ("A,B\n" + "," * 1_000_001, "Row 2 is longer than 1,000,000 characters"),
        ("A,B\n" + '"\n",' * 400_000, "Row 2 is longer than 1,000,000 characters"),
    ],
)
def test_a_quotation_mark_that_is_wrong_refuses_the_file(data, said):
    with pytest.raises(FileRefused, match=said):
        opened(data)


def test_a_file_is_refused_before_its_first_row_is_handed_out():
    with pytest.raises(FileRefused):
        opened("A\n" + "1\n" * 50_000 + '"open')


def test_a_header_alone_is_a_table_without_rows():
    assert rows_of(opened("A,B")) == []


def test_rows_have_a_limit(monkeypatch):
    monkeypatch.setattr(limits, "ROWS", 2)
    assert len(rows_of(opened("A\n1\n2\n"))) == 2
    with pytest.raises(FileRefused, match="more than 2 rows"):
        opened("A\n1\n2\n3\n")


def test_paths_and_uploads_are_read_alike(tmp_path):
    data = f"A,B\n1,{STREET}\n".encode("utf-8-sig")
    (tmp_path / "customers.csv").write_bytes(data)
    from_path = open_table(tmp_path / "customers.csv", name="customers.csv")
    upload = SimpleUploadedFile("customers.csv", data)
    upload.read()  # somebody looked into it before
    from_upload = open_table(upload, name="customers.csv")
    assert (from_upload.encoding, from_upload.headers) == ("utf-8-sig", ["A", "B"])
    assert rows_of(from_path) == rows_of(from_upload) == rows_of(from_upload)


def test_a_large_file_is_streamed(tmp_path):
    path = tmp_path / "large.csv"
    with open(path, "w") as file:
        file.write("Account,Name,City\n")
        file.writelines(f"C{n},Company number {n},Ribeiroville\n" for n in range(200_000))
    tracemalloc.start()
    table = open_table(path, name="large.csv")
    count = sum(1 for _row in table.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 2_000_000


def test_cells_have_a_limit_so_that_reading_a_wide_file_comes_to_an_end(monkeypatch):
    monkeypatch.setattr(limits, "CELLS", 6)
    assert rows_of(opened("A,B\n1,2\n3,4\n"))
    with pytest.raises(FileRefused, match="more than 6 cells. Split it"):
        opened("A,B\n1,2\n,,\n")


def test_the_rows_are_counted_when_the_file_is_opened():
    assert opened("\nA,B\n1,2\n , \n\n3\n4,5\n").row_count == 3
    assert opened("A,B").row_count == 0


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_a_sample_shows_how_the_file_was_read(encoding):
    data = "Account,Name\nC1,Zoë\n".encode(encoding)
    assert opened(data, encoding=encoding).sample() == [["Account", "Name"], ["C1", "Zoë"]]
    if encoding == "utf-8":
        assert opened(data, encoding="latin-1").sample()[1] == ["C1", "ZoÃ«"]


def test_a_sample_is_short():
    table = opened("A\n" + f"x\ty{'z' * 100}\n" * 9, delimiter=",")
    sample = table.sample()
    assert len(sample) == 1 + limits.SAMPLE_ROWS
    assert sample[1] == ["x y" + "z" * 57 + "…"]


def test_a_sample_shows_nothing_that_turns_or_hides_text():
    assert opened("A\na\u202eb\x07c\u3164\n").sample() == [["A"], ["a�b�c�"]]


def test_long_rows_come_in_smaller_batches(monkeypatch):
    monkeypatch.setattr(limits, "BATCH_CHARACTERS", 10)
    rows = opened("A,B\n1234,5\n1234,5\n1234,5\n1,2\n").rows()
    assert [len(batch) for batch in batches(rows)] == [2, 2]
