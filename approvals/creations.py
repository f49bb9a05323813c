"""What creating records would do: check the values as they are meant, and see what waits."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from . import batch, planning, values
from .batch import Record, Rules
from .models import Behavior, Origin
from .outcomes import FieldChange, Source
from .planning import Plan
from .registry import HELD, Governed


def read(governed: Governed, plans: list[Plan], records, rules: Rules, source: Source) -> list:
    """See that the keys are new, and what the records are meant to be.

    records: those that exist, by folded key. Returns the (field name, value) pairs that
    are wanted.
    """
    if not plans:
        return []
    taken, initial = {folded: record.key for folded, record in records.items()}, governed.initial
    for plan in plans:
        _check_new_key(governed, plan, taken)
        plan.wanted = _initial_values(governed, plan, initial)
    stand_ins = _defaults(governed, rules) if _holds(rules, source) else {}
    return [*(pair for p in plans if p.ok for pair in p.wanted.items()), *stand_ins.items()]


def place(
    governed: Governed, plans: list[Plan], missing: set, rules: Rules, source: Source
) -> set[str]:
    """Check new records, and split what they are meant to be into what is stored and what waits.

    missing: as `batch.missing_references` gives. Returns the keys of those that others may
    refer to as soon as they are there.
    """
    held = _holds(rules, source)
    if held:
        _check_held(governed, plans, missing, rules)
    else:
        _check_usable(governed, plans, missing, source)
    for plan in plans:
        if plan.ok:
            _place(plan, governed, rules, held)
    return set() if held else {plan.outcome.key for plan in plans if plan.ok}


def _holds(rules: Rules, source) -> bool:
    """Whether new records are held: Allow changes without approval means new ones as well."""
    allowed = source.origin == Origin.IMPORT and source.behavior == Behavior.ALLOW
    return rules.approve_new and not allowed


def _check_new_key(governed, plan, taken):
    try:
        key = values.normalise(governed.key_field, plan.outcome.key)
    except ValidationError as error:
        for message in error.messages:
            plan.fail(governed.key, message)
        return
    folded = values.fold_key(key)
    if folded in taken:
        plan.fail(governed.key, _("“%(key)s” exists already.") % {"key": taken[folded]})
    taken[folded] = plan.outcome.key = key


def _initial_values(governed, plan, initial) -> dict[str, Any]:
    lacking = {name: "" for name in governed.required if name not in plan.change.values}
    good, errors = planning.clean_values(governed, {**lacking, **plan.change.values})
    plan.outcome.errors.extend(errors)
    return {**initial, **good}


def _check_usable(governed, plans, missing, source):
    """Check new records that others may refer to as soon as they are there."""
    places = {p.outcome.key: place for place, p in enumerate(plans) if p.ok}
    missing = batch.but_for(governed, missing, {*places, *source.planned})
    for place, plan in enumerate(plans):
        planning.fail_missing(governed, plan, plan.wanted, missing)
        _check_order(governed, plan, place, places)
        _check_rules(governed, plan)
        if not plan.ok and places.get(plan.outcome.key) == place:
            places[plan.outcome.key] = len(plans)  # nothing may refer to what is not created


def _check_held(governed, plans, missing, rules):
    """Check new records that nobody may refer to before they are approved."""
    stand_ins = _defaults(governed, rules)
    for plan in plans:
        planning.fail_missing(governed, plan, plan.wanted, missing)
        planning.fail_missing(governed, plan, stand_ins, missing)
        _check_rules(governed, plan)


def _check_order(governed, plan, place, places):
    """A new record may refer to itself or to one that stands earlier in the batch."""
    for name, value in plan.wanted.items():
        f = governed.fields[name]
        if not isinstance(f, models.ForeignKey) or f.related_model is not governed.model:
            continue
        if places.get(value, place) > place:
            plan.fail(name, planning.missing_message(governed, name, value))


def _check_rules(governed, plan):
    for rule in governed.rules(plan.wanted) if plan.ok else ():
        plan.fail(rule.fields[0], rule.message)


def _defaults(governed, rules) -> dict[str, Any]:
    """What stands in a governed field until its value is approved."""
    return {name: f.get_default() for name, f in governed.fields.items() if name in rules.fields}


def _place(plan, governed, rules, held):
    """Leave the direct fields to be stored; the governed ones, and the release, wait.

    Where an import may do without approval, they are stored with the rest, and on record
    as what nobody approved.
    """
    meant, waiting = plan.wanted, {}
    plan.direct = meant
    if rules.approve_new:
        instead = _defaults(governed, rules)
        waiting = {name: meant[name] for name, value in instead.items() if meant[name] != value}
        plan.direct = {name: value for name, value in meant.items() if name not in instead}
        waiting[HELD], meant = False, {**meant, **instead, HELD: True}
    plan.record = Record(0, plan.outcome.key, 1, {HELD: False, **meant})
    if held:
        plan.proposed = waiting
    else:
        plan.unapproved = waiting


def tell(plans: list[Plan]) -> None:
    """Say in their outcomes what plans come to."""
    for plan in plans:
        if plan.ok:
            _tell(plan)


def _tell(plan):
    outcome, stored = plan.outcome, plan.record.values
    outcome.created, outcome.held = True, HELD in plan.proposed
    outcome.direct += [
        FieldChange(name, None, plan.written[name])
        for name in plan.change.values
        if plan.written.get(name) not in (None, "")
    ]
    outcome.proposed += [FieldChange(n, stored[n], new) for n, new in plan.proposed.items()]
    if outcome.held:
        outcome.notes.append(_("Held, not for use, until it is approved."))
