"""What the door needs to know of many records, read in a few queries.

The order of locks is the same everywhere: the parameters, records by primary key,
proposals. Whoever holds a record's lock holds everything that is proposed for it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import F, Value

from . import values
from .models import EDITABLE, ApprovalParameters, Behavior, FieldEnablement, ProposedChange, State
from .registry import HELD, Governed


@dataclass(frozen=True)
class Rules:
    """What is in force: approvals on or off, what imports may do, the governed fields.

    approve_new: whether a new record is held until somebody approves it.
    """

    enabled: bool
    behavior: Behavior
    fields: frozenset[str]
    approve_new: bool = False

    @property
    def fingerprint(self) -> str:
        """A text that differs whenever the rules differ."""
        fields = " ".join(sorted(self.fields))
        return f"{self.enabled:d} {self.behavior} {self.approve_new:d} {fields}"


def read_rules(governed: Governed, *, hold=False) -> Rules:
    """Read the parameters and the enabled fields of a model; no field is governed while off.

    hold: let nobody change them before the end of the transaction.
    """
    rows = _read_rules(governed, hold) or [(False, Behavior.REJECT, False, None)]
    enabled, behavior, approve_new, _field = rows[0]
    if not enabled:
        return Rules(False, Behavior(behavior), frozenset())
    fields = governed.fields.keys() & {field for *_parameters, field in rows}
    return Rules(True, Behavior(behavior), frozenset(fields), bool(approve_new))


def _read_rules(governed, hold) -> list[tuple]:
    """The parameters, once for each enabled field of the model."""
    parameters, fields = ApprovalParameters._meta.db_table, FieldEnablement._meta.db_table
    sql = (
        "SELECT p.enabled, p.entity_behavior, p.approve_new_records, f.field "  # noqa: S608
        f"FROM {parameters} p LEFT JOIN {fields} f ON f.content_type_id = %s AND f.enabled"
    )
    with connection.cursor() as cursor:
        # On SQLite whoever writes is alone.
        if hold and connection.vendor == "postgresql":
            # Shared: only `set_parameters`, which locks the row for itself, has to wait. By
            # itself: what a statement joins to a row that it waited for is of before the wait.
            cursor.execute(f"SELECT 1 FROM {parameters} FOR SHARE")  # noqa: S608
        cursor.execute(sql, [content_type(governed).pk])
        return cursor.fetchall()


def content_type(governed: Governed) -> ContentType:
    """The content type of a governed model (cached by Django)."""
    return ContentType.objects.get_for_model(governed.model)


@dataclass(slots=True)
class OpenChange:
    """A proposed change that is neither applied nor discarded, with its proposal's state."""

    id: int
    field: str
    value: Any
    proposal_id: int
    state: str
    proposal_revision: int
    import_job_id: int | None
    proposal_by: int
    proposed_by: int
    submitted_by_id: int | None
    submitted_at: datetime | None
    submitted_by: str


@dataclass(slots=True)
class Record:
    """A stored record: its values by field name, and its open changes by field name."""

    id: int
    key: str
    revision: int
    values: dict[str, Any]
    open: dict[str, OpenChange] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """A token that changes whenever the record or what is proposed for it changes."""
        proposals = {(c.proposal_id, c.proposal_revision) for c in self.open.values()}
        return f"{self.revision}" + "".join(f" {p}.{r}" for p, r in sorted(proposals))

    @property
    def draft_id(self) -> int | None:
        """The not submitted proposal, if there is one."""
        drafts = (c.proposal_id for c in self.open.values() if c.state == State.NOT_SUBMITTED)
        return next(drafts, None)

    @property
    def held(self) -> bool:
        """Whether it is a new record that nobody has approved yet."""
        return self.values[HELD]

    @property
    def editable_id(self) -> int | None:
        """The proposal that takes what a person proposes next, if there is one.

        That of a held record's release while it may be edited, also where it came back:
        so that a new customer is completed and decided as a whole. Else the not
        submitted one.
        """
        release = self.open.get(HELD)
        if release and release.state in EDITABLE:
            return release.proposal_id
        return self.draft_id


def load_by_keys(governed: Governed, keys: Iterable[str], *, lock: bool) -> dict[str, Record]:
    """Read the records with these business keys, by folded key."""
    folded = {values.fold_key(key) for key in keys}
    records = _load(governed, lock, folded_key__among=folded)
    return {values.fold_key(record.key): record for record in records}


