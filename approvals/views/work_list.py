"""The work list: what waits for a person, in several views, and claiming from it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ..deciding import claims
from ..models import Action, Policy, WorkflowStep, WorkItem
from ..models.permissions import may_decide
from ..pages.decision_forms import Selection
from ..pages.desk import COUNT_LIMIT, View
from ..pages.work_item_lines import lines
from ..pages.work_list import WorkListForm
from .access import decider_required, with_query

ICONS = {Action.APPROVE: "ok", Action.REJECT: "close", Action.REQUEST_CHANGE: "returned"}
# The templates of the rows, by view; work items otherwise.
TABLES = {View.SUBMITTED: "_my_proposals", View.DECIDED: "_my_decisions"}
# So many reasons why something was not claimed are told one by one.
REASONS = 3


@require_safe
def work_items(request):
    """List what waits for the person who is logged in, or what he has to do with otherwise."""
    filters = WorkListForm(request.GET, request.user)
    if filters.chosen is None:
        raise PermissionDenied
    return show_list(request, filters)


def show_list(request, filters, form=None):
    """The list page; form: a bulk decision that could not be taken so."""
    filters.offer()
    page = filters.page(request.GET)
    here = with_query(request, "", without=("action",))
    context = {
        "title": title_of(request.user),
        "filters": filters,
        "tabs": _tabs(filters),
        "form": form,
        "ticked": form.ticked if form else (),
        "lines": lines(page.rows, filters.model, request.user),
        "table": f"approvals/{TABLES.get(filters.chosen, '_work_items')}.html",
        "query": here,
        "previous_url": _page_url(request, "before", page.before),
        "next_url": _page_url(request, "after", page.after),
    }
    if filters.model is WorkItem and page.rows:
        context |= _selecting(request)
    return render(request, "approvals/work_items.html", context)


def title_of(person) -> str:
    """What the work list is called for `person`; who decides nothing has proposals only."""
    return _("My work items") if may_decide(person) else _("My proposals")


@require_POST
@decider_required
def claim(request, pk=None):
    """Claim the work item, or those ticked on the list."""
    results = claims.claim_all(_chosen(request, pk), by=request.user)
    done = sum(result.done for result in results)
    text = ngettext("%(count)s work item claimed.", "%(count)s work items claimed.", done)
    return _told(request, pk, results, text % {"count": done})


@require_POST
@decider_required
def release(request, pk=None):
    """Release the work item, or those ticked on the list."""
    results = claims.release_all(_chosen(request, pk), by=request.user)
    done = sum(result.done for result in results)
    text = ngettext("%(count)s work item released.", "%(count)s work items released.", done)
    return _told(request, pk, results, text % {"count": done})


def _chosen(request, pk):
    return [pk] if pk else list(Selection(request.POST).revisions)


def _told(request, pk, results, text):
    if any(result.done for result in results):
        messages.success(request, text)
    reasons = list(dict.fromkeys(result.refusal for result in results if not result.done))
    for reason in reasons[:REASONS]:
        messages.error(request, reason)
    if not results:
        messages.error(request, _("Select at least one work item."))
    page = reverse("approvals:decide", args=[pk]) if pk else reverse("approvals:work_items")
    return redirect(with_query(request, page))


def _tabs(filters):
    desk = filters.desk
    counts = {view: desk.count(view) for view in desk.views if view != View.DECIDED}
    for_others = counts.get(View.ON_BEHALF) or desk.absent.pairs
    return [
        {
            "text": view.label,
            "count": min(counts[view], COUNT_LIMIT) if view in counts else None,
            "more": counts.get(view, 0) > COUNT_LIMIT,
            "url": f"{reverse('approvals:work_items')}?view={view.value}",
            "current": view == filters.chosen,
        }
        for view in desk.views
        if view != View.ON_BEHALF or for_others or view == filters.chosen
    ]


def _selecting(request):
    """What can be done with ticked work items, or with all of the list."""
    decide_url = with_query(request, reverse("approvals:work_items_decide"))
    return {
        "decide_url": decide_url,
        "actions": _bulk_actions(request),
        # What comes to the list after this page was read is newer than every work item now.
        "up_to": WorkItem.objects.aggregate(newest=Max("pk"))["newest"],
        "limit": COUNT_LIMIT,
    }


def _bulk_actions(request):
    actions = [
        _bulk_action(action.label, icon, name="action", value=action.value)
        for action, icon in ICONS.items()
    ]
    # Where no group decides alone, nothing can be claimed.
    if WorkflowStep.objects.filter(policy=Policy.SINGLE, groups__isnull=False).exists():
        claim_url = with_query(request, reverse("approvals:claim_selected"))
        release_url = with_query(request, reverse("approvals:release_selected"))
        actions.append(_bulk_action(_("Claim"), "person", post=claim_url))
        actions.append(_bulk_action(_("Release"), "left", post=release_url))
    return actions


def _bulk_action(text, icon, **how):
    return {"text": text, "icon": icon, "form": "decisions", **how}


def _page_url(request, way, row_id):
    if row_id is None:
        return ""
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query[way] = row_id
    return f"{reverse('approvals:work_items')}?{query.urlencode()}"
