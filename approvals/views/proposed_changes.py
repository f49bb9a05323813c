"""The Proposed changes page, and what the originator's side does from it."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from django_fsm import can_proceed, has_transition_perm

from .. import changes, proposals, registry, values
from ..links import proposed_changes_url
from ..models import OPEN, Proposal, ProposedChange, State
from ..outcomes import Refused
from ..pages import queries, timeline
from ..pages.forms import NoteForm, ReasonForm
from ..templatetags.approval_tags import person
from ..workflow import route_preview

LAST_ENTRIES = 20
asks_first = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def proposed_changes(request, record):
    """Show the open proposals of `record`, a card each; where none is left, how they ended.

    The app of the record routes to it, once it has found the record.
    """
    _require_view(request, record)
    cards = queries.open_proposals(record, request.user)
    context = {"record": record, "cards": cards, "actions": _own_actions(record, cards)}
    if not cards:
        events = list(queries.history_of(record).exclude(proposal=None)[:LAST_ENTRIES])
        context["ended"] = _ended(events)
        context["entries"] = timeline.entries(events, type(record))
    return render(request, "approvals/proposed_changes.html", context)


def _ended(events) -> str:
    """How the last proposal ended, for a person who follows an old link."""
    if not events:
        return _("Nothing has been proposed yet.")
    return _("No proposed changes are open. Proposal %(id)s: %(state)s (%(who)s, %(when)s).") % {
        "id": events[0].proposal_id,
        "state": events[0].proposal.get_state_display(),
        "who": person(events[0].actor),
        "when": values.moment(events[0].at),
    }


@asks_first
def submit(request, pk):
    """Submit a proposal, with an optional note to the approvers."""
    proposal = _find(request, pk)
    if request.method == "POST":
        return _attempt(request, proposal.record, lambda: _submit(request, proposal))
    if refusal := _refused(request, proposal, "submit"):
        return refusal
    return _confirm(
        request,
        proposal.record,
        title=_("Submit"),
        question=_("Submit these changes for approval?"),
        lines=_to_submit(request, proposal),
        route=route_preview.of(proposal, by=request.user),
        hidden=_seen(proposal),
        field=NoteForm()["note"],
    )


def _to_submit(request, proposal):
    """The changes as they would be submitted: from the live values, without what equals them."""
    lines = _lines(request, proposal)
    return [replace(line, original=line.live) for line in lines if line.value != line.live]


@asks_first
def recall(request, pk):
    """Take a proposal back from its approvers."""
    proposal = _find(request, pk)
    if request.method == "POST":
        return _attempt(request, proposal.record, lambda: _recall(request, proposal))
    question = _("Take these changes back from the approvers?")
    return _ask(request, proposal, "recall", _("Recall"), question, field=NoteForm()["note"])


@asks_first
def terminate(request, pk):
    """End the workflow of a proposal for good, with a reason."""
    proposal, form = _find(request, pk), ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _attempt(request, proposal.record, lambda: _terminate(request, proposal))
    return _ask(
        request,
        proposal,
        "terminate",
        _("Terminate"),
        _("End the workflow for good? These changes are discarded, and nothing is applied."),
        field=form["comment"],
        danger=True,
    )


@asks_first
def discard_change(request, pk):
    """Discard one proposed change; another person's only after a confirmation."""
    change = get_object_or_404(ProposedChange.objects.select_related("proposed_by"), pk=pk)
    proposal = _find(request, change.proposal_id)
    confirmed = change.proposed_by == request.user or "confirmed" in request.POST
    if request.method == "POST" and confirmed:
        return _attempt(request, proposal.record, lambda: _discard(request, change))
    question = _("Discard this change, proposed by %(name)s?") % {
        "name": person(change.proposed_by)
    }
    return _ask(request, proposal, "discard", _("Discard"), question, only=change, danger=True)


@asks_first
def discard_all(request, content_type_id, object_id):
    """Discard all changes of a record's not submitted and returned proposals."""
    record = _find_record(content_type_id, object_id)
    _require_view(request, record)
    cards = queries.open_proposals(record, request.user)
    discardable = _discardable(cards)
    if not discardable and any(card.proposal.is_editable for card in cards):
        raise PermissionDenied
    if request.method == "POST":
        return _attempt(request, record, lambda: _discard_all(request, record))
    lines = [line for card in discardable for line in card.changes]
    if not lines:
        return _too_late(request, record, _("There is nothing to discard."))
    return _confirm(
        request,
        record,
        title=_("Discard all changes"),
        question=_("Discard all these changes? Changes pending approval stay."),
        lines=lines,
        hidden=[("version", changes.version_of(record))],
        danger=True,
    )


