"""CSV: which encoding and delimiter, and the records one by one."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import limits
from .source import FileRefused, Source, holds_anything

# What a person may choose. The last two are never guessed: any bytes would pass for them.
ENCODINGS = (
    ("utf-8", gettext_lazy("UTF-8")),
    ("utf-16", gettext_lazy("UTF-16 (with byte order mark)")),
    ("cp1252", gettext_lazy("Windows Western European (cp1252)")),
    ("latin-1", gettext_lazy("ISO 8859-1 (Latin-1)")),
)
DELIMITERS = (
    (",", gettext_lazy("Comma")),
    (";", gettext_lazy("Semicolon")),
    ("\t", gettext_lazy("Tab")),
    ("|", gettext_lazy("Vertical bar")),
)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class Encoding:
    """An encoding, by the name people read and by its codec, and the mark the file starts with."""

    name: str
    codec: str
    mark: bytes = b""


_MARKED = (
    Encoding("utf-8-sig", "utf-8", codecs.BOM_UTF8),
    Encoding("utf-16", "utf-16-le", codecs.BOM_UTF16_LE),
    Encoding("utf-16", "utf-16-be", codecs.BOM_UTF16_BE),
)


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose encoding and delimiter are known."""

    source: Source
    encoding: Encoding
    delimiter: str
    filled: int = 0  # records that hold anything, the header among them

    def records(self) -> Iterator[tuple[int, list[str], None]]:
        """Number and cells of each record, blank ones included, from the start.

        Raises FileRefused at the first thing that cannot be read with certainty.
        """
        with self.source.opened() as raw:
            raw.seek(len(self.encoding.mark))
            text = io.TextIOWrapper(raw, encoding=self.encoding.codec, newline="")
            try:
                yield from _records(text, self.delimiter)
            except UnicodeDecodeError:
                raise FileRefused(_undecodable(raw, self.encoding)) from None
            finally:
                text.detach()  # else it would close a file that was given open


def open_csv(source: Source, encoding: str | None, delimiter: str | None) -> CsvFile:
    """Find encoding and delimiter unless given, and read the file through once.

    Reading it through means that no row is ever handed out of a file that has to be
    refused further on. Raises FileRefused.
    """
    encoding = _encoding(source.head, encoding)
    # Only a look at the beginning: the cut may fall within a character.
    start = source.head[len(encoding.mark) :].decode(encoding.codec, "replace")
    source.refuse_other_texts(start)
    file = CsvFile(source, encoding, _delimiter(start, delimiter))
    return replace(file, filled=_read_through(file))


def _read_through(file):
    """Count the records that hold anything. Raises FileRefused."""
    filled = cells_in_all = 0
    with closing(file.records()) as records:
        for number, cells, _error in records:
            cells_in_all += len(cells)
            if number > limits.ROWS + 1 or cells_in_all > limits.CELLS:
                _refuse_large(number)
            filled += holds_anything("".join(cells))
    return filled


def _encoding(head, chosen):
    """What the file's byte order mark says, or what was chosen, or UTF-8."""
    chosen = chosen and chosen.removesuffix("-sig")
    if chosen and chosen not in dict(ENCODINGS):
        raise FileRefused(_("The encoding “%(name)s” is not offered.") % {"name": chosen})
    marked = next((known for known in _MARKED if head.startswith(known.mark)), None)
    if marked and chosen and marked.name.removesuffix("-sig") != chosen:
        reason = _("The file is marked as %(found)s, but %(chosen)s was chosen.")
        raise FileRefused(reason % {"found": marked.name, "chosen": chosen})
    if chosen == "utf-16" and not marked:
        raise FileRefused(_("The file has no byte order mark, so it is not read as UTF-16."))
    return marked or Encoding(chosen or "utf-8", chosen or "utf-8")


def _delimiter(start, chosen):
    """The delimiter chosen, or the one most frequent in the header outside quotes."""
    offered = [delimiter for delimiter, _label in DELIMITERS]
    if chosen:
        if chosen not in offered:
            raise FileRefused(_("The delimiter “%(name)s” is not offered.") % {"name": chosen})
        return chosen
    header = re.split(r"[\r\n]", _QUOTED.sub("", start).lstrip("\r\n"), maxsplit=1)[0]
    first, second = sorted(offered, key=header.count, reverse=True)[:2]
    if header.count(first) and header.count(first) == header.count(second):
        raise FileRefused(_("The delimiter is not clear from the header. Choose it."))
    return first


def _records(text, delimiter):
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    for number in count(1):
        lines.begin(number)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = _("Row %(row)s: %(reason)s") % {"row": number, "reason": _explain(error)}
            raise FileRefused(reason) from None
        yield number, cells, None


class _Lines:
    """The lines of a text for the csv reader, each record within its length."""

    def __init__(self, text):
        self.text = text

    def begin(self, number):
        """A new record starts."""
        self.number = number
        self.left = limits.ROW_LENGTH

    def __iter__(self):
        return self

    def __next__(self):
        line = self.text.readline(self.left + 1)
        if not line:
            raise StopIteration
        self.left -= len(line)
        if self.left < 0:
            raise FileRefused(_too_long(self.number))
        if "\0" in line:
            reason = _("Row %(row)s contains a NUL byte. Save the file as CSV in UTF-8.")
            raise FileRefused(reason % {"row": self.number})
        return line


def _too_long(number):
    reason = _(
        "Row %(row)s is longer than %(limit)s characters. "
        "Perhaps a quotation mark in it is never closed."
    )
    return reason % {"row": number, "limit": number_format(limits.ROW_LENGTH)}


def _explain(error):
    """The csv module's complaint, for people."""
    if "unexpected end of data" in str(error):
        return _("a quotation mark opens a cell and is never closed.")
    if "field larger than" in str(error):
        return _("a cell is far too long. Perhaps a quotation mark is never closed.")
    return _(
        "text follows a closing quotation mark. Double the quotation marks within a cell, "
        "and put quotation marks round the whole cell."
    )


def _refuse_large(number):
    reason, limit = _("The file has more than %(limit)s cells."), limits.CELLS
    if number > limits.ROWS + 1:
        reason, limit = _("The file has more than %(limit)s rows."), limits.ROWS
    advice = _("Split it into several files.")
    raise FileRefused(f"{reason % {'limit': number_format(limit)}} {advice}")


def _undecodable(raw, encoding):
    """Say where the first byte is that the encoding does not know."""
    raw.seek(len(encoding.mark))
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    position, line = len(encoding.mark), 1
    while True:
        chunk = raw.read(io.DEFAULT_BUFFER_SIZE)
        waiting = len(decoder.getstate()[0])
        try:
            line += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as error:
            line += error.object[: error.start].decode(encoding.codec).count("\n")
            return _not_in(encoding, line, position - waiting + error.start, error)
        position += len(chunk)


def _not_in(encoding, line, position, error):
    reason = _(
        "Line %(line)s: byte %(position)s of the file (hexadecimal %(value)s) does not exist in "
        "%(encoding)s. Choose the encoding the file was saved in, or save it as UTF-8."
    )
    return reason % {
        "line": number_format(line),
        "position": number_format(position + 1),
        "value": f"{error.object[error.start]:02X}",
        "encoding": encoding.name,
    }
