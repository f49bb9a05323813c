"""What templates of governed records show of their approvals."""

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..links import history_url, proposed_changes_url
from ..models import Action, State, Verb
from ..values import person_name

register = template.Library()

STATUS_KIND = {
    State.NOT_SUBMITTED: "draft",
    State.PENDING: "pending",
    State.REJECTED: "returned",
    State.CHANGE_REQUESTED: "returned",
    State.APPROVED: "ok",
    State.DISCARDED: "unchanged",
    State.JOINED: "unchanged",
    State.NOT_REQUIRED: "updated",
}
SHORT_STATUS = {
    State.NOT_SUBMITTED: gettext_lazy("Not submitted"),
    State.PENDING: gettext_lazy("Pending approval"),
    State.REJECTED: gettext_lazy("Rejected"),
    State.CHANGE_REQUESTED: gettext_lazy("Change requested"),
    State.APPROVED: gettext_lazy("Approved"),
    State.DISCARDED: gettext_lazy("Discarded"),
    State.JOINED: gettext_lazy("Joined"),
    State.NOT_REQUIRED: gettext_lazy("Approval not required"),
}
RETURNED_BY = {
    Verb.REJECTED: gettext_lazy("Rejected by"),
    Verb.CHANGE_REQUESTED: gettext_lazy("Change requested by"),
    Verb.CONFLICT: gettext_lazy("Conflict found when approved by"),
}


@register.filter
def person(user) -> str:
    """A person's full name, or the name he logs in with."""
    return person_name(user) if user else ""


@register.filter
def state_badge(state) -> dict:
    """The badge for the state of a proposal, open or not."""
    return {"kind": STATUS_KIND[state], "text": SHORT_STATUS[state]}


@register.filter
def state_badges(states) -> list[dict]:
    """Badges for the states of a record's open proposals."""
    return [
        {"kind": STATUS_KIND[state], "text": text}
        for state, text in SHORT_STATUS.items()
        if state in states
    ]


@register.inclusion_tag("_action_pane.html")
def approval_pane(record, cards, actions=(), here=False):
    """The Action Pane: the record's own `actions`, then Proposed changes and Workflow.

    The latter two are there while `cards`, the open proposals, are. here: the page is
    the Proposed changes page, whose forms the menu may use.
    """
    pane = list(actions)
    if cards:
        pane += [_proposed_changes(record, here), _workflow(record, cards, here)]
    return {"actions": pane}


@register.inclusion_tag("_status.html")
def proposal_status(card):
    """The status line of an open proposal: what it waits for, since when, for whom."""
    state = card.proposal.state
    line = {"kind": STATUS_KIND[state], "text": card.proposal.get_state_display()}
    if state == State.PENDING:
        return line | _submitted(card)
    if card.last_return:
        return line | _returned(card.last_return)
    return line | {
        "verb": _("First proposed by"),
        "who": person(card.proposal.created_by),
        "since": card.proposal.created_at,
    }


def _submitted(card):
    names = ", ".join(person(user) for user in card.waiting_for)
    step = _("%(names)s (%(step)s)") % {"names": names, "step": card.step} if card.step else names
    return {
        "verb": _("Submitted by"),
        "who": person(card.proposal.submitted_by),
        "since": card.proposal.submitted_at,
        "next": step,
        "comment": card.proposal.note,
    }


def _returned(event):
    return {
        "verb": RETURNED_BY[event.verb],
        "who": person(event.actor),
        "since": event.at,
        "comment": event.comment,
    }


def _proposed_changes(record, here):
    return {
        "text": _("Proposed changes"),
        "icon": "changes",
        "url": proposed_changes_url(record),
        "current": here,
    }


def _workflow(record, cards, here):
    several = len(cards) > 1
    menu = [entry for card in cards for entry in _entries(card, several, here)]
    history = {"text": _("Workflow history"), "icon": "history", "url": history_url(record)}
    if several:
        history["note"] = _("All proposals")
    menu.append(history)
    return {"text": _("Workflow"), "icon": "workflow", "menu": menu}


def _entries(card, several, here):
    """What the viewer may do with one proposal; several: the first entry names the proposal."""
    entries = [
        *_originator_entries(card, here),
        *_approver_entries(card),
        *administrator_entries(card.proposal, card.can),
    ]
    if several and entries:
        entries[0]["note"] = _("Proposal %(id)s: %(state)s") % {
            "id": card.proposal.pk,
            "state": card.proposal.get_state_display(),
        }
    return entries


def _originator_entries(card, here):
    pk = card.proposal.pk
    if "submit" in card.can:
        url = reverse("approvals:submit", args=[pk])
        where = {"form": f"submit-{pk}"} if here else {"url": url}
        yield {"text": _("Submit"), "icon": "check", **where}
    if "recall" in card.can:
        recall = reverse("approvals:recall", args=[pk])
        yield {"text": _("Recall"), "icon": "left", "url": recall}


def _approver_entries(card):
    if "decide" not in card.can:
        return
    url = reverse("approvals:decide", args=[card.work_item_id])
    icons = {Action.APPROVE: "ok", Action.REJECT: "close", Action.REQUEST_CHANGE: "returned"}
    for action, icon in icons.items():
        if not (action == Action.APPROVE and card.moved):
            yield {"text": action.label, "icon": icon, "url": f"{url}?action={action.value}"}
    delegate = reverse("approvals:delegate", args=[card.work_item_id])
    yield {"text": _("Delegate"), "icon": "people", "url": delegate}


def administrator_entries(proposal, can):
    """What a workflow administrator may do with a proposal, as entries of an Action Pane."""
    if "reassign" in can:
        url = reverse("approvals:reassign", args=[proposal.pk])
        yield {"text": _("Reassign"), "icon": "person", "url": url}
    if "terminate" in can:
        url = reverse("approvals:terminate", args=[proposal.pk])
        yield {"text": _("Terminate"), "icon": "delete", "danger": True, "url": url}
