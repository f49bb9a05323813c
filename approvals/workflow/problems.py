"""What keeps a workflow version from being activated, and what it would be wise to know."""

from dataclasses import dataclass
from itertools import chain

from django.contrib.auth import get_user_model
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from .. import registry
from ..models import (
    Assignment,
    EscalationKind,
    EscalationLevel,
    Policy,
    ReportingLine,
    Subject,
    VersionState,
    WorkflowStep,
    WorkflowVersion,
)
from ..parameters import enabled_fields
from . import conditions, routing
from .condition_rows import text_of
from .texts import with_everything


@dataclass(frozen=True)
class Problem:
    """What has to be put right, in a sentence, and the version, step or action it is about."""

    text: str
    about: Model

    def __str__(self):
        return self.text


def problems(version: WorkflowVersion) -> list[Problem]:
    """Everything that keeps `version` from being activated."""
    version = _read(version)
    router = routing.Router(versions=[version.pk])
    steps = router.steps[version.pk]
    parts = [
        _of_version(version, steps),
        *(_of_action(action, version) for action in version.automatic_actions.all()),
        *(_of_step(step, version, router) for step in version.steps.all()),
    ]
    return list(chain.from_iterable(parts))


def deciders(version: WorkflowVersion) -> dict[WorkflowStep, list]:
    """The steps of `version` in order, each with the users and group members who could decide.

    For a step that the originator's managers decide nobody is named: that depends on him.
    """
    router = routing.Router(versions=[version.pk])
    ids = {step: _able(step, router) for step in router.steps[version.pk]}
    people = get_user_model().objects.in_bulk({pk for found in ids.values() for pk in found})
    return {step: [people[pk] for pk in found] for step, found in ids.items()}


def warnings(version: WorkflowVersion) -> list[Problem]:
    """What an administrator should know of `version` and of the workflows beside it."""
    version = _read(version)
    return [*_unreachable(version), *_without_managers(version), *_ungoverned(version)]


def _read(version):
    return with_everything(WorkflowVersion.objects.filter(pk=version.pk)).get()


def _able(step, router):
    if step.assignment == Assignment.MANAGERS:
        return []
    return [pk for pk, _group in router.named(step)]


def _of_version(version, steps):
    if not steps:
        yield Problem(_("There is no step. Add one and say who decides it."), version)
    yield from _of_rows(version, version, _("Activation condition"))
    if version.workflow.is_default and version.conditions.all():
        yield Problem(
            _(
                "Activation condition: this is the default workflow, which takes what no other "
                "one takes. Remove the condition, or make another workflow the default."
            ),
            version,
        )


def _of_action(action, version):
    name = _action_name(action)
    if not action.name.strip():
        yield Problem(_("%(what)s: give it a name.") % {"what": name}, action)
    if not action.conditions.all():
        yield Problem(
            _("%(what)s: it has no condition, so it would decide everything. Add a row.")
            % {"what": name},
            action,
        )
    yield from _of_rows(action, version, name)


def _of_step(step, version, router):
    name = _step_name(step)
    texts = chain(_basics(step, router), _time(step), _path(step, router))
    yield from (Problem(text % {"step": name}, step) for text in texts)
    yield from _of_rows(step, version, name)


def _of_rows(owner, version, name):
    governed = registry.for_content_type(version.workflow.content_type)
    for row in owner.conditions.all():
        for text in conditions.problems_of(row, governed):
            row_text = {"what": name, "row": text_of(row, governed), "why": text}
            yield Problem(_("%(what)s, “%(row)s”: %(why)s") % row_text, owner)


def _basics(step, router):
    if not step.name.strip():
        yield _("%(step)s: give it a name.")
    if step.policy not in Policy.values:
        yield _("%(step)s: choose a completion policy.")
    if step.policy == Policy.PERCENTAGE and not 1 <= (step.percentage or 0) <= 100:
        yield _("%(step)s: say which percentage of the approvers must approve, from 1 to 100.")
    if step.assignment not in Assignment.values:
        yield _("%(step)s: choose who is assigned.")
    if step.assignment == Assignment.PARTICIPANTS and not _able(step, router):
        yield _("%(step)s: nobody among its users and groups is active and may decide work items.")


