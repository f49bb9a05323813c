"""Faults about new customers, and about what conditions look at."""

from approvals import applying, checking, creations, planning, proposals
from approvals.workflow import conditions, facts

from .sowing import Fault

OF_NEWCOMERS = [
    Fault(
        "a rule approves what its rows say nothing about",
        conditions,
        "judge",
        "if name not in known",
        "if name == HELD and name not in known",
    ),
    Fault(
        "a rule for raises approves new customers",
        conditions,
        "judge",
        "if evaluation.names_kind",
        "if True",
    ),
    Fault(
        "a later step reads the customer as it is now",
        facts,
        "of_proposals",
        'records[proposal.pk].values | _kept(governed, seen.get("record", {}))',
        "records[proposal.pk].values",
    ),
    Fault(
        "a later step asks where the proposal was begun, not where it was submitted",
        facts,
        "of_proposals",
        'origin or seen.get("origin") or proposal.origin',
        "origin or proposal.origin",
    ),
    Fault(
        "conditions read a new customer's defaults",
        facts,
        "known_values",
        "if kind != Kind.NEW:",
        "if True:",
    ),
    Fault(
        "new customers are not held",
        creations,
        "_place",
        "{**meant, **instead, HELD: True}",
        "{**meant, **instead}",
    ),
    Fault(
        "a new customer has its governed values at once",
        creations,
        "_place",
        "{**meant, **instead, HELD: True}",
        "{**meant, HELD: True}",
    ),
    Fault(
        "every import makes new customers that are not held",
        creations,
        "_holds",
        "source.origin == Origin.IMPORT and source.behavior == Behavior.ALLOW",
        "source.origin == Origin.IMPORT",
    ),
    Fault(
        "saving a held customer releases it",
        planning,
        "_release",
        "if rules.enabled:",
        "if False:",
    ),
    Fault(
        "a new customer is released incomplete",
        checking,
        "broken",
        "if HELD in new:",
        "if False:",
    ),
    Fault(
        "the release can be discarded alone",
        proposals,
        "discard_change",
        "_require_release(change)",
        "pass",
    ),
    Fault(
        "a release that joins another proposal no longer counts",
        proposals,
        "_join",
        "recalled.kind = Kind.NEW",
        "pass",
    ),
    Fault(
        "a change of a held customer releases it",
        applying,
        "_plan",
        "writes[record.id] = (record, {**already, **new})",
        'writes[record.id] = (record, {**already, **new, "held": False})',
    ),
    Fault(
        "approval leaves a new customer held",
        applying,
        "_plan",
        "writes[record.id] = (record, {**already, **new})",
        'writes[record.id] = (record, {**already, **new, "held": record.values["held"]})',
    ),
]
