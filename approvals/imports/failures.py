"""The failed rows of an import that are not on record, or won't stay there."""

import json
import tempfile
import weakref
from collections.abc import Iterable, Iterator

from ..outcomes import FieldError, RecordOutcome


class Failures:
    """Failed rows in the order they came, in a temporary file: their number costs no memory."""

    def __init__(self):
        self._count = 0
        # Closed when this object is gone.
        self._file = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def __len__(self):
        return self._count

    def add(self, outcomes: Iterable[RecordOutcome]) -> None:
        """Keep those of `outcomes` that failed."""
        for outcome in outcomes:
            if outcome.failed:
                errors = [(error.field, str(error.message)) for error in outcome.errors]
                self._file.write(json.dumps((outcome.number, outcome.key, errors)) + "\n")
                self._count += 1

    def __iter__(self) -> Iterator[RecordOutcome]:
        """All of them, from the first; add none meanwhile."""
        self._file.seek(0)
        for line in self._file:
            number, key, errors = json.loads(line)
            yield RecordOutcome(key, number, errors=[FieldError(*error) for error in errors])
