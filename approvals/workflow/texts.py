"""What an administrator configured, in words: for the pages, and for the history."""

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import registry
from ..models import (
    Assignment,
    AutomaticAction,
    EscalationKind,
    EscalationLevel,
    Policy,
    TimeUnit,
    VersionState,
    Workflow,
    WorkflowStep,
    WorkflowVersion,
)
from . import conditions

# Of a workflow itself: what an administrator can change, and of what type it is.
DESCRIBED = ("name", "description", "is_default", "position", "content_type")

# What belongs to a condition, and to a step, by the paths of prefetch_related.
ROWS = ("conditions__person", "conditions__group")
LEVELS = ("escalation_levels__user", "escalation_levels__group")
OF_STEP = ("users", "groups", "manager_stop_group", *ROWS, *LEVELS)


class Line(NamedTuple):
    """One setting of a step, and what it is set to."""

    label: str
    text: str


def with_everything(versions):
    """Versions with all that `workflows` describes, copies and checks, in few queries."""
    steps = [f"steps__{path}" for path in OF_STEP]
    actions = [f"automatic_actions__{path}" for path in ROWS]
    return versions.select_related("workflow__content_type").prefetch_related(
        *ROWS, *actions, *steps
    )


def condition(owner, version: WorkflowVersion) -> str:
    """The condition of a version, a step or an automatic action of `version`, in one line."""
    return conditions.describe(owner, registry.for_content_type(version.workflow.content_type))


def step_lines(step: WorkflowStep, version: WorkflowVersion) -> list[Line]:
    """All settings of a step but its name and instructions."""
    lines = [
        Line(_("Condition"), condition(step, version)),
        Line(_("Assignment"), assignment(step)),
        Line(_("Completion policy"), policy(step)),
        Line(_("Time limit"), time_limit(step)),
    ]
    if step.time_limit or step.escalation_levels.all():
        lines.append(Line(_("Escalation"), escalation(step)))
    return lines


def assignment(step: WorkflowStep) -> str:
    """Who gets the step's work items."""
    if step.assignment == Assignment.MANAGERS:
        return _managers(step)
    named = sorted(person.get_username() for person in step.users.all())
    groups = sorted(group.name for group in step.groups.all())
    named += [_("group %(name)s") % {"name": name} for name in groups]
    return ", ".join(named) or _("Nobody yet")


def _managers(step):
    parts = [_("The originator's managers from level %(start)s") % {"start": step.manager_start}]
    if step.manager_levels:
        levels = ngettext("%(count)s level", "at most %(count)s levels", step.manager_levels)
        parts.append(levels % {"count": step.manager_levels})
    if step.manager_stop_group:
        group = {"group": step.manager_stop_group}
        parts.append(_("up to the first member of %(group)s") % group)
    return "; ".join([", ".join(parts), str(step.get_manager_take_display())])


def policy(step: WorkflowStep) -> str:
    """How many approvals complete the step."""
    text = str(step.get_policy_display())
    if step.policy != Policy.PERCENTAGE:
        return text
    share = _("?") if step.percentage is None else step.percentage
    return _("%(policy)s: %(share)s %%") % {"policy": text, "share": share}


def time_limit(step: WorkflowStep) -> str:
    """How long the step's people have, and when they are reminded."""
    if not step.time_limit and not step.remind_after:
        return _("None")
    parts = [span(step.time_limit, step)] if step.time_limit else [_("None")]
    if step.remind_after:
        reminder = {"time": span(step.remind_after, step)}
        parts.append(_("reminder after %(time)s") % reminder)
    return ", ".join(parts)


def escalation(step: WorkflowStep) -> str:
    """What happens once the time limit has passed: each level, then the last action."""
    levels = [
        _("%(whom)s (%(time)s)") % {"whom": whom(level), "time": span(level.time_limit, step)}
        for level in step.escalation_levels.all()
    ]
    return " → ".join([*levels, str(step.get_final_action_display())])


