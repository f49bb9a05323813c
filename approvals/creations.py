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


def plan_creations(governed: Governed, changes, *, by, source: Source, lock: bool) -> list[Plan]:
    """Plan a batch of new records; see `approvals.changes.create_records`."""
    plans = [planning.new_plan(change) for change in changes]
    rules = batch.read_rules(governed, hold=lock)
    source.require(rules)
    taken, initial = _taken_keys(governed, plans), governed.initial
    for plan in plans:
        _check_new_key(governed, plan, taken)
        plan.direct = _initial_values(governed, plan, initial)
    if _holds(rules, source):
        _check_held(governed, plans, rules)
    else:
        _check_usable(governed, plans, source)
    for plan in plans:
        if plan.ok:
            _place(governed, plan, rules, source)
    if source.origin == Origin.IMPORT:
        planning.route(governed, plans, by, source)
    for plan in plans:
        if plan.ok:
            _tell(plan)
    return plans


def _holds(rules: Rules, source) -> bool:
    """Whether new records are held: Allow changes without approval means new ones as well."""
    allowed = source.origin == Origin.IMPORT and source.behavior == Behavior.ALLOW
    return rules.approve_new and not allowed


def _taken_keys(governed, plans) -> dict[str, str]:
    folded = {values.fold_key(plan.outcome.key) for plan in plans}
    rows = governed.model._base_manager.filter(folded_key__among=folded)
    return dict(rows.values_list("folded_key", governed.key))


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


def _check_usable(governed, plans, source):
    """Check new records that others may refer to as soon as they are there."""
    places = {p.outcome.key: place for place, p in enumerate(plans) if p.ok}
    missing = _missing(governed, plans, also={*places, *source.planned})
    for place, plan in enumerate(plans):
        planning.fail_missing(governed, plan, plan.direct, missing)
        _check_order(governed, plan, place, places)
        _check_rules(governed, plan)
        if not plan.ok and places.get(plan.outcome.key) == place:
            places[plan.outcome.key] = len(plans)  # nothing may refer to what is not created


def _check_held(governed, plans, rules):
    """Check new records that nobody may refer to before they are approved."""
    stand_ins = _defaults(governed, rules)
    missing = _missing(governed, plans, further=stand_ins.items())
    for plan in plans:
        planning.fail_missing(governed, plan, plan.direct, missing)
        planning.fail_missing(governed, plan, stand_ins, missing)
        _check_rules(governed, plan)


def _missing(governed, plans, *, also=(), further=()):
    pairs = [pair for p in plans if p.ok for pair in p.direct.items()]
    return batch.missing_references(governed, [*pairs, *further], also=also)


def _check_order(governed, plan, place, places):
    """A new record may refer to itself or to one that stands earlier in the batch."""
    for name, value in plan.direct.items():
        f = governed.fields[name]
        if not isinstance(f, models.ForeignKey) or f.related_model is not governed.model:
            continue
        if places.get(value, place) > place:
            plan.fail(name, planning.missing_message(governed, name, value))


def _check_rules(governed, plan):
    for rule in governed.rules(plan.direct) if plan.ok else ():
        plan.fail(rule.fields[0], rule.message)


def _defaults(governed, rules) -> dict[str, Any]:
    """What stands in a governed field until its value is approved."""
    return {name: f.get_default() for name, f in governed.fields.items() if name in rules.fields}


def _place(governed, plan, rules, source):
    """Leave the direct fields to be stored; the governed ones, and the release, wait.

    Where an import may do without approval, they are stored with the rest, and on record
    as what nobody approved.
    """
    meant, waiting = plan.direct, {}
    if rules.approve_new:
        instead = _defaults(governed, rules)
        waiting = {name: meant[name] for name, value in instead.items() if meant[name] != value}
        plan.direct = {name: value for name, value in meant.items() if name not in instead}
        waiting[HELD], meant = False, {**meant, **instead, HELD: True}
    plan.record = Record(0, plan.outcome.key, 1, {HELD: False, **meant})
    if _holds(rules, source):
        plan.proposed = waiting
    else:
        plan.unapproved = waiting


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
