"""Workflow history: of a record, of one proposal, of one field; as a timeline and as CSV."""

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .. import registry
from ..imports.files import write_csv
from ..links import history_url, proposed_changes_url
from ..models import Proposal
from ..models.permissions import may_view_record
from ..pages import field_history, history_list, inquiry, people, queries, timeline
from .downloads import download


@require_safe
def record_history(request, record):
    """Show the whole history of `record`, newest first.

    The app of the record routes to it, once it has found the record.
    """
    _require_view(request, record)
    form = history_list.HistoryForm(request.GET, queries.history_of(record), type(record))
    context = {"actions": [_export(request)]}
    return _history(request, record, form, slugify(record.folded_key, allow_unicode=True), context)


@require_safe
def proposal_history(request, pk):
    """Show what happened to one proposal, and what it is about."""
    proposal = _find(pk)
    record = proposal.record
    _require_view(request, record)
    people.tell_apart([proposal.created_by, proposal.submitted_by])
    events = queries.history_of(record).filter(proposal=proposal)
    form = history_list.HistoryForm(request.GET, events, type(record), of_record=False)
    context = {
        "proposal": proposal,
        "changes": _changes(proposal),
        "actions": [_export(request), *_onward(record, proposal)],
    }
    return _history(request, record, form, str(proposal.pk), context)


@require_safe
def record_field_history(request, record, name):
    """Show the values of one field of `record` over time, who approved each, and what they saw.

    The app of the record routes to it, once it has found the record.
    """
    _require_view(request, record)
    if name not in registry.get(record).fields:
        raise Http404
    told = field_history.of_field(record, name, request.GET)
    context = {
        "record": record,
        "told": told,
        "actions": [_of_all_fields(record, name)],
        "pages": _pages(request, "before", told.in_force),
        "proposed_pages": _pages(request, "proposed_before", told.not_in_force),
    }
    return render(request, "approvals/field_history.html", context)


def _of_all_fields(record, name):
    url = f"{history_url(record)}?{urlencode({'field': name})}"
    return {"text": _("Workflow history"), "icon": "history", "url": url}


def _pages(request, name, page) -> dict:
    """Where the newest ones are, and older ones. name: which part of the page is turned over."""
    return {
        "newest": _url(request, name) if request.GET.get(name) else "",
        "older": _url(request, name, **{name: page.after}) if page.after else "",
    }


def _history(request, record, form, stem, context):
    """The timeline that the query string asks for, or with `format=csv` all of it as a file."""
    events = form.filtered()
    if request.GET.get("format") == "csv":
        rows = history_list.csv_rows(events, type(record))
        return download(write_csv(history_list.csv_headers(), rows), f"history-{stem}.csv")
    page = history_list.page(events, request.GET)
    context |= {
        "record": record,
        "form": form,
        "entries": timeline.entries(page.events, type(record)),
        "newest_url": _url(request, "before") if request.GET.get("before") else "",
        "older_url": _url(request, "before", before=page.after) if page.after else "",
    }
    return render(request, "approvals/history.html", context)


def _url(request, without, **changed):
    """The page as it is now, but for `changed` and without what turned it over."""
    query = request.GET.copy()
    query.pop(without, None)
    query.update({name: str(value) for name, value in changed.items()})
    return f"{request.path}?{query.urlencode()}"


def _export(request):
    return {
        "text": _("Export CSV"),
        "icon": "download",
        "url": _url(request, "before", format="csv"),
    }


def _onward(record, proposal):
    """Where else one may look from a proposal's history."""
    if proposal.is_open:
        url = proposed_changes_url(record)
        yield {"text": _("Proposed changes"), "icon": "changes", "url": url}
    yield {"text": _("All history"), "icon": "history", "url": history_url(record)}


def _changes(proposal):
    governed = registry.for_content_type(proposal.content_type)
    changes = proposal.changes.order_by("id")
    return [inquiry.shown_change(governed, change) for change in changes]


def _find(pk) -> Proposal:
    related = ("content_type", "version__workflow", "submitted_by", "created_by", "import_job")
    return get_object_or_404(Proposal.objects.select_related(*related), pk=pk)


def _require_view(request, record):
    if not may_view_record(type(record), request.user):
        raise PermissionDenied
