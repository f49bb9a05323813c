"""One customer: the page, the history, what is proposed."""

from django.contrib.auth.decorators import permission_required
from django.db.models import ForeignKey
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from approvals.changes import read_rules
from approvals.pages import timeline
from approvals.pages.queries import history_of, open_proposals
from approvals.registry import HELD
from approvals.views.history import record_field_history, record_history
from approvals.views.proposed_changes import proposed_changes as proposed_changes_of

from ..models import Customer
from ..new_customers import heading
from ..tabs import detail_tabs, notes_of
from .customer_form import may_edit

NEWEST = 10

may_view = permission_required("customers.view_customer", raise_exception=True)


@require_safe
@may_view
def detail(request, pk):
    """Show a customer: values, what is proposed, the newest history."""
    references = [f.name for f in Customer._meta.fields if isinstance(f, ForeignKey)]
    customer = get_object_or_404(Customer.objects.select_related(*references), pk=pk)
    cards = open_proposals(customer, request.user)
    newest = list(history_of(customer)[: NEWEST + 1])
    context = {
        "customer": customer,
        "heading": heading(customer),
        "cards": cards,
        "not_proposed": customer.held and HELD not in notes_of(cards),
        "tabs": detail_tabs(customer, read_rules(Customer).fields, notes_of(cards)),
        "actions": _actions(request.user, customer, cards),
        "entries": timeline.entries(newest[:NEWEST], Customer),
        "more_entries": len(newest) > NEWEST,
    }
    return render(request, "customers/detail.html", context)


@may_view
def history(request, pk):
    """Show a customer's whole history; the engine's page filters it and makes a file of it."""
    return record_history(request, get_object_or_404(Customer, pk=pk))


@may_view
def field_history(request, pk, name):
    """Show the history of one field of a customer; the engine's page tells it."""
    return record_field_history(request, get_object_or_404(Customer, pk=pk), name)


def proposed_changes(request, pk):
    """Show what is proposed for a customer; the engine's page asks for the permission."""
    return proposed_changes_of(request, get_object_or_404(Customer, pk=pk))


def _actions(person, customer, cards):
    """What the viewer may do with the customer itself."""
    actions = []
    if may_edit(person, cards):
        url = reverse("customers:edit", args=[customer.pk])
        actions.append({"text": _("Edit"), "icon": "edit", "url": url, "primary": True})
    url = reverse("customers:history", args=[customer.pk])
    return [*actions, {"text": _("History"), "icon": "history", "url": url}]