def _time(step):
    if step.remind_after and not step.time_limit:
        yield _("%(step)s: it has a reminder but no time limit.")
    elif step.remind_after and step.remind_after >= step.time_limit:
        yield _("%(step)s: the reminder has to come before the time limit.")
    if step.escalation_levels.all() and not step.time_limit:
        yield _("%(step)s: it has an escalation path but no time limit.")


def _path(step, router):
    for number, level in enumerate(step.escalation_levels.all(), start=1):
        if fault := _fault(level, router):
            place = _("escalation level %(number)s") % {"number": number}
            yield f"%(step)s, {place}: {fault}"


def _fault(level: EscalationLevel, router) -> str:
    if level.kind == EscalationKind.USER:
        if not level.user_id:
            return _("choose the person.")
        if level.user_id not in router.deciders:
            return _("that person is not active or may not decide work items.")
    if level.kind == EscalationKind.GROUP:
        if not level.group_id:
            return _("choose the group.")
        if not any(level.group_id in groups for groups in router.deciders.values()):
            return _("nobody in that group is active and may decide work items.")
    return ""


def _unreachable(version):
    """Workflows that are never asked, since an earlier one takes everything, or the same."""
    order = list(_with_active_ones(version))
    yield from _the_same(version, order)
    covering = next((found for found in order if not found.conditions.all()), None)
    later = order[order.index(covering) + 1 :] if covering else []
    for never in later:
        if version in (covering, never):
            names = {"first": covering.workflow, "never": never.workflow}
            text = _(
                "“%(never)s” is never used: “%(first)s” stands before it and has no activation "
                "condition."
            )
            yield Problem(text % names, version)


def _the_same(version, order):
    """Workflows whose activation condition an earlier one has as well, row by row."""
    first = {}
    for later in order:
        meant = _meaning(later)
        earlier = first.setdefault(meant, later)
        if earlier != later and meant[1] and version in (earlier, later):
            text = _(
                "“%(never)s” is never used: “%(first)s” stands before it and has the same "
                "activation condition."
            )
            yield Problem(text % {"first": earlier.workflow, "never": later.workflow}, version)


def _meaning(version):
    rows = version.conditions.all()
    compared = ("subject", "field", "operator", "value", "person_id", "group_id")
    found = frozenset(tuple(getattr(row, name) for name in compared) for row in rows)
    return version.match if len(found) > 1 else "", found


def _with_active_ones(version):
    """The version, and the active ones of other workflows, in the order in which they are asked."""
    same_type = WorkflowVersion.objects.filter(
        workflow__content_type=version.workflow.content_type
    ).order_by(*routing.ORDER)
    others = Q(state=VersionState.ACTIVE) & ~Q(workflow=version.workflow)
    found = same_type.filter(Q(pk=version.pk) | others)
    return found.select_related("workflow").prefetch_related("conditions")


def _without_managers(version):
    by_managers = [s for s in version.steps.all() if s.assignment == Assignment.MANAGERS]
    if by_managers and not ReportingLine.objects.exists():
        text = _(
            "A step goes to the originator's managers, but nobody has a manager yet. Without "
            "one, submitting is refused."
        )
        yield Problem(text, by_managers[0])


def _ungoverned(version):
    """Conditions on what a record has now that anybody may change without approval."""
    governed = registry.for_content_type(version.workflow.content_type)
    enabled = enabled_fields(governed.model)
    for owner, name in _owners(version):
        for row in owner.conditions.all():
            if row.subject == Subject.RECORD and row.field not in enabled:
                text = _(
                    "%(what)s, “%(row)s”: nobody approves changes of this field, so whoever "
                    "edits the record can choose the way. Enable the field for approval."
                )
                yield Problem(text % {"what": name, "row": text_of(row, governed)}, owner)


def _owners(version):
    """The version and its parts that have a condition, each with what it is called."""
    yield version, _("Activation condition")
    yield from ((action, _action_name(action)) for action in version.automatic_actions.all())
    yield from ((step, _step_name(step)) for step in version.steps.all())


def _action_name(action):
    return _("Automatic action %(position)s “%(name)s”") % {
        "position": action.position,
        "name": action.name,
    }


def _step_name(step):
    return _("Step %(position)s “%(name)s”") % {"position": step.position, "name": step.name}
