"""Which customers the list shows: search, filters, order, and paging by key.

A page begins where another ended, at a value and an account, so that the last
page of a million costs what the first one does: no OFFSET, no count of everything.
"""

from dataclasses import dataclass
from itertools import chain, islice

from django import forms
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from approvals import values
from approvals.models import OPEN, RETURNED, Proposal, State

from . import new_customers
from .fields import compact, name_order
from .models import Country, Customer, CustomerGroup

PAGE_SIZE = 50
COUNT_LIMIT = 1000
SEARCH_LENGTH = 100
# Shorter ones are rather accounts that begin with two letters than VAT numbers.
WHOLE_NUMBER = 9
SORTABLE = {
    "account": _("Account"),
    "name": _("Name"),
    "customer_group": _("Group"),
    "country": _("Country/region"),
    "credit_limit": _("Credit limit"),
    "on_hold": _("On hold"),
}
ORDERS = [(order, order) for column in SORTABLE for order in (column, f"-{column}")]
HELD, FREE = "held", (Customer.OnHold.NO, Customer.OnHold.NEVER)
NEW = "new"
CHANGES = {
    "open": OPEN,
    "not_submitted": (State.NOT_SUBMITTED,),
    "pending": (State.PENDING,),
    "returned": RETURNED,
}


class ListForm(forms.Form):
    """The list's query string. A parameter that makes no sense counts as absent."""

    q = forms.CharField(label=_("Search"), required=False)
    group = forms.ChoiceField(label=_("Customer group"), required=False)
    country = forms.ChoiceField(label=_("Country/region"), required=False)
    on_hold = forms.ChoiceField(label=_("On hold"), required=False)
    changes = forms.ChoiceField(label=_("Proposed changes"), required=False)
    sort = forms.ChoiceField(choices=ORDERS, required=False, widget=forms.HiddenInput)

    def __init__(self, params):
        super().__init__(params, auto_id="filter_%s")
        self.groups, self.countries = _names(CustomerGroup), _names(Country)
        self.fields["group"].choices = _choices(self.groups.items())
        by_name = sorted(self.countries.items(), key=lambda pair: name_order(pair[1]))
        self.fields["country"].choices = _choices(by_name)
        held = (HELD, _("Held in any way"))
        self.fields["on_hold"].choices = _choices([held, *Customer.OnHold.choices])
        self.fields["changes"].choices = _choices(
            [
                ("open", _("With proposed changes")),
                ("not_submitted", _("Not submitted")),
                ("pending", _("Pending approval")),
                ("returned", _("Rejected or change requested")),
                (NEW, _("New customers")),
            ]
        )
        for name in ("group", "country", "on_hold", "changes"):
            self.fields[name].widget.attrs["data-submit-on-change"] = ""
        self.is_valid()

    @property
    def order(self) -> str:
        """The column to sort by; a minus in front of it turns the order round."""
        return self.cleaned_data.get("sort") or "account"

    def customers(self) -> QuerySet:
        """The customers asked for, in the order asked for."""
        wanted = {name: value for name, value in self.cleaned_data.items() if value}
        conditions = [FILTERS[name](value) for name, value in wanted.items() if name in FILTERS]
        column, up = _column(self.order)
        return _ordered(Customer.objects.filter(*conditions), column, up)


def filtered(params) -> QuerySet:
    """The customers that `params`, a query string of the list, asks for, in its order."""
    return ListForm(params).customers()


@dataclass(frozen=True)
class Page:
    """Some rows of a list, with tokens for the pages before and after; "" where there is none."""

    rows: list[Customer]
    before: str = ""
    after: str = ""


def page(queryset, sort: str, params) -> Page:
    """The page of `queryset` that begins after, or ends before, the token in `params`."""
    backwards = "before" in params
    start = _read_token(sort, params.get("before") if backwards else params.get("after"))
    backwards = backwards and start is not None
    rows = _walk(queryset, sort, start, backwards)
    if backwards and len(rows) < PAGE_SIZE:
        # Rows have gone meanwhile: a short page at the front is the first page.
        return page(queryset, sort, {})
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    has_before, has_after = (more, True) if backwards else (start is not None, more)
    return Page(
        rows,
        before=_token(sort, rows[0]) if rows and has_before else "",
        after=_token(sort, rows[-1]) if rows and has_after else "",
    )


