"""What goes into the door and what comes out of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .models import Behavior, ImportJob, Origin


class Refused(Exception):  # noqa: N818
    """An action that the rules do not allow now; its text tells a person why."""


class Change(NamedTuple):
    """What someone means to set on one record.

    key: the record's business key, such as the customer account.
    values: field name -> text or Python value; only fields that someone means to set.
    seen: `version_of` the record when the person saw it; None skips that check.
    number: the row's number in a file, if it has one.
    new: the record is to be created; a value that is absent takes its default.
    """

    key: str
    values: Mapping[str, Any]
    seen: str | None = None
    number: int | None = None
    new: bool = False


@dataclass(frozen=True, eq=False)
class Source:
    """Where changes come in. Imports name their job and the behavior in force.

    planned: keys that a dry run of the same import would have created by now, and not
    held; what is planned may refer to them. require: called with the rules in
    force, which nobody changes before the end of the transaction; it raises where they are
    not those that a person has confirmed. known: what the door has read for this source
    and never changes, for its next batch.
    """

    origin: Origin
    job: ImportJob | None = None
    behavior: Behavior | None = None
    planned: Collection[str] = ()
    require: Callable[[Any], None] = lambda rules: None
    known: dict = field(default_factory=dict, compare=False, repr=False)


BROWSER = Source(Origin.BROWSER)
ADMIN = Source(Origin.ADMIN)
CODE = Source(Origin.CODE)


class FieldChange(NamedTuple):
    """One field's step from `old` to `new`, both normalised Python values."""

    field: str
    old: Any
    new: Any


class FieldError(NamedTuple):
    """Why a value cannot be taken. field is "" where the reason is about the whole record."""

    field: str
    message: str


@dataclass(slots=True)
class RecordOutcome:
    """What the door did, or would do, with one `Change`.

    direct: saved at once. proposed: now stands on Proposed changes. waiting: already
    proposed with this very value. errors: then nothing of this record was done.
    warnings, notes: what a person should read though the change was taken.
    stale: somebody else has saved since `Change.seen`; nothing was done.
    held: created, but not for use until somebody approves it.
    """

    key: str
    number: int | None = None
    record_id: int | None = None
    created: bool = False
    held: bool = False
    stale: bool = False
    direct: list[FieldChange] = field(default_factory=list)
    proposed: list[FieldChange] = field(default_factory=list)
    waiting: list[FieldChange] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    warnings: list[FieldError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proposals: set[int] = field(default_factory=set)

    @property
    def failed(self) -> bool:
        """Whether nothing was done because something is wrong."""
        return self.stale or bool(self.errors)

    @property
    def status(self) -> str:
        """The first that fits: failed, created, proposed, updated, unchanged."""
        if self.failed:
            return "failed"
        if self.created:
            return "created"
        if self.proposed:
            return "proposed"
        return "updated" if self.direct else "unchanged"
