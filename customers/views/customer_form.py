"""The form of a customer: to create and to edit. What is meant goes to the door."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from approvals import registry
from approvals.changes import (
    change_records,
    plan_changes,
    read_rules,
    version_of,
)
from approvals.links import proposed_changes_url
from approvals.outcomes import BROWSER, Change
from approvals.pages.queries import event_lines, history_of, open_proposals
from approvals.registry import HELD
from approvals.templatetags.approval_tags import person

from ..forms import CustomerForm
from ..models import Customer
from ..new_customers import heading
from ..tabs import edit_tabs, notes_of, notes_of_events

takes_form = require_http_methods(["GET", "HEAD", "POST"])


def may_edit(viewer, cards) -> bool:
    """Whether `viewer` may edit a customer: at all, or what he imported for it."""
    if viewer.has_perm("customers.change_customer"):
        return True
    return any("edit" in card.can for card in cards)


@takes_form
@permission_required(("customers.view_customer", "customers.add_customer"), raise_exception=True)
def create(request):
    """Create a customer under the account that the person gives."""
    form = CustomerForm(request.POST if request.method == "POST" else None, record=Customer())
    if form.is_bound and not form.is_valid():
        [plan] = plan_changes(Customer, [_creation(form)], by=request.user, source=BROWSER)
        form.take_errors(plan.errors)
    elif form.is_bound:
        [outcome] = change_records(Customer, [_creation(form)], by=request.user, source=BROWSER)
        if not outcome.failed:
            tell(request, outcome)
            page = "proposed_changes" if outcome.held else "detail"
            return redirect(f"customers:{page}", outcome.record_id)
        form.take_errors(outcome.errors)
    cancel_url = reverse("customers:list")
    title = _("New customer")
    context = {"title": title, "heading": title, "cancel_url": cancel_url}
    return _render(request, form, {}, context)


@takes_form
@permission_required("customers.view_customer", raise_exception=True)
def edit(request, pk):
    """Change a customer; changes of governed fields become proposed changes."""
    customer = get_object_or_404(Customer, pk=pk)
    if not may_edit(request.user, SimpleLazyObject(lambda: open_proposals(customer, request.user))):
        raise PermissionDenied
    if request.method == "POST":
        return _save(request, customer)
    seen = _seen(customer)
    customer.refresh_from_db()
    return _render_edit(request, CustomerForm(record=customer), customer, seen)


def _creation(form) -> Change:
    values = form.filled()
    return Change(values.pop("account", ""), values, new=True)


def _save(request, customer):
    form = CustomerForm(request.POST, record=customer)
    if not form.is_valid():
        change = Change(customer.account, form.meant())
        [plan] = plan_changes(Customer, [change], by=request.user, source=BROWSER)
        form.take_errors(plan.errors)
        return _render_edit(request, form, customer, request.POST)
    change = Change(customer.account, form.meant(), seen=request.POST.get("version", ""))
    outcome = change_records(Customer, [change], by=request.user, source=BROWSER)[0]
    if outcome.stale:
        # What is so by now, such as after a second click on Save, needs no question.
        change = change._replace(seen=None)
        outcome = plan_changes(Customer, [change], by=request.user, source=BROWSER)[0]
        if outcome.status != "unchanged":
            return _show_both(request, form, customer)
    if outcome.errors:
        form.take_errors(outcome.errors)
        return _render_edit(request, form, customer, request.POST)
    tell(request, outcome)
    open_now = outcome.proposed or outcome.waiting
    return redirect(proposed_changes_url(customer) if open_now else customer)


def _seen(customer) -> dict:
    """What a form carries so that a save can tell what others did since.

    Read before the values that the form shows: who saves in between makes the form
    out of date, never unnoticed.
    """
    newest = history_of(customer).values_list("pk", flat=True).first()
    return {"version": version_of(customer), "newest_event": newest or 0}


def _show_both(request, form, customer):
    """Somebody else has saved: show that beside what the person typed, and save nothing yet."""
    lines = _events_since(customer, request.POST.get("newest_event", ""))
    seen = _seen(customer)
    customer.refresh_from_db()
    messages.warning(request, _overtaken(lines))
    return _render_edit(request, form.renewed(customer), customer, seen, notes_of_events(lines))


def _overtaken(lines) -> str:
    who = sorted({person(line.event.actor) for line in lines}) or [_("Somebody else")]
    text = _(
        "%(who)s saved this customer while you were typing. Nothing of yours has been saved yet."
        " See what stands under the fields now, then save again to keep what you typed."
    ) % {"who": ", ".join(who)}
    if not lines:
        return text
    labels = dict.fromkeys(capfirst(line.label) for line in reversed(lines))
    return _("%(text)s Changed meanwhile: %(fields)s.") % {
        "text": text,
        "fields": ", ".join(labels),
    }


def _events_since(customer, newest):
    """History lines about fields, newest first, that came after the one with id `newest`."""
    if not (newest.isascii() and newest.isdigit()):
        return []
    events = history_of(customer).filter(pk__gt=newest[:18]).exclude(field="")
    return event_lines(events[:200], Customer)


def _render_edit(request, form, customer, seen, meanwhile=None):
    cards = open_proposals(customer, request.user)
    context = {
        "title": str(customer),
        "heading": heading(customer),
        "customer": customer,
        "not_proposed": customer.held and HELD not in notes_of(cards),
        "cancel_url": customer.get_absolute_url(),
        "version": seen.get("version", ""),
        "newest_event": seen.get("newest_event", ""),
    }
    return _render(request, form, notes_of(cards) | (meanwhile or {}), context)


def _render(request, form, notes, context):
    form.focus()
    save = {"text": _("Save"), "icon": "save", "primary": True, "form": "customer-form"}
    cancel = {"text": _("Cancel"), "icon": "close", "url": context["cancel_url"]}
    rules = read_rules(Customer)
    needs_approval = "customer" in context or rules.approve_new
    # Where a new customer takes effect at once, nothing of it is marked.
    governed = rules.fields if needs_approval else ()
    tabs = edit_tabs(form, governed, notes)
    context |= {"form": form, "actions": [save, cancel], "tabs": tabs}
    context["needs_approval"] = needs_approval
    return render(request, "customers/form.html", context)


def tell(request, outcome):
    """Say what was saved, what needs approval, and what to look at."""
    if outcome.created:
        messages.success(request, _("Customer %(key)s has been created.") % {"key": outcome.key})
    elif outcome.direct:
        messages.success(request, _("Saved: %(fields)s.") % {"fields": _names(outcome.direct)})
    if outcome.proposed:
        text = _("Needs approval: %(fields)s. Submit the changes when they are complete.")
        messages.info(request, text % {"fields": _names(outcome.proposed)})
    if outcome.waiting:
        text = _("Already proposed with this value: %(fields)s.")
        messages.info(request, text % {"fields": _names(outcome.waiting)})
    if outcome.status == "unchanged" and not outcome.waiting:
        messages.info(request, _("Nothing was changed."))
    for note in outcome.notes:
        messages.info(request, note)
    for warning in outcome.warnings:
        messages.warning(request, warning.message)


def _names(changes):
    return ", ".join(_name(change.field) for change in changes)


def _name(field):
    if field == HELD:
        return _("the release of the new customer")
    return str(capfirst(registry.get(Customer).fields[field].verbose_name))
