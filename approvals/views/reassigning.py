"""Reassign: pages on which a workflow administrator gives open work items to somebody else."""

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from .. import proposals
from ..deciding import reassigning
from ..links import proposed_changes_url
from ..models import ItemState, Proposal, WorkItem
from ..outcomes import Refused
from ..pages.people_forms import ReassignAllForm, ReassignForm
from ..pages.work_item_lines import work_item_lines
from ..values import person_name
from ..workflow import routing
from .access import administrator_required

asks_first = require_http_methods(["GET", "HEAD", "POST"])


@asks_first
@administrator_required
def reassign(request, pk):
    """Ask which open work item of a proposal goes to whom, and why; then give it to him."""
    proposal = get_object_or_404(Proposal.objects.select_related("content_type"), pk=pk)
    items, back_url = _open_items(proposal), proposed_changes_url(proposal.record)
    if not items:
        messages.error(request, proposals.state_message(proposal))
        return redirect(back_url)
    people = reassigning.candidates(proposal, by=request.user)
    form = ReassignForm(request.POST or None, items=items, people=people)
    if request.method == "POST" and form.is_valid() and _done(request, form, items):
        return redirect(proposed_changes_url(proposal.record))
    [line] = work_item_lines(items[:1], request.user)
    context = {"line": line, "items": items, "form": form, "people": people}
    return render(request, "approvals/reassign.html", context)


@asks_first
@administrator_required
def reassign_all(request):
    """Ask whose open work items all go to whom, and why; then show what became of each."""
    holders = _holders()
    form = ReassignAllForm(
        request.POST or None,
        holders=holders,
        people=routing.by_name(routing.all_deciders()),
        initial={"holder": request.GET.get("from", "")},
    )
    if request.method == "POST" and form.is_valid() and (results := _all_done(request, form)):
        return render(request, "approvals/reassign_result.html", results)
    return render(request, "approvals/reassign_all.html", {"form": form, "holders": holders})


def _open_items(proposal):
    items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN)
    return list(items.select_related("assignee", "step_run__step", "proposal").order_by("pk"))


def _done(request, form, items) -> bool:
    given = form.cleaned_data
    if given["item"] not in {item.pk for item in items}:
        form.add_error("item", _("Choose an open work item of this proposal."))
        return False
    try:
        [result] = reassigning.reassign(
            [given["item"]], given["to"], given["reason"], by=request.user
        )
    except Refused as refused:
        form.add_error("reason", str(refused))
        return False
    if not result.done:
        form.add_error(None, result.message)
        return False
    text = _("%(account)s: %(message)s") % {"account": result.key, "message": result.message}
    messages.success(request, text)
    return True


def _holders() -> dict:
    """Everyone who has open work items, by name, and how many."""
    items = WorkItem.objects.filter(state=ItemState.OPEN).order_by().values_list("assignee")
    counts = dict(items.annotate(Count("pk")))
    return {person: counts[person.pk] for person in routing.by_name(counts)}


def _all_done(request, form):
    given = form.cleaned_data
    if given["holder"] == given["to"]:
        form.add_error("to", _("Choose somebody else."))
        return None
    try:
        results = reassigning.reassign_all_of(
            given["holder"], given["to"], given["reason"], by=request.user
        )
    except Refused as refused:
        form.add_error("reason", str(refused))
        return None
    if not results:
        text = _("%(who)s has no open work item.") % {"who": person_name(given["holder"])}
        form.add_error("holder", text)
        return None
    return _shown(results, given)


def _shown(results, given):
    done = sum(result.done for result in results)
    # What needs another look stands first.
    lines = sorted(results, key=lambda result: result.done)
    return {"lines": lines, "done": done, "failed": len(results) - done, **given}
