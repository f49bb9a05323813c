"""Rows of conditions, and facts for them to be about."""

from decimal import Decimal
from types import SimpleNamespace

from approvals import registry
from approvals.models import Match, Origin, StepCondition
from approvals.workflow import conditions
from approvals.workflow.facts import Facts
from customers.models import Customer

CUSTOMER = registry.get(Customer)


def row(subject="change", field="", operator="is", value="", **chosen):
    return StepCondition(subject=subject, field=field, operator=operator, value=value, **chosen)


def owner(*rows, match=Match.ALL):
    """Something with a condition, as a router has read it."""
    return SimpleNamespace(match=match, conditions=SimpleNamespace(all=lambda: rows))


def facts(*, record=None, governed=CUSTOMER, **more):
    """The facts of a proposal; record: current values, empty where nothing is said."""
    stored = dict.fromkeys(governed.fields) | (record or {})
    given = {
        "changes": {},
        "origin": Origin.BROWSER,
        "originator": 1,
        "groups": frozenset(),
        "contributors": frozenset({1}),
    }
    return Facts(governed=governed, record=stored, **(given | more))


def holds(known, *args, **kwargs):
    return conditions.evaluate(owner(row(*args, **kwargs)), known).holds


def changed(name, old, new):
    return facts(changes={name: (old, new)}, record={name: old})


def limit(old, new):
    """A change of the credit limit."""
    return changed("credit_limit", *(None if v is None else Decimal(v) for v in (old, new)))
