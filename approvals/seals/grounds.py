"""What an approval lacks of what its workflow asks for.

Conditions are judged by what judges them when somebody submits. In which groups he was is not
known any more: where they look at that, an approval has the benefit of the doubt.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .. import values
from ..models import (
    AutomaticAction,
    AutomaticDecision,
    Kind,
    Operator,
    Subject,
    WorkflowStep,
    WorkflowVersion,
)
from ..outcomes import Refused
from ..registry import HELD
from ..workflow import conditions, routing
from ..workflow.facts import Facts, known_values

# What keeps a condition from being judged: a field that is gone, a value that is not known.
UNKNOWN = (ArithmeticError, LookupError, Refused, TypeError, ValueError)


class Version(NamedTuple):
    """A version of a workflow, its steps and rules; the fields that their conditions name."""

    covers: WorkflowVersion
    steps: list[WorkflowStep]
    rules: list[AutomaticAction]
    names: set[str]


def versions(using="default") -> dict[int, Version]:
    """Every version of a workflow, by id, with all that conditions need of it."""
    rows = routing.with_conditions(WorkflowVersion.objects.using(using))
    return {row.pk: _version(row) for row in rows.prefetch_related("steps__conditions")}


def _version(row):
    steps, rules = list(row.steps.all()), list(row.automatic_actions.all())
    owners = [row, *steps, *rules]
    names = {condition.field for owner in owners for condition in owner.conditions.all()}
    return Version(row, steps, rules, names)


def lacks(governed, version: Version, approved) -> Iterator[str]:
    """What speaks against an approval, in words; approved: an `approved.Round`."""
    changes, odd = _decoded(governed, approved.changes)
    for name in odd:
        yield _("with a value that %(field)s cannot have") % {"field": name}
    facts = _facts(governed, version, approved, changes)
    if not _may(_holds, version.covers, facts):
        yield _("though the condition of its workflow does not hold")
    if approved.rule is None:
        yield from _of_rules_passed_over(version, facts)
        yield from _of_people(approved)
        yield from _of_steps(version, facts, approved)
    elif not _by_rule(version, facts, approved.rule):
        yield _("though the rule “%(rule)s” does not approve it") % {"rule": approved.rule}


def _decoded(governed, changes) -> tuple[dict, list[str]]:
    """Changes as conditions see them, of fields that there are; the names of those that are odd."""
    found, odd, fields = {}, [], governed.proposable
    for name in changes.keys() & fields.keys():
        try:
            found[name] = tuple(values.decode(fields[name], text) for text in changes[name])
        except (ArithmeticError, TypeError, ValueError, ValidationError):
            odd.append(name)
    return found, sorted(odd)


def _facts(governed, version, approved, changes):
    kind = Kind.NEW if HELD in approved.changes else Kind.CHANGE
    live = {n: (approved.record[n],) for n in version.names & approved.record.keys()}
    known = {name: value for name, (value,) in _decoded(governed, live)[0].items()}
    return Facts(
        governed=governed,
        changes=changes,
        record=known_values(kind, known, changes),
        origin=approved.submitted.origin,
        originator=approved.submitted.actor,
        groups=frozenset(),
        contributors=approved.contributors,
        kind=kind,
    )


def _of_rules_passed_over(version, facts):
    for rule in version.rules:
        if _must(conditions.decides, rule, facts):
            yield _("though the rule “%(rule)s” decides it") % {"rule": rule.name}


def _by_rule(version, facts, name) -> bool:
    """Whether the first rule that decides may be one of this name, which approves."""
    for rule in version.rules:
        approves = rule.decision == AutomaticDecision.APPROVE
        if approves and rule.name == name and _may(conditions.decides, rule, facts):
            return True
        if _must(conditions.decides, rule, facts):
            return False
    return False


def _of_people(approved):
    people = {pk for vote in approved.votes for pk in (vote.actor, vote.on_behalf_of)}
    for person in sorted(people & approved.contributors - {None}, key=repr):
        yield _("though person %(person)s contributed to it") % {"person": person}


def _of_steps(version, facts, approved):
    """Each step was approved by somebody, or passed over since its condition did not hold."""
    voted = [vote.step for vote in approved.votes if vote.actor]
    if not voted:
        yield _("though nobody approved it")
    for step in version.steps:
        if step.pk in voted:
            if step.pk not in approved.completed and step.pk != voted[-1]:
                yield _("though the step “%(step)s” was not completed") % {"step": step.name}
        elif step.pk not in approved.skipped:
            yield _("though nobody approved the step “%(step)s”") % {"step": step.name}
        elif _must(_holds, step, facts):
            yield _("though the step “%(step)s”, which was skipped, applies") % {"step": step.name}


def _holds(owner, facts) -> bool:
    return conditions.evaluate(owner, facts).holds


def _may(judge, owner, facts) -> bool:
    """Whether it is so for one group or another that the originator may have been in."""
    return _judged(judge, owner, facts, Operator.IS, unknown=True)


def _must(judge, owner, facts) -> bool:
    """Whether it is so whichever groups he was in."""
    return _judged(judge, owner, facts, Operator.IS_NOT, unknown=False)


def _judged(judge: Callable, owner, facts, operator, unknown) -> bool:
    groups = _groups(owner).get(operator)
    try:
        return judge(owner, replace(facts, groups=groups) if groups else facts)
    except UNKNOWN:
        return unknown


def _groups(owner) -> dict[str, set]:
    """The groups of the originator that its rows name, by how they compare; read once."""
    if "groups_named" not in owner.__dict__:
        owner.groups_named = defaultdict(set)
        for row in owner.conditions.all():
            if row.subject == Subject.ORIGINATOR_GROUP:
                owner.groups_named[row.operator].add(row.group_id)
    return owner.groups_named
