"""My work items, and what an approver decides there."""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from .. import cases, decisions, queries, timeline, work_list
from ..decision_forms import BulkDecisionForm, ItemDecisionForm
from ..decisions import Vote, VoteResult
from ..models import Action, ItemState, State, WorkItem
from ..models.permissions import may_decide
from ..work_list import WorkListForm

ICONS = {Action.APPROVE: "ok", Action.REJECT: "close", Action.REQUEST_CHANGE: "returned"}
BATCH = 2000
GARBLED = gettext_lazy("Nothing was decided. Please choose again.")
MOVED = gettext_lazy(
    "The customer has changed since these changes were submitted, so they cannot be approved."
    " Request a change, or reject them."
)
page_or_post = require_http_methods(["GET", "HEAD", "POST"])


def decider_required(view):
    """Refuse whoever may not decide work items."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if not may_decide(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return wrapped


@require_safe
@decider_required
def work_items(request):
    """List the open work items of the person who is logged in, oldest first."""
    return _list(request, WorkListForm(request.GET, request.user), BulkDecisionForm())


@page_or_post
@decider_required
def work_items_decide(request):
    """Decide the ticked work items, or all of a list; show what became of each."""
    if request.method != "POST":
        # Such as after a login that came between.
        return redirect(_with_query(request, reverse("approvals:work_items")))
    filters = WorkListForm(request.GET, request.user)
    form = BulkDecisionForm(request.POST)
    if form.is_garbled:
        messages.error(request, GARBLED)
    if not form.is_valid():
        return _list(request, filters, form)
    results = _decide_many(form.votes(filters.items()), form.cleaned_data, by=request.user)
    context = _results(request, form.cleaned_data["action"], results)
    return render(request, "approvals/decide_result.html", context)


@page_or_post
@decider_required
def decide(request, pk):
    """Show one work item with everything that matters to the decision, and take it."""
    found = WorkItem.objects.select_related("assignee", "step_run__step", "proposal")
    item = get_object_or_404(found, pk=pk)
    if item.assignee != request.user and not request.user.has_perm("approvals.administer_workflow"):
        raise PermissionDenied
    if request.method == "POST":
        return _take_decision(request, item)
    return _decide_page(request, item)


def _list(request, filters, form):
    items = filters.items()
    totals = items.order_by().aggregate(count=Count("pk"), up_to=Max("pk"))
    page = work_list.page(items, request.GET)
    context = {
        "filters": filters,
        "form": form,
        "lines": queries.work_item_lines(page.items),
        "count": totals["count"],
        "up_to": totals["up_to"] if filters.import_id else None,
        "actions": _bulk_actions() if page.items else [],
        "decide_url": _with_query(request, reverse("approvals:work_items_decide")),
        "previous_url": _page_url(request, "before", page.before),
        "next_url": _page_url(request, "after", page.after),
        "import_query": _import_query(filters),
    }
    return render(request, "approvals/work_items.html", context)


def _decide_many(votes, given, by):
    """Decide batch by batch: others wait for the locks of one."""
    results = []
    for start in range(0, len(votes), BATCH):
        batch = votes[start : start + BATCH]
        moved = _moved(batch, by) if given["action"] == Action.APPROVE else {}
        results += moved.values()
        batch = [vote for vote in batch if vote.work_item_id not in moved]
        results += decisions.decide(batch, given["action"], by=by, comment=given["comment"])
    return results


def _moved(votes, by) -> dict[int, VoteResult]:
    """The votes that cannot approve, with why: nobody ticks himself past what is not offered."""
    items = queries.work_items_of(by).filter(pk__in=[vote.work_item_id for vote in votes])
    moved = [line for line in queries.work_item_lines(items) if line.moved]
    return {
        line.item.pk: VoteResult(line.item.pk, line.proposal.pk, False, str(MOVED))
        for line in moved
    }


def _bulk_actions():
    return [
        {
            "text": action.label,
            "icon": icon,
            "form": "decisions",
            "name": "action",
            "value": action.value,
        }
        for action, icon in ICONS.items()
    ]


def _with_query(request, url):
    query = request.GET.urlencode()
    return f"{url}?{query}" if query else url


def _page_url(request, way, item_id):
    if item_id is None:
        return ""
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query[way] = item_id
    return f"{reverse('approvals:work_items')}?{query.urlencode()}"


def _import_query(filters):
    return f"import={filters.import_id}" if filters.import_id else ""


def _results(request, action, results):
    items = WorkItem.objects.select_related("proposal").prefetch_related("proposal__record")
    items = items.filter(assignee=request.user).in_bulk([r.work_item_id for r in results])
    lines = [(result, items.get(result.work_item_id)) for result in results]
    done = sum(result.done and not result.conflict for result in results)
    conflicts = sum(result.conflict for result in results)
    return {
        "action": Action(action),
        # What needs another look stands first.
        "lines": sorted(lines, key=lambda line: (line[0].done, not line[0].conflict)),
        "done": done,
        "conflicts": conflicts,
        "failed": len(results) - done - conflicts,
        "back_url": _with_query(request, reverse("approvals:work_items")),
    }


def _take_decision(request, item):
    form = ItemDecisionForm(request.POST)
    if form.is_garbled:
        messages.error(request, GARBLED)
        return _decide_page(request, item, comment=form.data.get("comment", ""))
    if not form.is_valid():
        return _decide_page(request, item, form)
    given = form.cleaned_data
    [result] = decisions.decide(
        [Vote(item.pk, given["revision"])],
        given["action"],
        by=request.user,
        comment=given["comment"],
    )
    if not result.done:
        messages.error(request, result.message)
        item = WorkItem.objects.select_related("step_run__step", "proposal").get(pk=item.pk)
        return _decide_page(request, item, comment=given["comment"])
    text = _("%(account)s: %(message)s")
    tell = messages.warning if result.conflict else messages.success
    tell(request, text % {"account": item.record_key, "message": result.message})
    return redirect(_onward_url(request, item))


def _onward_url(request, item):
    """The next work item where that was asked for and there is one; else the list."""
    filters = WorkListForm(request.GET, request.user)
    url = reverse("approvals:work_items")
    if "next" in request.POST and (further := work_list.following(filters.items(), item)):
        url = reverse("approvals:decide", args=[further.pk])
    query = _import_query(filters)
    return f"{url}?{query}" if query else url


def _decide_page(request, item, form=None, comment=""):
    [line] = queries.work_item_lines([item])
    filters = WorkListForm(request.GET, request.user)
    context = {
        "line": line,
        "contributors": _contributors(line.proposal),
        "entries": _history(line),
        "import_query": _import_query(filters),
        "closed": "" if _is_open(line) else cases.too_late(line.proposal, item.step_run, item),
        "is_own": item.assignee_id == request.user.pk,
    }
    if context["is_own"] and not context["closed"]:
        context |= _decision_context(request, line, form, comment)
        context["has_next"] = work_list.following(filters.items(), item) is not None
    return render(request, "approvals/decide.html", context)


def _is_open(line):
    return line.item.state == ItemState.OPEN and line.proposal.state == State.PENDING


def _decision_context(request, line, form, comment):
    """The actions offered, the one chosen, and its form."""
    offered = [action for action in Action if action != Action.APPROVE or not line.moved]
    asked = request.POST.get("action") or request.GET.get("action")
    chosen = Action(asked) if asked in offered else offered[-1 if line.moved else 0]
    initial = {
        "action": chosen.value,
        "comment": comment,
        "revision": line.proposal.revision,
    }
    form = form or ItemDecisionForm(initial=initial, auto_id="decision_%s")
    form.fields["comment"].required = decisions.needs_comment(chosen)
    query = request.GET.copy()
    return {"form": form, "chosen": chosen, "actions": _choices(offered, chosen, query)}


def _choices(offered, chosen, query):
    choices = []
    for action in offered:
        query["action"] = action.value
        choices.append(
            {
                "text": action.label,
                "icon": ICONS[action],
                "url": f"?{query.urlencode()}",
                "current": action == chosen,
            }
        )
    return choices


def _contributors(proposal):
    """Everyone who had a hand in a proposal, each once, with how."""
    found = {}
    for contributor in proposal.contributors.select_related("person").order_by("pk"):
        found.setdefault(contributor.person, []).append(contributor.get_role_display())
    return [(person, ", ".join(roles)) for person, roles in found.items()]


def _history(line):
    events = queries.history_of(line.record).filter(proposal=line.proposal)
    return timeline.entries(events, type(line.record))
