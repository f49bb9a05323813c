"""Delegate: the page on which somebody hands a work item on to be decided on his behalf."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ..deciding import delegating
from ..deciding.cases import Voter
from ..models import WorkItem
from ..outcomes import Refused
from ..pages.people_forms import DelegateForm
from ..pages.work_item_lines import work_item_lines
from ..values import person_name


@require_http_methods(["GET", "HEAD", "POST"])
def delegate(request, pk):
    """Ask to whom a work item goes, and why; then hand it on."""
    item = _find(request, pk)
    try:
        people = delegating.candidates(pk, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(reverse("approvals:decide", args=[pk]))
    form = DelegateForm(request.POST or None, people=people)
    if request.method == "POST" and form.is_valid() and _done(request, item, form):
        return redirect("approvals:work_items")
    [line] = work_item_lines([item], request.user)
    context = {"line": line, "form": form, "people": people}
    return render(request, "approvals/delegate.html", context)


def _find(request, pk):
    """The work item. Raises PermissionDenied for whoever neither has it nor stands in for him."""
    found = WorkItem.objects.select_related("assignee", "step_run__step", "proposal__version")
    item = get_object_or_404(found, pk=pk)
    voter = Voter(request.user, [])
    if not voter.may_decide or not voter.holds(item, item.proposal):
        raise PermissionDenied
    return item


def _done(request, item, form) -> bool:
    to, comment = form.cleaned_data["to"], form.cleaned_data["comment"]
    try:
        delegating.delegate(item.pk, to, comment, by=request.user)
    except Refused as refused:
        form.add_error(None, str(refused))
        return False
    text = _("%(account)s: delegated to %(who)s.")
    messages.success(request, text % {"account": item.record_key, "who": person_name(to)})
    return True