def _submit(request, proposal):
    note = request.POST.get("note", "")
    after = proposals.submit(proposal.pk, by=request.user, note=note, revision=_revision(request))
    if after.state == State.DISCARDED:
        return _("Nothing was submitted: all proposed values are the current ones by now.")
    if after.automatic_action:
        return _("Submitted, and decided at once by the rule “%(rule)s”: %(state)s.") % {
            "rule": after.automatic_action,
            "state": after.get_state_display(),
        }
    return _("The changes have been submitted.")


def _recall(request, proposal):
    comment, revision = request.POST.get("note", ""), _revision(request)
    proposals.recall(proposal.pk, by=request.user, comment=comment, revision=revision)
    return _("The changes have been recalled.")


def _terminate(request, proposal):
    comment, revision = request.POST["comment"], _revision(request)
    proposals.terminate(proposal.pk, by=request.user, comment=comment, revision=revision)
    return _("The workflow has been terminated.")


def _discard(request, change):
    proposals.discard_change(change.pk, by=request.user, revision=_revision(request))
    label = registry.for_content_type(change.content_type).proposable[change.field].verbose_name
    return _("Discarded: %(fields)s.") % {"fields": label}


def _discardable(cards):
    """The cards that Discard all changes is about: all that are editable, or none."""
    editable = [card for card in cards if card.proposal.is_editable]
    return editable if all("discard" in card.can for card in editable) else []


def _discard_all(request, record):
    seen = request.POST.get("version", "")
    count = proposals.discard_all(record, by=request.user, seen=seen)
    return ngettext(
        "%(count)s proposed change has been discarded.",
        "%(count)s proposed changes have been discarded.",
        count,
    ) % {"count": count}


def _revision(request) -> int:
    """The revision that the page showed; 0, which no proposal has, where it is missing."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _attempt(request, record, act):
    """Do what was asked, tell what came of it, and go back to what is left."""
    try:
        messages.success(request, act())
    except Refused as refused:
        return _too_late(request, record, str(refused))
    open_ones = Proposal.objects.filter(
        content_type=ContentType.objects.get_for_model(record), object_id=record.pk, state__in=OPEN
    )
    return redirect(proposed_changes_url(record) if open_ones.exists() else record)


def _too_late(request, record, reason):
    messages.error(request, reason)
    return redirect(proposed_changes_url(record))


def _ask(request, proposal, action, title, question, *, only=None, field=None, danger=False):
    """Show what is about to be done to a proposal, or to `only` one change of it."""
    if refusal := _refused(request, proposal, action):
        return refusal
    record, lines = proposal.record, _lines(request, proposal, only)
    if not lines:
        return _too_late(request, record, proposals.state_message(proposal))
    return _confirm(
        request, record, title=title, question=question, lines=lines, hidden=_seen(proposal),
        field=field, danger=danger,
    )  # fmt: skip


def _refused(request, proposal, action):
    """The answer where the action is too late; raises PermissionDenied where it is not allowed."""
    transition = getattr(proposal, action)
    if not can_proceed(transition):
        return _too_late(request, proposal.record, proposals.state_message(proposal))
    if not has_transition_perm(transition, request.user):
        raise PermissionDenied
    return None


def _lines(request, proposal, only=None):
    """The open changes of a proposal, or `only` that one of them."""
    cards = queries.open_proposals(proposal.record, request.user)
    lines = [line for card in cards if card.proposal == proposal for line in card.changes]
    return [line for line in lines if only is None or line.id == only.pk]


def _seen(proposal):
    return [("revision", proposal.revision), ("confirmed", "yes")]


def _confirm(request, record, **context):
    context |= {"record": record, "cancel_url": proposed_changes_url(record)}
    return render(request, "approvals/confirm_change.html", context)


def _own_actions(record, cards):
    url = record.get_absolute_url()
    actions = [{"text": _("OK"), "icon": "check", "primary": True, "url": url}]
    if _discardable(cards):
        content_type = ContentType.objects.get_for_model(record)
        url = reverse("approvals:discard_all", args=[content_type.pk, record.pk])
        actions.append(
            {"text": _("Discard all changes"), "icon": "delete", "danger": True, "url": url}
        )
    return actions


def _find(request, pk) -> Proposal:
    proposal = get_object_or_404(Proposal.objects.select_related("content_type"), pk=pk)
    _require_view(request, proposal.record)
    return proposal


def _find_record(content_type_id, object_id):
    content_type = get_object_or_404(ContentType, pk=content_type_id)
    try:
        model = registry.for_content_type(content_type).model
    except LookupError:
        raise Http404 from None
    return get_object_or_404(model, pk=object_id)


def _require_view(request, record):
    codename = get_permission_codename("view", record._meta)
    if not request.user.has_perm(f"{record._meta.app_label}.{codename}"):
        raise PermissionDenied
