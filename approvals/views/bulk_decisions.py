"""Many work items decided together: a preview first, then what became of each."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from ..deciding import decisions
from ..models import Action, WorkItem
from ..notifying import outbox
from ..pages.decision_forms import BulkDecisionForm
from ..pages.work_item_lines import work_item_lines
from ..pages.work_list import WorkListForm
from .access import decider_required, with_query
from .work_list import show_list, title_of

# Others wait for the locks of one batch.
BATCH = 2000
# So many work items are shown one by one; of the others a page tells how many there are.
SHOWN = 200
GARBLED = gettext_lazy("Nothing was decided. Please choose again.")
OUTDATED = gettext_lazy("Nothing was decided: that preview is out of date. Please look again.")


@require_http_methods(["GET", "HEAD", "POST"])
@decider_required
def work_items_decide(request):
    """Preview a decision on the ticked work items, or all of a list; once confirmed, take it."""
    if request.method != "POST":
        # Such as after a login that came between.
        return redirect(_list_url(request))
    filters = WorkListForm(request.GET, request.user)
    form = BulkDecisionForm(request.POST, request.session)
    if form.is_garbled:
        messages.error(request, GARBLED)
    if not form.has_selection:
        return show_list(request, filters, form)
    votes = form.votes(filters.items())
    if form.is_confirmed:
        return _take(request, votes, form.cleaned_data)
    if form.is_outdated:
        messages.warning(request, OUTDATED)
    return _preview(request, votes, form)


def _preview(request, votes, form):
    action = Action(form.cleaned_data["action"])
    results = [
        result
        for batch in _batches(votes)
        for result in decisions.preview(batch, action, by=request.user)
    ]
    able = [result for result in results if result.done and not result.conflict]
    unable = [result for result in results if not result.done or result.conflict]
    form.fields["comment"].required = decisions.needs_comment(action)
    context = {
        "action": action,
        "form": form,
        "count": len(able),
        "unable_count": len(unable),
        "able": _with_lines(able, request.user),
        "unable": _with_lines(unable, request.user),
        "decide_url": with_query(request, reverse("approvals:work_items_decide")),
    }
    context |= _posted_again(form, votes, able) | _back(request)
    return render(request, "approvals/decide_preview.html", context)


def _batches(votes):
    return [votes[start : start + BATCH] for start in range(0, len(votes), BATCH)]


def _posted_again(form, votes, able):
    """How the page's form names what can be decided: one by one, or all of it as it is kept."""
    ids = {result.work_item_id for result in able}
    votes = [vote for vote in votes if vote.work_item_id in ids]
    if up_to := form.cleaned_data.get("up_to"):
        return {"up_to": up_to, "shown": form.shown.keep(votes)}
    return {"hidden": [f"{vote.work_item_id}:{vote.revision}" for vote in votes]}


def _take(request, votes, given):
    with outbox.together():
        results = [
            result
            for batch in _batches(votes)
            for result in decisions.decide(
                batch,
                given["action"],
                by=request.user,
                comment=given["comment"],
                leave_moved=True,
            )
        ]
    done = sum(result.done and not result.conflict for result in results)
    conflicts = sum(result.conflict for result in results)
    # What needs another look stands first.
    results.sort(key=lambda result: (result.done, not result.conflict))
    context = {
        "action": Action(given["action"]),
        "lines": _with_lines(results, request.user),
        "done": done,
        "conflicts": conflicts,
        "failed": len(results) - done - conflicts,
        "unlisted": max(0, len(results) - SHOWN),
    }
    return render(request, "approvals/decide_result.html", context | _back(request))


def _with_lines(results, person):
    """The first results, each with the line of its work item, if it is one of his."""
    first = results[:SHOWN]
    items = WorkItem.objects.select_related(
        "assignee", "on_behalf_of", "step_run__step", "step_run__claimed_by"
    )
    # A result without a proposal is about nothing; whose it is not, is told nothing else.
    items = items.filter(pk__in=[result.work_item_id for result in first])
    found = {line.item.pk: line for line in work_item_lines(_seen_by(items, person), person)}
    return [(result, found.get(result.work_item_id)) for result in first]


def _seen_by(items, person):
    voter = decisions.cases.Voter(person, [])
    items = items.select_related("proposal__version")
    return [item for item in items if voter.holds(item, item.proposal)]


def _back(request):
    return {"back_url": _list_url(request), "list_title": title_of(request.user)}


def _list_url(request):
    return with_query(request, reverse("approvals:work_items"))
