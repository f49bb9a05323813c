"""Accounts receivable workflows: drafts, activation, retirement.

What changes in a workflow itself is noted by signals, so that each change has its entry
whatever way it goes. What goes past them, `approvals.models` refuses in bulk.
"""

import hashlib
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed, has_transition_perm

from .. import acting, history, noting, values
from ..models import Verb, VersionState, Workflow, WorkflowEvent, WorkflowVersion
from ..models.permissions import may_administer
from ..outcomes import ADMIN, Refused
from . import texts
from .problems import problems


def watch() -> None:
    """Connect to the signals of workflows."""
    noting.watch(Workflow, _remember, _saved, _removed)


@history.sealed()
def new_draft(workflow: Workflow, *, by) -> WorkflowVersion:
    """Return the draft of `workflow`; make it, as a copy of the newest version, if there is none.

    Raises PermissionDenied where `by` may not set up workflows.
    """
    with setting_up(workflow, by=by):
        versions = workflow.versions
        if draft := versions.filter(state=VersionState.DRAFT).first():
            return draft
        newest = texts.with_everything(versions.order_by("-number")).first()
        if newest is None:
            return versions.create(number=1)
        return _copied(newest)


@history.sealed()
def activate(version: WorkflowVersion, *, by, seen=None) -> WorkflowVersion:
    """Put a draft into force in place of the active version. It never changes again.

    seen: the token of what the person was shown. Raises Refused with everything that has
    to be put right first, and PermissionDenied where `by` may not set up workflows.
    """
    version = _locked(version)
    if not can_proceed(version.activate):
        raise Refused(_("Only a draft can be activated; this version is no draft any more."))
    _require_right(version.activate, by)
    if found := problems(version):
        raise Refused("\n".join(map(str, found)))
    if seen is not None and seen != token(version):
        raise Refused(_("The draft has changed since you were asked. Look at it again."))
    for active in version.workflow.versions.filter(state=VersionState.ACTIVE):
        _move(active, active.retire, Verb.WORKFLOW_RETIRED, by)
    version.activated_at, version.activated_by = timezone.now(), by
    # The history says by itself who was to decide, and when.
    _move(version, version.activate, Verb.WORKFLOW_ACTIVATED, by, texts.definition(version))
    return version


@history.sealed()
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


@contextmanager
def editing(version: WorkflowVersion, *, by):
    """Lock a draft while the block changes it, and note in the history what changed.

    Raises Refused where `version` is no draft any more, and PermissionDenied where
    `by` may not set up workflows.
    """
    with setting_up(version.workflow, by=by):
        if not WorkflowVersion.objects.filter(pk=version.pk, state=VersionState.DRAFT).exists():
            raise Refused(
                _("A version that has been activated never changes. Make a new draft instead.")
            )
        yield


@contextmanager
def setting_up(workflow: Workflow, *, by):
    """Lock workflows while the block changes one, and note what changed in its draft.

    What changes in the workflow itself is noted whatever way it goes. Raises
    PermissionDenied where `by` may not set up workflows.
    """
    if not may_administer(by):
        raise PermissionDenied
    key = workflow.pk
    with history.sealed():
        _lock_setup()
        before = texts.described_draft(key)
        yield
        _record_changed(workflow, before, texts.described_draft(key), by)


def why_not_default(workflow: Workflow) -> str:
    """Why `workflow` cannot be the default one of its type; or ""."""
    active = workflow.versions.filter(state=VersionState.ACTIVE).first()
    if active is None or not active.conditions.exists():
        return ""
    return _(
        "Version %(number)s, which is active, has an activation condition. A default workflow "
        "takes what no other one takes: activate a version without a condition first."
    ) % {"number": active.number}


def take_default(workflow: Workflow, *, by) -> Workflow | None:
    """Let no other workflow of its type be the default one; return the one that was.

    Raises PermissionDenied where `by` may not set up workflows.
    """
    same_type = Workflow.objects.filter(content_type=workflow.content_type, is_default=True)
    former = same_type.exclude(pk=workflow.pk).first()
    if former:
        with setting_up(former, by=by), acting.named(by, ADMIN):
            former.is_default = False
            former.save(update_fields=["is_default"])
    return former


def token(version: WorkflowVersion) -> str:
    """A text that differs whenever anything in a version differs from what somebody saw."""
    content = str([_content(row) for row in _rows(version)])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def mark(version: WorkflowVersion) -> str:
    """What a page that shows a version remembers of it, for `changes_since`."""
    newest = WorkflowEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return f"{token(version)} {newest}"


