"""What an approval lacks of what its workflow asks for.

Conditions are judged by what judges them when somebody submits. In which groups he was is not
known any more: where they look at that, an approval has the benefit of the doubt.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .. import values
from ..models import AutomaticDecision, Kind, Operator, Subject, WorkflowVersion
from ..outcomes import Refused
from ..registry import HELD
from ..workflow import conditions, routing
from ..workflow.facts import Facts, known_values

# What keeps a condition from being judged: a field that is gone, a value that is not known.
UNKNOWN = (ArithmeticError, LookupError, Refused, TypeError, ValueError)


def versions(using="default") -> dict[int, WorkflowVersion]:
    """Every version of a workflow, by id, with all that conditions need of it."""
    rows = routing.with_conditions(WorkflowVersion.objects.using(using))
    return rows.prefetch_related("steps__conditions").in_bulk()


def lacks(governed, version: WorkflowVersion, approved) -> Iterator[str]:
    """What speaks against an approval, in words; approved: an `approved.Round`."""
    changes, odd = _decoded(governed, approved.changes)
    for name in odd:
        yield _("with a value that %(field)s cannot have") % {"field": name}
    facts = _facts(governed, version, approved, changes)
    if not _may(_holds, version, facts):
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
    live = {n: (approved.record[n],) for n in _looked_at(version) & approved.record.keys()}
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


def _looked_at(version) -> set[str]:
    """The fields that its conditions name."""
    if "looked_at" not in version.__dict__:
        owners = version, *version.steps.all(), *version.automatic_actions.all()
        version.looked_at = {row.field for owner in owners for row in owner.conditions.all()}
    return version.looked_at


def _of_rules_passed_over(version, facts):
    for rule in version.automatic_actions.all():
        if _must(conditions.decides, rule, facts):
            yield _("though the rule “%(rule)s” decides it") % {"rule": rule.name}


def _by_rule(version, facts, name) -> bool:
    """Whether the first rule that decides may be one of this name, which approves."""
    for rule in version.automatic_actions.all():
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
    for step in version.steps.all():
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
    rows = (row for row in owner.conditions.all() if row.subject == Subject.ORIGINATOR_GROUP)
    groups = frozenset(row.group_id for row in rows if row.operator == operator)
    try:
        return judge(owner, replace(facts, groups=groups) if groups else facts)
    except UNKNOWN:
        return unknown
