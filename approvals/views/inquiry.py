"""The inquiry over all proposals, and how long they took; for administrators and auditors."""

from functools import wraps

from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .. import registry
from ..imports.files import write_csv
from ..models import State
from ..models.permissions import may_administer, may_inquire, may_view_record
from ..pages import cycle_times as times
from ..pages import inquiry as proposals
from ..templatetags.approval_tags import state_badge
from .downloads import download


def inquiry_required(view):
    """Refuse whoever may not see everybody's proposals and all history."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        models = [governed.model for governed in registry.all_governed()]
        sees_all = all(may_view_record(model, request.user) for model in models)
        if not (sees_all and may_inquire(request.user)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return wrapped


@require_safe
@inquiry_required
def inquiry(request):
    """List the proposals that the query string asks for; with `format=csv` as a file."""
    form = proposals.InquiryForm(request.GET)
    if request.GET.get("format") == "csv":
        rows = proposals.csv_rows(form.ordered())
        name = f"proposals-{timezone.localdate():%Y-%m-%d}.csv"
        return download(write_csv(proposals.csv_headers(), rows), name)
    page = form.page(request.GET)
    # Only the first page counts: it costs more than the page itself.
    totals = None if page.before else form.totals()
    context = {
        "form": form,
        "lines": proposals.lines(page.rows),
        "totals": list(_totals(request, form, totals)),
        "administers": may_administer(request.user),
        "actions": _actions(request),
        "previous_url": _url(request, before=page.before) if page.before else "",
        "next_url": _url(request, after=page.after) if page.after else "",
    }
    return render(request, "approvals/inquiry.html", context)


@require_safe
@inquiry_required
def cycle_times(request):
    """Show how long proposals took, by workflow version and step, and how they ended."""
    form = times.CycleTimesForm(request.GET)
    versions, steps = form.versions(), form.steps()
    context = {"form": form, "versions": versions, "steps": steps}
    return render(request, "approvals/cycle_times.html", context)


def _totals(request, form, counts):
    """A chip for each state that leads to its proposals; without counts where there are none."""
    chosen = form.cleaned_data.get("state", "")
    everything = sum(counts.values()) if counts is not None else None
    yield _chip(request, "", _("All"), everything, chosen)
    for state in State:
        count = counts.get(state, 0) if counts is not None else None
        if count or count is None or state == chosen:
            yield _chip(request, state.value, state_badge(state)["text"], count, chosen)


def _chip(request, state, text, count, chosen):
    url = _url(request, state=state)
    return {"text": text, "count": count, "url": url, "current": state == chosen}


def _actions(request):
    return [
        {
            "text": _("Cycle times"),
            "icon": "pending",
            "url": reverse("approvals:cycle_times"),
        },
        {"text": _("Export CSV"), "icon": "download", "url": _url(request, format="csv")},
    ]


def _url(request, **changed):
    """The inquiry as it is filtered now, but for `changed`; without a page it is the first."""
    query = request.GET.copy()
    for name in ("after", "before", "format"):
        query.pop(name, None)
    for name, value in changed.items():
        query[name] = value
    return f"{request.path}?{query.urlencode()}"