def load_by_ids(governed: Governed, ids: Iterable[int], *, lock: bool) -> dict[int, Record]:
    """Read the records with these primary keys, by primary key."""
    return {record.id: record for record in _load(governed, lock, pk__in=set(ids))}


def hold(governed: Governed, keys: Iterable[str]) -> None:
    """Lock the records with these business keys to the end of the transaction.

    For whoever will load them a part at a time: taken part by part, the locks of one part
    would come after those of another, and he and somebody else could wait for each other.
    """
    folded = {values.fold_key(key) for key in keys}
    records = governed.model._base_manager.filter(folded_key__among=folded).order_by("pk")
    for _pk in records.select_for_update(no_key=True).values_list("pk").iterator():
        pass


def _load(governed, lock, **where) -> list[Record]:
    queryset = governed.model._base_manager.filter(**where).order_by("pk")
    # No lock on the key: other records may refer to these meanwhile.
    queryset = queryset.select_for_update(no_key=True) if lock else queryset
    names = list(governed.proposable)
    attnames = [governed.proposable[name].attname for name in names]
    rows = queryset.values_list("pk", governed.key, "revision", *attnames)
    records = [Record(*row[:3], dict(zip(names, row[3:], strict=True))) for row in rows]
    _attach_open_changes(governed, {record.id: record for record in records})
    return records


# The record, then the columns of OpenChange in their order.
OPEN_CHANGE_COLUMNS = (
    "object_id",
    "id",
    "field",
    "value",
    "proposal_id",
    "proposal__state",
    "proposal__revision",
    "proposal__import_job_id",
    "proposal__created_by_id",
    "proposed_by_id",
    "proposal__submitted_by_id",
    "proposal__submitted_at",
    "proposal__submitted_by__first_name",
    "proposal__submitted_by__last_name",
    "proposal__submitted_by__username",
)


def _attach_open_changes(governed, records):
    if not records:
        return
    rows = ProposedChange.objects.filter(
        content_type=content_type(governed), object_id__among=records, outcome=""
    ).values_list(*OPEN_CHANGE_COLUMNS)
    for object_id, pk, name, text, *rest, first, last, username in rows:
        value = values.decode(governed.proposable[name], text)
        submitter = get_user_model()(first_name=first, last_name=last, username=username)
        who = values.person_name(submitter) if username else ""
        records[object_id].open[name] = OpenChange(pk, name, value, *rest, who)


def missing_references(governed: Governed, wanted: Iterable[tuple[str, Any]]) -> set:
    """Return those (field name, code) pairs of `wanted` whose target cannot be chosen.

    It does not exist, is no longer offered, or is held until approved. One query for
    all targets whose codes are of one type.
    """
    targets = {
        name: (f.related_model, f.target_field.attname) for name, f in governed.references.items()
    }
    pairs = {(name, code) for name, code in wanted if name in targets and code is not None}
    codes = defaultdict(set)
    for name, code in pairs:
        codes[targets[name]].add(code)
    known = _choosable(codes)
    return {(name, code) for name, code in pairs if (targets[name], code) not in known}


def but_for(governed: Governed, missing: set, keys: Collection[str]) -> set:
    """Those pairs of `missing` that do not refer to records of the same model with these keys.

    keys: of records that this batch is creating.
    """
    own = governed.own_references
    return {(name, code) for name, code in missing if not (name in own and code in keys)}


def _choosable(codes) -> set[tuple]:
    """Those pairs of a target (model, attribute) and a code that can be chosen.

    codes: by target. One query for all targets whose codes are of one type.
    """
    places, queries = list(codes), defaultdict(list)
    for place, (model, attname) in enumerate(places):
        found = _offered(model).filter(**{f"{attname}__among": codes[model, attname]})
        kind = model._meta.get_field(attname).db_type(connection).partition("(")[0]
        found = found.order_by().annotate(target=Value(place), chosen=F(attname))
        queries[kind].append(found.values_list("target", "chosen"))
    return {
        (places[place], code)
        for first, *others in queries.values()
        for place, code in (first.union(*others, all=True) if others else first)
    }


def _offered(model):
    manager = model._default_manager
    return manager.choosable() if hasattr(manager, "choosable") else manager.all()