def changes_since(version: WorkflowVersion, mark: str) -> list[str] | None:
    """What has been changed in a version since `mark`, by whom; None where nothing has."""
    seen, _blank, newest = mark.partition(" ")
    if seen == token(version):
        return None
    events = WorkflowEvent.objects.filter(
        verb=Verb.WORKFLOW_CHANGED, comment__startswith=f"{version.workflow}\n"
    ).select_related("actor")
    later = events.filter(pk__gt=int(newest)) if newest.isdecimal() else events.none()
    return [
        f"{values.person_name(event.actor)}: {line}"
        for event in later.order_by("pk")
        for line in event.comment.splitlines()[1:]
    ]


def _rows(version):
    """A version with all that belongs to it, each row after the one that it belongs to."""
    version = texts.with_everything(WorkflowVersion.objects.filter(pk=version.pk)).get()
    yield from (version, *version.conditions.all())
    for action in version.automatic_actions.all():
        yield from (action, *action.conditions.all())
    for step in version.steps.all():
        yield from (step, *step.conditions.all(), *step.escalation_levels.all())


def _content(row):
    columns = [(f.attname, getattr(row, f.attname)) for f in row._meta.concrete_fields]
    many = [
        (f.name, sorted(related.pk for related in getattr(row, f.name).all()))
        for f in row._meta.many_to_many
    ]
    return row._meta.model_name, columns, many


def _copied(source):
    """A draft with everything that `source` has, and the next number."""
    changed = {"activated_at": None, "activated_by": None, "state": VersionState.DRAFT}
    draft = _copy(source, number=source.number + 1, **changed)
    _copy_all(source.conditions, version=draft)
    for action in source.automatic_actions.all():
        _copy_all(action.conditions, action=_copy(action, version=draft))
    for step in source.steps.all():
        copied = _copy(step, version=draft)
        copied.users.set(step.users.all())
        copied.groups.set(step.groups.all())
        _copy_all(step.conditions, step=copied)
        _copy_all(step.escalation_levels, step=copied)
    return draft


def _copy_all(rows, **changed):
    for row in rows.all():
        _copy(row, **changed)


def _copy(row, **changed):
    names = [f.attname for f in row._meta.concrete_fields if not f.primary_key]
    made = type(row)(**{name: getattr(row, name) for name in names})
    for name, value in changed.items():
        setattr(made, name, value)
    made.save()
    return made


def _lock_setup():
    """Let nobody else set workflows up before the end of the transaction.

    All of them, since what one does, such as being the default, bears on the others.
    """
    list(Workflow.objects.select_for_update().order_by("pk"))


def _locked(version):
    _lock_setup()
    # The guard lets nobody write what a draft is made of while that is locked.
    versions = WorkflowVersion.objects.select_for_update(of=("self",))
    return versions.select_related("workflow").get(pk=version.pk)


def _require_right(transition, by):
    if not has_transition_perm(transition, by):
        raise PermissionDenied


def _move(version, transition, verb, by, details=()):
    """Make the transition in memory, then save it if nobody was faster.

    details: lines for the history.
    """
    old = version.state
    transition()
    saved = WorkflowVersion.objects.filter(pk=version.pk, state=old).update(
        state=version.state, activated_at=version.activated_at, activated_by=version.activated_by
    )
    if saved != 1:
        raise Refused(_("Somebody else has changed this version meanwhile."))
    name = {"workflow": version.workflow, "number": version.number}
    told = _("%(workflow)s, version %(number)s") % name
    _record(verb, version.workflow, by, "\n".join([told, *details]))


def _remember(instance, **kwargs):
    """Keep what is stored: what is in memory may never be."""
    instance.stored_before = Workflow.objects.filter(pk=instance.pk).first()


def _saved(instance, **kwargs):
    _note(instance.stored_before, Workflow.objects.get(pk=instance.pk))


def _removed(instance, **kwargs):
    _note(instance.stored_before, None)


def _note(before, after):
    """Under the name that it had: the entry says itself if it has another one now."""
    described = texts.described(before), texts.described(after)
    _record_changed(before or after, *described, *acting.who())


def _record_changed(workflow, before, after, by, source=ADMIN):
    if lines := list(texts.differences(before, after)):
        comment = "\n".join([str(workflow), *lines])
        _record(Verb.WORKFLOW_CHANGED, workflow, by, comment, source)


def _record(verb, workflow, by, comment, source=ADMIN):
    event = WorkflowEvent(
        verb=verb,
        actor=by,
        origin=source.origin,
        content_type=workflow.content_type,
        comment=comment,
    )
    history.record([event])
