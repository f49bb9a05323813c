"""Accounts receivable workflows: drafts, activation, retirement."""

from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed, has_transition_perm

from . import history
from .models import (
    Origin,
    Policy,
    Verb,
    VersionState,
    Workflow,
    WorkflowEvent,
    WorkflowStep,
    WorkflowVersion,
)
from .outcomes import Refused
from .routing import Router

# Of a workflow itself, what an administrator can change.
DESCRIBED = ("name", "description", "position")


def may_administer(person) -> bool:
    """Whether `person` may set up workflows."""
    return person.has_perm("approvals.administer_workflow")


@transaction.atomic
def new_draft(workflow: Workflow, *, by) -> WorkflowVersion:
    """Return the draft of `workflow`; make it, as a copy of the newest version, if there is none.

    Raises PermissionDenied where `by` may not set up workflows.
    """
    with noting(workflow, by=by):
        versions = workflow.versions
        if draft := versions.filter(state=VersionState.DRAFT).first():
            return draft
        newest = versions.order_by("-number").first()
        number = (newest.number if newest else 0) + 1
        draft = versions.create(number=number, notes=newest.notes if newest else "")
        if newest:
            _copy_steps(newest, draft)
        return draft


@transaction.atomic
def activate(version: WorkflowVersion, *, by) -> WorkflowVersion:
    """Put a draft into force in place of the active version. It never changes again.

    Raises Refused with everything that has to be put right first, and
    PermissionDenied where `by` may not set up workflows.
    """
    version = _locked(version)
    if not can_proceed(version.activate):
        raise Refused(_("Only a draft can be activated; this version is no draft any more."))
    _require_right(version.activate, by)
    if found := problems(version):
        raise Refused("\n".join(found))
    for active in version.workflow.versions.filter(state=VersionState.ACTIVE):
        _move(active, active.retire, Verb.WORKFLOW_RETIRED, by)
    version.activated_at, version.activated_by = timezone.now(), by
    _move(version, version.activate, Verb.WORKFLOW_ACTIVATED, by)
    return version


@transaction.atomic
def retire(version: WorkflowVersion, *, by) -> WorkflowVersion:
    """Take the active version out of force; proposals that run on it keep it.

    Raises Refused where it is not active, and PermissionDenied where `by` may not
    set up workflows.
    """
    version = _locked(version)
    if not can_proceed(version.retire):
        raise Refused(_("Only an active version can be retired."))
    _require_right(version.retire, by)
    _move(version, version.retire, Verb.WORKFLOW_RETIRED, by)
    return version


def problems(version: WorkflowVersion) -> list[str]:
    """What keeps `version` from being activated, in sentences that name the step."""
    found = deciders(version)
    if not found:
        return [_("There is no step. Add one and say who decides it.")]
    return [text for step, people in found.items() for text in _problems_of(step, people)]


def deciders(version: WorkflowVersion) -> dict[WorkflowStep, list]:
    """The steps of `version` in order, each with the users and group members who could decide."""
    router = Router(versions=[version.pk])
    ids = {step: [pk for pk, _group in router.named(step)] for step in router.steps[version.pk]}
    people = get_user_model().objects.in_bulk({pk for found in ids.values() for pk in found})
    return {step: [people[pk] for pk in found] for step, found in ids.items()}


@contextmanager
def editing(version: WorkflowVersion, *, by):
    """Lock a draft while the block changes it, and note in the history what changed.

    Raises Refused where `version` is no draft any more, and PermissionDenied where
    `by` may not set up workflows.
    """
    with noting(version.workflow, by=by):
        if not WorkflowVersion.objects.filter(pk=version.pk, state=VersionState.DRAFT).exists():
            raise Refused(
                _("A version that has been activated never changes. Make a new draft instead.")
            )
        yield


@contextmanager
def noting(workflow: Workflow, *, by):
    """Lock a workflow while the block changes it, and note in the history what changed.

    Raises PermissionDenied where `by` may not set up workflows.
    """
    if not may_administer(by):
        raise PermissionDenied
    key = workflow.pk
    with transaction.atomic():
        Workflow.objects.select_for_update().get(pk=key)
        before = _described(key)
        yield
        if lines := list(_differences(before, _described(key))):
            comment = "\n".join([str(workflow), *lines])
            _record(Verb.WORKFLOW_CHANGED, workflow, by, comment)


def _locked(version):
    Workflow.objects.select_for_update().get(versions=version)
    return WorkflowVersion.objects.select_related("workflow").get(pk=version.pk)


def _require_right(transition, by):
    if not has_transition_perm(transition, by):
        raise PermissionDenied


def _move(version, transition, verb, by):
    """Make the transition in memory, then save it if nobody was faster."""
    old = version.state
    transition()
    saved = WorkflowVersion.objects.filter(pk=version.pk, state=old).update(
        state=version.state, activated_at=version.activated_at, activated_by=version.activated_by
    )
    if saved != 1:
        raise Refused(_("Somebody else has changed this version meanwhile."))
    name = {"workflow": version.workflow, "number": version.number}
    _record(verb, version.workflow, by, _("%(workflow)s, version %(number)s") % name)


def _record(verb, workflow, by, comment):
    event = WorkflowEvent(
        verb=verb,
        actor=by,
        origin=Origin.ADMIN,
        content_type=workflow.content_type,
        comment=comment,
    )
    history.record([event])


def _problems_of(step, people):
    name = _("Step %(position)s “%(name)s”") % {"position": step.position, "name": step.name}
    if not step.name.strip():
        yield _("%(step)s: give it a name.") % {"step": name}
    if step.policy not in Policy.values:
        yield _("%(step)s: choose a completion policy.") % {"step": name}
    if not people:
        yield _(
            "%(step)s: nobody among its users and groups is active and may decide work items."
        ) % {"step": name}


def _copy_steps(source, draft):
    for step in source.steps.prefetch_related("users", "groups"):
        copy = draft.steps.create(
            position=step.position,
            name=step.name,
            instructions=step.instructions,
            policy=step.policy,
        )
        copy.users.set(step.users.all())
        copy.groups.set(step.groups.all())


def _described(workflow_id) -> dict[str, str]:
    """What can still change in a workflow, as label -> text."""
    workflow = Workflow.objects.filter(pk=workflow_id).first()
    if workflow is None:
        return {}
    texts = {_label(workflow, name): str(getattr(workflow, name)) for name in DESCRIBED}
    for version in workflow.versions.filter(state=VersionState.DRAFT):
        texts |= _described_draft(version)
    return {label: text for label, text in texts.items() if text}


def _described_draft(version):
    name = _("version %(number)s") % {"number": version.number}
    steps = {
        f"{name}, " + _("step %(position)s") % {"position": step.position}: _described_step(step)
        for step in version.steps.prefetch_related("users", "groups")
    }
    notes = {f"{name}, {_label(version, 'notes')}": version.notes}
    return {name: version.get_state_display(), **notes, **steps}


def _described_step(step):
    assigned = [person.get_username() for person in step.users.all()]
    assigned += [_("group %(name)s") % {"name": group} for group in step.groups.all()]
    parts = [step.name, step.get_policy_display(), ", ".join(assigned), step.instructions]
    return "; ".join(part for part in parts if part)


def _differences(before, after):
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


def _label(record, name):
    return str(record._meta.get_field(name).verbose_name)
