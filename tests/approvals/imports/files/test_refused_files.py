import gzip
import io
import random
import zipfile

import pytest

from approvals.imports.files import FileRefused, limits, open_table

from .builders import opened, raw_workbook, rows_of, workbook


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("customers.csv", "A\n1\n")
    return file.getvalue()


@pytest.mark.parametrize("name", ["customers.csv", "customers.xlsx"])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (zipped(), "a ZIP archive"),
        (b"PK\x05\x06" + bytes(18), "a ZIP archive"),
        (gzip.compress(b"A\n1\n", mtime=0), "a GZIP archive"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG picture"),
        (b"\xff\xd8\xff\xe0JFIF", "a JPEG picture"),
        (b"%PDF-1.7\n%", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "an old Excel file"),
        (b"<!DOCTYPE html><table>", "an HTML or XML document"),
        ("\ufeff\n <html>".encode(), "an HTML or XML document"),
        ("<html>".encode("utf-16"), "an HTML or XML document"),
        (b'{"customers": []}', "a JSON document"),
        (b'\n[\n {"a": 1}]', "a JSON document"),
        (b"[1, 2]", "a JSON document"),
    ],
)
def test_other_kinds_of_file_are_refused_for_what_they_are(data, kind, name):
    with pytest.raises(FileRefused) as refused:
        opened(data, name=name)
    assert str(refused.value).startswith(f"“{name}” is {kind}")


def test_brackets_in_a_header_are_no_json():
    assert opened("[Account],[Name]\n").headers == ["[Account]", "[Name]"]


def test_the_content_decides_not_the_name():
    assert opened(workbook(["A"], ["1"]), name="customers.csv").format == "xlsx"
    assert opened("A\n1\n", name="customers.xlsx").format == "csv"


@pytest.mark.parametrize("data", ["", "\ufeff", "\n\r\n", " , \n\n"])
def test_an_empty_file_is_refused(data):
    with pytest.raises(FileRefused, match="is empty"):
        opened(data)


def test_an_empty_workbook_is_refused():
    with pytest.raises(FileRefused, match="is empty: it has no header"):
        opened(workbook([None, ""]))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Name, NAME ,x", "header “Name” is there more than once: columns 1, 2"),
        ("x,STRASSE,straße", "more than once: columns 2, 3"),
        ("A,,C", "Column 2 has no header"),
        ("A,B, ", "Column 3 has no header"),
        (f"A,{'x' * 256}", "header of column 2 is longer than 255"),
    ],
)
def test_headers_have_to_be_there_once_and_named(header, said):
    with pytest.raises(FileRefused, match=said):
        opened(f"{header}\n1,2,3\n")


def test_headers_are_trimmed():
    assert opened(" Account ,\u00a0Name\n").headers == ["Account", "Name"]


def test_columns_have_a_limit():
    header = ",".join(f"c{n}" for n in range(limits.COLUMNS + 1))
    with pytest.raises(FileRefused, match="more than 500 columns"):
        opened(header)
    assert len(opened(header.rpartition(",")[0]).headers) == 500


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "FILE_BYTES", 1024)
    (tmp_path / "large.csv").write_bytes(b"A\n" + b"1\n" * 1000)
    with pytest.raises(FileRefused, match="“large.csv” is larger than 1.0"):
        open_table(tmp_path / "large.csv", name="large.csv")


def spoiled(data, chance):
    """The bytes with a few of them changed, taken out or put in."""
    data = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        place = chance.randrange(len(data))
        piece = chance.choice(
            [b"", b'"', b"\0", b"<", b"\xff", b"9999999", b"-1", b"</c>", b"<f/>"]
        )
        data[place : place + chance.randrange(4)] = piece
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b'A,B\n1,"x ""y"""\n2,z\n' * 3,
        "A;B\n1;Zo\u00eb\n".encode("utf-16"),
        workbook(["A", "B"], ["1", 2.5], ["3", True]),
        raw_workbook("<row><c><v>1</v></c></row>" * 5, zip_type=zipfile.ZIP_STORED),
    ],
    ids=["csv", "utf-16", "packed workbook", "plain workbook"],
)
def test_a_spoiled_file_is_read_or_refused_and_nothing_else(data):
    chance = random.Random(3)
    outcomes = set()
    for _ in range(300):
        try:
            rows_of(opened(spoiled(data, chance)))
            outcomes.add("read")
        except FileRefused:
            outcomes.add("refused")
    assert "refused" in outcomes
