"""Large files made to cost memory and time, each read in a process of its own.

`python -m tests.customers.imports.corpus.hostile NAME` makes one, reads it and prints what
came of it: rows or the reason, the memory it took and the longest time without a row.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

MB = 1024 * 1024


def _csv(unit, times, head=b"account,name\n", tail=b""):
    def write(path):
        piece = unit * max(1, MB // len(unit))
        with path.open("wb") as file:
            file.write(head)
            for _ in range(times * len(unit) // len(piece)):
                file.write(piece)
            file.write(tail)

    return write


def _book(sheet="", texts="", **parts):
    def write(path):
        from tests.approvals.imports.files.builders import inline, raw_workbook

        header = f"<row>{inline('account')}{inline('name')}</row>"
        path.write_bytes(raw_workbook(header + sheet, texts=texts, **parts))

    return write


def _nothing(path):
    with path.open("wb") as file:
        file.truncate(100 * MB)


EMOJI = "\U0001f600"
# Each makes what writes it only when it is wanted.
FILES = {
    "100 MB of nothing": lambda: _nothing,
    "rows of one character": lambda: _csv(b"1\n", 100 * MB),
    "blank rows": lambda: _csv(b"\n", 100 * MB),
    "rows of 465 empty cells": lambda: _csv(b"," * 464 + b"\n", 500_000),
    "one row of commas": lambda: _csv(b",", 100 * MB),
    "rows as long as they may be": lambda: _csv(
        (EMOJI + "x" * 32_000 + ",").encode() * 30 + b"\n", 100
    ),
    "a bad byte at the end": lambda: _csv(b"C1,Name\n", 1_000_000, tail=b"\xff"),
    "a zip bomb": lambda: _book(**{"xl/media/image.bin": bytes(300 * MB)}),
    "a million rows with heights": lambda: _book('<row ht="15" x="1"/>' * 1_000_000),
    "millions of empty cells": lambda: _book(f"<row>{'<c/>' * 99}</row>" * 15_000),
    "rows filled up to column ZZ": lambda: _book('<row><c r="ZZ1"/></row>' * 500_000),
    "more texts than memory": lambda: _book(texts=f"<si><t>{EMOJI}{'x' * 32_000}</t></si>" * 6000),
    "long rows": lambda: _book(
        f'<row><c t="inlineStr"><is><t>{EMOJI}{"x" * 900_000}</t></is></c></row>' * 100
    ),
    "elements within elements": lambda: _book("<row>" + "<c>" * 150_000),
}


def read(path) -> dict:
    """What comes of reading the rows of a file in batches, as an import does."""
    from approvals.imports.files import FileRefused, open_table
    from approvals.imports.resources import batches

    start = last = time.monotonic()
    rows = pause = 0
    try:
        for batch in batches(open_table(path, name="hostile").rows()):
            rows, pause = rows + len(batch), max(pause, time.monotonic() - last)
            last = time.monotonic()
        said = ""
    except FileRefused as refused:
        said = str(refused)
    pause = max(pause, time.monotonic() - last)
    return {"rows": rows, "said": said, "pause": pause, "seconds": time.monotonic() - start}


def main(name):
    """Make the file in a child, so that only reading it counts here."""
    import os

    import django

    from tests.children import peak_memory

    django.setup()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hostile"
        if child := os.fork():
            os.waitpid(child, 0)
        else:
            FILES[name]()(path)
            os._exit(0)
        found = read(path)
    found["memory"] = peak_memory()
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