def counted(queryset) -> int:
    """How many rows there are, counted no further than one beyond COUNT_LIMIT."""
    return queryset.order_by()[: COUNT_LIMIT + 1].count()


def _names(model) -> dict[str, str]:
    return dict(model.objects.values_list("code", "name"))


def _choices(pairs):
    return [("", _("All")), *pairs]


def _matches(text: str) -> Q:
    """Account begins with, name or e-mail contains, tax number begins with `text`."""
    shown = values.searchable(text[:SEARCH_LENGTH])
    found = Q(folded_key__startswith=values.fold_key(shown)) | Q(email__icontains=shown)
    for spelling in _spellings(shown):
        found |= Q(name__icontains=spelling) | Q(search_name__icontains=spelling)
        found |= Q(held=True, pk__in=new_customers.named_like(value__icontains=spelling))
    if number := compact(shown):
        found |= Q(tax_exempt_number__startswith=number)
        # Pasted with the country's prefix and stored without, or the other way round.
        if number[:2].isalpha() and len(number) >= WHOLE_NUMBER:
            found |= Q(tax_exempt_number__startswith=number[2:])
        elif len(number) >= WHOLE_NUMBER - 2:
            found |= Q(tax_exempt_number__endswith=number)
    return found


def _spellings(text) -> set[str]:
    """SQLite knows the case of ASCII letters only; elsewhere the others find nothing new."""
    if text.isascii():
        return {text}
    return {text, text.lower(), text.upper(), text.title()}


def _held(choice) -> Q:
    if choice == HELD:
        return ~Q(on_hold__in=FREE)
    return Q(on_hold=choice)


def _with_proposals(choice) -> Q:
    if choice == NEW:
        return Q(held=True)
    customers = ContentType.objects.get_for_model(Customer)
    proposals = Proposal.objects.filter(content_type=customers, state__in=CHANGES[choice])
    return Q(pk__in=proposals.values("object_id"))


FILTERS = {
    "q": _matches,
    "group": lambda code: Q(customer_group=code),
    "country": lambda code: Q(country=code),
    "on_hold": _held,
    "changes": _with_proposals,
}


def _column(sort: str) -> tuple[str, bool]:
    return sort.removeprefix("-"), not sort.startswith("-")


def _ordered(queryset, column, up):
    """Order by a column, empty last, and by account where it is equal."""
    tie = "account" if up else "-account"
    if column == "account":
        return queryset.order_by(tie)
    if not Customer._meta.get_field(column).null:
        return queryset.order_by(column if up else f"-{column}", tie)
    first = F(column).asc(nulls_last=True) if up else F(column).desc(nulls_first=True)
    return queryset.order_by(first, tie)


def _walk(queryset, sort, start, backwards) -> list[Customer]:
    """One row more than a page, from `start` on, in the order walked."""
    column, up = _column(sort)
    up = up != backwards
    stretches = [Q()] if start is None else _stretches(column, up, *start)
    found = (_ordered(queryset.filter(q), column, up)[: PAGE_SIZE + 1] for q in stretches)
    return list(islice(chain.from_iterable(found), PAGE_SIZE + 1))


def _stretches(column, up, value, account) -> list[Q]:
    """What lies beyond a row, in order, each a stretch that an index can walk by itself.

    The rows of equal value, those of a further value, those without a value; as one
    condition they would make the database read all that lies before.
    """
    beyond = "gt" if up else "lt"
    if column == "account":
        return [Q(**{f"account__{beyond}": account})]
    empty, tie = Q(**{f"{column}__isnull": True}), Q(**{f"account__{beyond}": account})
    if value is None:
        return [empty & tie] if up else [empty & tie, ~empty]
    stretches = [Q(**{column: value}) & tie, Q(**{f"{column}__{beyond}": value})]
    if up and Customer._meta.get_field(column).null:
        stretches.append(empty)
    return stretches


def _token(sort, row) -> str:
    field = Customer._meta.get_field(_column(sort)[0])
    text = values.encode(field, field.value_from_object(row))
    return signing.dumps([sort, text, row.account], salt=__name__)


def _read_token(sort, token):
    """The value and account that a token stands for; None, the beginning, for any other text."""
    try:
        sorted_by, text, account = signing.loads(token or "", salt=__name__)
    except signing.BadSignature:
        return None
    field = Customer._meta.get_field(_column(sort)[0])
    return (values.decode(field, text), account) if sorted_by == sort else None
