"""The home page: what a person can do, and what waits."""

from django.db.models import Count
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from approvals.models import EDITABLE, Proposal, State
from approvals.models.permissions import may_decide, may_inquire
from approvals.pages.desk import COUNT_LIMIT, Desk, View


def home(request):
    """Show a tile for each place the person may go to."""
    person, tiles = request.user, []
    if person.has_perm("customers.view_customer"):
        tiles.append(
            _tile("customers:list", _("Customers"), _("All of them, and what is proposed."))
        )
    if may_decide(person):
        count = _capped(Desk(person).count(View.WAITING))
        text = _("Proposed changes that wait for your decision.")
        tiles.append(_tile("approvals:work_items", _("My work items"), text, count))
    if person.has_perm("approvals.submit_proposal"):
        tiles += _proposal_tiles()
    if person.has_perm("customers.import_customer"):
        text = _("From a CSV or XLSX file, with a preview.")
        tiles.append(_tile("customers:import", _("Import customers"), text))
    if may_inquire(person):
        text = _("All of them: who holds them, since when, how they ended.")
        tiles.append(_tile("approvals:inquiry", _("Proposals"), text))
    if person.is_staff:
        tiles += _admin_tiles(person)
    return render(request, "home.html", {"tiles": tiles})


def _capped(count):
    return f"{COUNT_LIMIT}+" if count > COUNT_LIMIT else count


def _proposal_tiles():
    states = Proposal.objects.filter(state__in=EDITABLE).values_list("state")
    counts = dict(states.annotate(Count("pk")).order_by())
    draft = counts.pop(State.NOT_SUBMITTED, 0)
    returned = sum(counts.values())
    text = _("Proposed changes that were rejected or are to be changed.")
    return [
        _changes_tile("not_submitted", _("Not submitted"), _("Proposed changes to submit."), draft),
        _changes_tile("returned", _("Returned"), text, returned),
    ]


def _admin_tiles(person):
    tiles = []
    if may_inquire(person):
        text = _("Who did what, when and why: customers, workflows, parameters.")
        name = "admin:approvals_workflowevent_changelist"
        tiles.append(_tile(name, _("Workflow history"), text))
    text = _("In Django admin, as far as your rights go.")
    return [*tiles, _tile("admin:index", _("Setup and inquiry"), text)]


def _changes_tile(changes, title, text, count):
    return _tile("customers:list", title, text, count, query=f"?changes={changes}")


def _tile(name, title, text, count=None, query=""):
    return {"title": title, "text": text, "count": count, "url": reverse(name) + query}
