"""The notifications of the person who is logged in."""

from django.contrib.auth.decorators import permission_required
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ..models import Occasion
from ..notifying import readers
from ..notifying.outbox import absolute
from ..pages import paging

NEWEST_FIRST = paging.Sort(gettext_lazy("Newest first"), "pk", descending=True)
KINDS = {
    Occasion.APPLIED: "ok",
    Occasion.ASSIGNED: "pending",
    Occasion.REMINDED: "pending",
    Occasion.ESCALATED: "pending",
    Occasion.REJECTED: "returned",
    Occasion.CHANGE_REQUESTED: "returned",
    Occasion.CONFLICT: "failed",
}
reader_required = permission_required("approvals.view_proposal", raise_exception=True)


@require_safe
@reader_required
def notifications(request):
    """List them, newest first; only those not read yet with `show=unread`."""
    mine = readers.readable(request.user)
    only_unread = request.GET.get("show") == "unread"
    rows = mine.filter(read_at=None) if only_unread else mine
    page = paging.page(rows, NEWEST_FIRST, request.GET)
    context = {
        "lines": [(row, KINDS.get(row.occasion, "draft"), _lines(row)) for row in page.rows],
        "only_unread": only_unread,
        # Whatever comes in after the page was shown stays unread.
        "up_to": mine.filter(read_at=None).values_list("pk", flat=True).first(),
        "previous_url": _page_url(only_unread, "before", page.before),
        "next_url": _page_url(only_unread, "after", page.after),
    }
    return render(request, "approvals/notifications.html", context)


@require_safe
@reader_required
def notification(request, pk):
    """Show the text of one; it counts as read then."""
    found = _mine(request, pk)
    readers.mark_read(readers.readable(request.user).filter(pk=pk))
    context = {"notification": found, "text": _lines(found)}
    return render(request, "approvals/notification.html", context)


@require_safe
@reader_required
def open_notification(request, pk):
    """Lead to the page that a notification is about; it counts as read then."""
    found = _mine(request, pk)
    if not found.url:
        return redirect("approvals:notification", pk)
    readers.mark_read(readers.readable(request.user).filter(pk=pk))
    return redirect(found.url)


@require_POST
@reader_required
def read_notifications(request):
    """Mark those as read that the person has seen in the list, and go back to it."""
    up_to = paging.read_id(request.POST.get("up_to"))
    if up_to:
        readers.mark_read(readers.readable(request.user).filter(pk__lte=up_to))
    return redirect("approvals:notifications")


def _mine(request, pk):
    return get_object_or_404(readers.readable(request.user), pk=pk)


def _lines(notification) -> list[tuple[str, str]]:
    """The lines of a text, each with the path that it leads to where it is an address of ours."""
    site = absolute("/")
    return [
        (line, f"/{line.removeprefix(site)}" if line.startswith(site) else "")
        for line in notification.body.splitlines()
    ]


def _page_url(only_unread, name, pk):
    if pk is None:
        return ""
    show = "show=unread&" if only_unread else ""
    return f"{reverse('approvals:notifications')}?{show}{name}={pk}"
