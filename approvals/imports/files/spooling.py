"""A stream that can be read only once, kept in a temporary file."""

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

from . import limits
from .source import refuse_size

_CHUNK = 1024 * 1024


class Spool:
    """A stream as a file that is there as long as this object lives; `path` is where.

    name: what people call the stream, and how the file is named. Raises FileRefused as
    soon as more has come than a file may hold.
    """

    def __init__(self, stream: BinaryIO, name: str):
        folder = tempfile.mkdtemp(prefix="customer-approvals-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = Path(folder) / name
        self._fill(stream, name)

    def _fill(self, stream, name):
        size = 0
        with self.path.open("wb") as file:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limits.FILE_BYTES:
                    refuse_size(name)
                file.write(chunk)
