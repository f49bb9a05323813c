"""The list of customers: search, filters, order, a page at a time."""

from django.contrib.auth.decorators import permission_required
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from approvals.pages.queries import pending_keys

from .. import listing, new_customers
from ..models import Customer


@require_safe
@permission_required("customers.view_customer", raise_exception=True)
def customers(request):
    """Show the customers that the query string asks for; all of the page's state is in it."""
    form = listing.ListForm(request.GET)
    queryset = form.customers()
    page = listing.page(queryset, form.order, request.GET)
    context = {
        "form": form,
        "rows": _rows(form, page),
        "columns": {name: _column(request, form.order, name) for name in listing.SORTABLE},
        "previous_url": _url(request, before=page.before) if page.before else "",
        "next_url": _url(request, after=page.after) if page.after else "",
        "summary": _summary(queryset, page),
        "narrowed": any(form.cleaned_data.get(name) for name in listing.FILTERS),
        "actions": _actions(request),
    }
    return render(request, "customers/list.html", context)


def _rows(form, page):
    states = pending_keys(Customer, [customer.pk for customer in page.rows])
    names = new_customers.names(page.rows)
    return [
        {
            "customer": customer,
            "proposed_name": names.get(customer.pk, ""),
            "group": form.groups.get(customer.customer_group_id, ""),
            "country": form.countries.get(customer.country_id, ""),
            "on_hold": customer.on_hold not in listing.FREE,
            "states": states.get(customer.pk, ()),
        }
        for customer in page.rows
    ]


def _column(request, sort, name):
    """A column's heading: its label, how it is sorted, and where a click on it leads."""
    current, down = sort.removeprefix("-"), sort.startswith("-")
    sorted_now = "" if current != name else "descending" if down else "ascending"
    return {
        "label": listing.SORTABLE[name],
        "sort": sorted_now,
        "url": _url(request, sort=f"-{name}" if sorted_now == "ascending" else name),
    }


def _url(request, **changed):
    """The list as it is now, but for `changed`; without a page it begins at the first."""
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changed.items():
        query[name] = value
    return f"{request.path}?{query.urlencode()}"


def _summary(queryset, page):
    """How many there are. Only the first page says it: counting a search costs another search."""
    if page.before:
        return ""
    if not page.after:
        count = len(page.rows)
        return ngettext("%(count)s customer", "%(count)s customers", count) % {"count": count}
    count = listing.counted(queryset)
    if count > listing.COUNT_LIMIT:
        return _("More than %(count)s customers") % {"count": f"{listing.COUNT_LIMIT:n}"}
    return _("%(count)s customers") % {"count": count}


def _actions(request):
    person, actions = request.user, []
    if person.has_perm("customers.add_customer"):
        new = {"text": _("New"), "icon": "plus", "url": reverse("customers:create")}
        actions.append(new | {"primary": True})
    if person.has_perm("customers.import_customer"):
        url = reverse("customers:import")
        actions.append({"text": _("Import"), "icon": "upload", "url": url})
    if person.has_perm("customers.export_customer"):
        menu = [_export(request, "csv", "CSV"), _export(request, "xlsx", "XLSX")]
        actions.append({"text": _("Export"), "icon": "download", "menu": menu})
    return actions


def _export(request, file_format, name):
    query = request.GET.copy()
    query["format"] = file_format
    return {"text": name, "url": f"{reverse('customers:export')}?{query.urlencode()}"}
