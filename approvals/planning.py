"""What a change would do: normalise, compare, split into direct and governed.

Planning reads and never writes. The same plan is shown as a preview and, made
again under a lock, carried out by `approvals.writing`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from . import batch, values
from .batch import OpenChange, Record, Rules
from .models import Behavior, Kind, Origin, State
from .models.permissions import may_administer, may_edit_record
from .outcomes import Change, FieldChange, FieldError, RecordOutcome, Refused, Source
from .registry import HELD, Governed
from .workflow import facts, routing


@dataclass(slots=True)
class Plan:
    """What one change comes to. Values are by field name.

    wanted: what differs from what is stored; all of what is meant for a new record.
    record: as it is stored, or will be created. direct: to be written at once.
    unapproved: governed, written at once by an import that may. proposed: new proposed
    changes. replaced: open proposed changes that get another value. superseded: open
    proposed changes that a direct value takes the place of.
    """

    change: Change
    outcome: RecordOutcome
    wanted: dict[str, Any] = field(default_factory=dict)
    record: Record | None = None
    direct: dict[str, Any] = field(default_factory=dict)
    unapproved: dict[str, Any] = field(default_factory=dict)
    proposed: dict[str, Any] = field(default_factory=dict)
    replaced: dict[str, Any] = field(default_factory=dict)
    superseded: list[OpenChange] = field(default_factory=list)
    route: routing.Route | None = None

    @property
    def ok(self) -> bool:
        """Whether the plan may be carried out."""
        return not self.outcome.failed

    def fail(self, field_name: str, message: str):
        """Note why this change cannot be taken."""
        self.outcome.errors.append(FieldError(field_name, message))

    def warn(self, field_name: str, message: str):
        """Note what a person should look at though the change is taken."""
        self.outcome.warnings.append(FieldError(field_name, message))

    @property
    def written(self) -> dict[str, Any]:
        """Everything that is written to the record at once."""
        return {**self.direct, **self.unapproved}

    @property
    def kind(self) -> Kind:
        """What a proposal of this is about: the release of a new record, or not."""
        return Kind.NEW if HELD in {**self.proposed, **self.unapproved} else Kind.CHANGE

    @property
    def waiting_for_approval(self) -> dict[str, Any]:
        """Everything that this change proposes."""
        return {**self.proposed, **self.replaced}


def read(governed: Governed, plans: list[Plan], records: dict[str, Record]) -> list[tuple]:
    """Find the records that plans are about, and what is to change in them.

    records: those that exist, by folded key. Returns the (field name, value) pairs that
    are wanted.
    """
    _find_records(governed, plans, records)
    for plan in plans:
        if plan.ok:
            plan.wanted = _differences(governed, plan)
    return [pair for plan in plans for pair in plan.wanted.items()]


def place(
    governed: Governed, plans: list[Plan], missing: set, rules: Rules, *, by, source: Source
) -> None:
    """Split what plans want into direct and governed, and check it.

    missing: as `batch.missing_references` gives.
    """
    limited = source.origin != Origin.IMPORT and not may_edit_record(governed.model, by)
    for plan in plans:
        if plan.record is None:
            continue
        fail_missing(governed, plan, plan.wanted, missing)
        if limited:
            _limit_to_own_imports(plan, plan.wanted, by)
        _place(plan, rules, by, source)
        if plan.record.held and source.origin != Origin.IMPORT and not limited:
            _release(governed, plan, rules)
        if plan.ok:
            _check_rules(governed, plan, rules)


def clean_values(governed: Governed, raw: dict) -> tuple[dict[str, Any], list[FieldError]]:
    """Normalise values by field name; return the good ones and what is wrong with the others."""
    good, errors = {}, []
    for name, value in raw.items():
        if name not in governed.fields:
            errors.append(FieldError(name, _("There is no such field, or it cannot be changed.")))
            continue
        try:
            good[name] = values.normalise(governed.fields[name], value)
        except ValidationError as error:
            errors.extend(FieldError(name, message) for message in error.messages)
    return good, errors


def broken_rules(governed: Governed, record_values: dict, touched: Iterable[str]) -> list:
    """The rules across fields that `record_values` break and that read a touched field."""
    touched = set(touched)
    return [rule for rule in governed.rules(record_values) if touched.intersection(rule.fields)]


def unfit(governed: Governed, record_values: dict) -> list[FieldError]:
    """Why a record with these values is not ready for use: what it lacks, which rules it breaks."""
    empty = [
        FieldError(name, _("This field is required."))
        for name, f in governed.fields.items()
        if not f.blank and record_values[name] in (None, "")
    ]
    broken = governed.rules(record_values)
    return empty + [FieldError(rule.fields[0], rule.message) for rule in broken]


def missing_message(governed: Governed, name: str, code) -> str:
    """Why a code cannot be taken: it does not exist, is no longer offered, or is held."""
    target = governed.fields[name].related_model
    if target is governed.model:
        text = _("“%(code)s” is not in the list of %(table)s, or is held until approved.")
    else:
        text = _("“%(code)s” is not in the list of %(table)s.")
    return text % {"table": target._meta.verbose_name_plural, "code": code}


def not_choosable(governed: Governed, key: str, wanted: dict, missing: set) -> list[tuple]:
    """Those (field name, code) pairs of a record's `wanted` values that cannot be chosen.

    missing: as `batch.missing_references` gives. A record may always refer to itself.
    """
    found = [pair for pair in wanted.items() if pair in missing] if missing else ()
    own = governed.own_references
    return [(name, code) for name, code in found if not (name in own and code == key)]


def new_plan(change: Change) -> Plan:
    """A plan for `change` that comes to nothing yet."""
    key = change.key.strip() if isinstance(change.key, str) else str(change.key)
    return Plan(change, RecordOutcome(key=key, number=change.number))


def _find_records(governed, plans, records):
    seen = set()
    for plan in plans:
        key = plan.outcome.key
        record = records.get(values.fold_key(key))
        if record is None or record.key != key:
            plan.fail(governed.key, _unknown_key(governed, key, record))
        elif record.id in seen:
            plan.fail("", _("“%(key)s” stands here more than once.") % {"key": key})
        elif plan.change.seen is not None and plan.change.seen != record.version:
            plan.outcome.stale = True
        if record is not None:
            seen.add(record.id)
            plan.outcome.record_id = record.id
        if plan.ok:
            plan.record = record


def _unknown_key(governed, key, record):
    label = governed.model._meta.verbose_name
    if record is None:
        return _("There is no %(label)s “%(key)s”.") % {"label": label, "key": key}
    return _("“%(key)s” differs only in case from “%(other)s”.") % {"key": key, "other": record.key}


def _differences(governed, plan) -> dict[str, Any]:
    """The normalised values that differ from what is stored."""
    stored, raw = plan.record.values, dict(plan.change.values)
    if plan.record.held:
        # What it still lacks may stay empty, also where it is required.
        empty = {name for name, value in stored.items() if value in (None, "")}
        raw = {n: v for n, v in raw.items() if v not in (None, "") or n not in empty}
    good, errors = clean_values(governed, raw)
    plan.outcome.errors.extend(errors)
    return {name: value for name, value in good.items() if values.differs(value, stored[name])}


def fail_missing(governed: Governed, plan: Plan, wanted: dict, missing: set) -> None:
    """Note which of the `wanted` values refer to what cannot be chosen."""
    for name, code in not_choosable(governed, plan.outcome.key, wanted, missing):
        plan.fail(name, missing_message(governed, name, code))


def _limit_to_own_imports(plan, wanted, person):
    for name in wanted:
        if not _own_import(plan.record.open.get(name), person):
            plan.fail(name, _("You may only change what you imported yourself."))


def _place(plan, rules: Rules, by, source: Source):
    """Split what differs into direct and governed, for a person or for an import."""
    for name, new in plan.wanted.items():
        waiting = plan.record.open.get(name)
        if source.origin == Origin.IMPORT:
            _place_imported(plan, name, new, waiting, name in rules.fields, source.behavior)
        else:
            _place_edited(plan, name, new, waiting, name in rules.fields, by)


def _own_import(waiting: OpenChange | None, person) -> bool:
    imported = waiting and waiting.import_job_id and waiting.proposal_by == person.pk
    return bool(imported and waiting.proposed_by == person.pk)


def _place_edited(plan, name, new, waiting, governed_now, by):
    pending = waiting is not None and waiting.state == State.PENDING
    if waiting and waiting.value == new and (governed_now or pending):
        plan.outcome.waiting.append(FieldChange(name, plan.record.values[name], new))
    elif pending:
        plan.fail(name, _pending_message(waiting, by))
    elif governed_now and waiting:
        plan.replaced[name] = new
    elif governed_now:
        plan.proposed[name] = new
    else:
        plan.direct[name] = new
        if waiting:
            plan.superseded.append(waiting)


def _place_imported(plan, name, new, waiting, governed_now, behavior):
    same = waiting is not None and waiting.value == new
    if governed_now and behavior == Behavior.ALLOW:
        plan.unapproved[name] = new
    elif governed_now and behavior == Behavior.REJECT and not (same and plan.record.held):
        # What the import of a new record has proposed itself counts as done the next time.
        plan.fail(name, _("This field needs approval, and imports may not change it."))
    elif same:
        plan.outcome.waiting.append(FieldChange(name, plan.record.values[name], new))
        plan.outcome.notes.append(
            _("Already proposed in proposal %(id)s.") % {"id": waiting.proposal_id}
        )
    elif waiting:
        plan.fail(name, _open_message(waiting))
    elif governed_now:
        plan.proposed[name] = new
    else:
        plan.direct[name] = new


def _release(governed, plan, rules: Rules):
    """Whoever saves a held record proposes its release, where nobody does any more.

    So a new record whose proposal was discarded or terminated is not lost; with no open
    changes of its own, a mere Save does it. Whether new records still need approval makes
    no difference. While approvals are off nobody would approve: then the save itself
    releases the record, once it is complete and unless its release is pending.
    """
    waiting = plan.record.open.get(HELD)
    if rules.enabled:
        if waiting is None:
            plan.proposed[HELD] = False
    elif waiting is None or waiting.state != State.PENDING:
        _release_directly(governed, plan, waiting)


def _release_directly(governed, plan, waiting):
    lacking = unfit(governed, {**plan.record.values, **plan.written})
    for error in lacking:
        label = governed.fields[error.field].verbose_name
        details = {"field": label, "reason": error.message}
        plan.warn(error.field, _("Still held: %(field)s: %(reason)s") % details)
    if not lacking:
        plan.direct[HELD] = False
        plan.superseded += [waiting] if waiting else []


def _pending_message(waiting: OpenChange, by) -> str:
    details = {"who": waiting.submitted_by, "when": values.moment(waiting.submitted_at)}
    if waiting.submitted_by_id == by.pk or may_administer(by):
        text = _(
            "Recall it first: another value is pending approval, submitted by %(who)s on %(when)s"
        )
    else:
        text = _(
            "Ask %(who)s or an administrator to recall it first: another value is pending "
            "approval, submitted by %(who)s on %(when)s"
        )
    return text % details


def _open_message(waiting: OpenChange) -> str:
    return _("Proposal %(id)s is open with another value for this field.") % {
        "id": waiting.proposal_id
    }


def _check_rules(governed, plan, rules: Rules):
    """Rules across fields: what is proposed must hold; what waits for its half may only warn."""
    stored, proposed = plan.record.values, plan.waiting_for_approval
    open_values = {name: change.value for name, change in plan.record.open.items()}
    touched = {**plan.written, **proposed}
    broken = broken_rules(governed, {**stored, **open_values, **touched}, touched)
    decisive = {**proposed, **plan.unapproved}
    for rule in broken:
        if decisive.keys() & set(rule.fields) or not rules.fields & set(rule.fields):
            plan.fail(_first_touched(rule, touched), rule.message)
        else:
            plan.warn(_first_touched(rule, touched), rule.message)
    for rule in broken_rules(governed, {**stored, **plan.written}, plan.direct):
        if rule not in broken:
            plan.warn(_first_touched(rule, plan.direct), rule.message)


def _first_touched(rule, touched):
    return next(name for name in rule.fields if name in touched)


def route(governed: Governed, *groups: list[Plan], by, source: Source) -> None:
    """Imports submit what they propose: find who would decide, or fail the row.

    groups: plans that are of one kind each.
    """
    groups = [[plan for plan in plans if plan.ok and plan.proposed] for plans in groups]
    if not any(groups):
        return
    router = routing.Router(batch.content_type(governed), known=source.known.get("router"))
    source.known["router"] = router
    for proposing in filter(None, groups):
        _route(governed, proposing, router, by, source)


def _route(governed, proposing, router, by, source):
    if not router.looks_at_changes:
        _set_route(proposing, router, _facts(governed, proposing[0], by, frozenset(), source))
        return
    groups = facts.groups_of({by.pk}).get(by.pk, frozenset())
    for plan in proposing:
        _set_route([plan], router, _facts(governed, plan, by, groups, source))


def _set_route(plans, router, known):
    """Find the route that plans have in common. known: the facts of one of them."""
    try:
        found = router.first(known)
    except Refused as refused:
        for plan in plans:
            plan.fail("", str(refused))
        return
    for plan in plans:
        plan.route = found
        if found.rule:
            plan.outcome.notes.append(found.rule.announcement)


def _facts(governed, plan, by, groups, source):
    stored, kind = plan.record.values, plan.kind
    changes = {name: (stored[name], new) for name, new in plan.proposed.items()}
    return facts.Facts(
        governed=governed,
        changes=changes,
        record=facts.known_values(kind, {**stored, **plan.written}, changes),
        origin=source.origin,
        originator=by.pk,
        groups=groups,
        contributors=frozenset({by.pk}),
        kind=kind,
    )


def tell(plans: list[Plan]) -> None:
    """Say in their outcomes what plans come to."""
    for plan in plans:
        if plan.ok:
            _tell(plan)


def _tell(plan):
    stored, outcome = plan.record.values, plan.outcome
    outcome.direct += [FieldChange(name, stored[name], new) for name, new in plan.written.items()]
    outcome.proposed += [
        FieldChange(name, stored[name], new) for name, new in plan.waiting_for_approval.items()
    ]
    outcome.proposals |= {plan.record.open[name].proposal_id for name in plan.replaced}
    if plan.superseded:
        outcome.notes.append(_("The proposed value was discarded: the field was saved directly."))
