"""The file itself, before anybody knows what is in it."""

import re
import weakref
from contextlib import contextmanager

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from . import limits

HEAD_BYTES = 64 * 1024
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_SIGNATURES = (
    (b"\x1f\x8b", gettext_noop("a GZIP archive")),
    (b"7z\xbc\xaf\x27\x1c", gettext_noop("a 7-Zip archive")),
    (b"Rar!\x1a\x07", gettext_noop("a RAR archive")),
    (b"BZh", gettext_noop("a BZIP2 archive")),
    (b"\xfd7zXZ\x00", gettext_noop("an XZ archive")),
    (b"\x28\xb5\x2f\xfd", gettext_noop("a Zstandard archive")),
    (b"\x89PNG\r\n\x1a\n", gettext_noop("a PNG picture")),
    (b"\xff\xd8\xff", gettext_noop("a JPEG picture")),
    (b"GIF8", gettext_noop("a GIF picture")),
    (b"%PDF", gettext_noop("a PDF document")),
    (b"{\\rtf", gettext_noop("an RTF document")),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        gettext_noop("an old Excel file (.xls) or one with a password"),
    ),
)
_TEXTS = (
    (re.compile(r"\s*<"), gettext_noop("an HTML or XML document")),
    (
        re.compile(r'\s*(?:\{\s*["}]|\[\s*(?:["{\[\]\d-]|true\b|false\b|null\b))'),
        gettext_noop("a JSON document"),
    ),
)


class FileRefused(Exception):  # noqa: N818
    """The file as a whole is not taken. `str()` is the reason, translated, for people."""


def holds_anything(text: str) -> bool:
    """Whether a row whose cells are `text` together is more than blanks."""
    return text != "" and not text.isspace()


def refuse_size(name: str) -> None:
    """Raise FileRefused: there is more in the file than it may hold."""
    reason = _("“%(name)s” is larger than %(limit)s. Split it into several files.")
    raise FileRefused(reason % {"name": name, "limit": filesizeformat(limits.FILE_BYTES)})


class Source:
    """A path or a binary file object that can be read from its start again and again.

    name: what people call the file. Raises FileRefused where it is too large; and whenever
    it is opened, where it cannot be, such as one that was deleted meanwhile.
    """

    def __init__(self, path_or_file, name):
        self.name = name
        self._given = path_or_file
        with self.opened() as file:
            self.head = file.read(HEAD_BYTES)
            size = file.seek(0, 2)
        if size > limits.FILE_BYTES:
            refuse_size(name)

    @contextmanager
    def opened(self):
        """The file, at its start; closed afterwards if it was given as a path."""
        if hasattr(self._given, "read"):
            self._given.seek(0)
            yield self._given
        else:
            with self._open() as file:
                yield file

    def kept_open(self):
        """The file, at its start, open for as long as this source is in use."""
        if hasattr(self._given, "read"):
            self._given.seek(0)
            return self._given
        file = self._open()
        weakref.finalize(self, file.close)
        return file

    def _open(self):
        try:
            return open(self._given, "rb")
        except OSError as error:
            reason = _("The program cannot read “%(name)s” (%(reason)s).")
            details = {"name": self.name, "reason": error.strerror or error}
            raise FileRefused(reason % details) from error

    @property
    def is_zip(self):
        """Whether the first bytes are those of a ZIP archive, as every .xlsx is."""
        return self.head.startswith(ZIP_SIGNATURES)

    def refuse_other_kinds(self):
        """Raise FileRefused where the first bytes show a file that is no table."""
        for signature, kind in _SIGNATURES:
            if self.head.startswith(signature):
                self.refuse_as(_(kind))

    def refuse_other_texts(self, text):
        """Raise FileRefused where `text`, the decoded beginning, shows another kind of text."""
        for pattern, kind in _TEXTS:
            if pattern.match(text):
                self.refuse_as(_(kind))

    def refuse_as(self, kind):
        """Raise FileRefused, naming what the file really is."""
        reason = _("“%(name)s” is %(kind)s. Choose a CSV file or an Excel workbook (.xlsx).")
        raise FileRefused(reason % {"name": self.name, "kind": kind})