def whom(level: EscalationLevel) -> str:
    """To whom a level of an escalation path hands work items on."""
    if level.kind == EscalationKind.USER and level.user:
        return level.user.get_username()
    if level.kind == EscalationKind.GROUP and level.group:
        return _("group %(name)s") % {"name": level.group}
    return str(level.get_kind_display())


def span(amount: int, step: WorkflowStep) -> str:
    """So many of the step's time units."""
    if step.time_unit == TimeUnit.HOURS:
        text = ngettext("%(count)s hour", "%(count)s hours", amount)
    else:
        text = ngettext("%(count)s working day", "%(count)s working days", amount)
    return text % {"count": amount}


def described(workflow: Workflow | None) -> dict[str, str]:
    """A workflow itself, as label -> text; nothing where there is none."""
    if workflow is None:
        return {}
    return _filled({_label(workflow, n): _shown(getattr(workflow, n)) for n in DESCRIBED})


def described_draft(workflow_id: int) -> dict[str, str]:
    """A workflow's draft, as label -> text; nothing where there is none."""
    texts = {}
    drafts = WorkflowVersion.objects.filter(workflow=workflow_id, state=VersionState.DRAFT)
    for version in with_everything(drafts):
        texts |= _described_draft(version)
    return _filled(texts)


def _filled(texts):
    return {label: text for label, text in texts.items() if text}


def definition(version: WorkflowVersion) -> list[str]:
    """All that a version is made of, a readable line each."""
    [version] = with_everything(WorkflowVersion.objects.filter(pk=version.pk))
    _state, *parts = _described_draft(version).items()
    return [f"{label}: {text}" for label, text in parts if text]


def differences(before: dict[str, str], after: dict[str, str]):
    """Readable lines on what is different between two descriptions."""
    for label in before | after:
        old, new = before.get(label), after.get(label)
        if old == new:
            continue
        if old is None:
            yield _("%(label)s added: %(new)s") % {"label": label, "new": new}
        elif new is None:
            yield _("%(label)s removed: %(old)s") % {"label": label, "old": old}
        else:
            yield _("%(label)s: %(old)s → %(new)s") % {"label": label, "old": old, "new": new}


def _described_draft(version):
    name = _("version %(number)s") % {"number": version.number}
    parts = {
        _label(version, "notes"): version.notes,
        _("activation condition"): _unless_always(version, version),
    }
    for number, action in enumerate(version.automatic_actions.all(), start=1):
        parts[_("automatic action %(number)s") % {"number": number}] = action_text(action, version)
    for step in version.steps.all():
        parts |= _described_step(step, version)
    lines = {f"{name}, {label}": text for label, text in parts.items()}
    return {name: version.get_state_display(), **lines}


def action_text(action: AutomaticAction, version: WorkflowVersion) -> str:
    """An automatic action in one line: its name, what it decides, and when."""
    decides = {"decision": action.get_decision_display(), "when": condition(action, version)}
    return f"{action.name}; " + _("%(decision)s where: %(when)s") % decides


def _described_step(step, version):
    name = _("step %(position)s") % {"position": step.position}
    parts = [step.name, policy(step), assignment(step), step.instructions]
    rest = {
        _("condition"): _unless_always(step, version),
        _("time limit"): time_limit(step) if step.time_limit or step.remind_after else "",
        _("escalation"): escalation(step) if _escalates(step) else "",
    }
    return {name: "; ".join(part for part in parts if part)} | {
        f"{name}, {label}": text for label, text in rest.items()
    }


def _unless_always(owner, version):
    return condition(owner, version) if owner.conditions.all() else ""


def _escalates(step):
    changed = step.final_action != WorkflowStep._meta.get_field("final_action").default
    return step.escalation_levels.all() or step.time_limit or changed


def _label(record, name):
    return str(record._meta.get_field(name).verbose_name)


def _shown(value):
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)
