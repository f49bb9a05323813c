"""New customers that are held until approved: what they are called meanwhile."""

from collections.abc import Iterable

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from approvals.models import ProposedChange

from .models import Customer


def names(customers: Iterable[Customer]) -> dict[int, str]:
    """The names proposed for those customers that are held and have none yet, by id."""
    nameless = [c.pk for c in customers if c.held and not c.name]
    if not nameless:
        return {}
    return dict(_proposed_names().filter(object_id__in=nameless).values_list("object_id", "value"))


def named_like(**lookup) -> QuerySet:
    """The ids of customers for whom a name is proposed that fits a lookup of its `value`."""
    return _proposed_names().filter(**lookup).values("object_id")


def heading(customer: Customer) -> str:
    """What a customer's pages are headed with: account and name, also one not yet approved."""
    if not customer.held:
        return f"{customer.account} : {customer.name}"
    name = customer.name or names([customer]).get(customer.pk)
    if not name:
        return str(customer)
    return _("%(account)s : %(name)s (new customer)") % {"account": customer.account, "name": name}


def _proposed_names():
    customers = ContentType.objects.get_for_model(Customer)
    return ProposedChange.objects.filter(content_type=customers, field="name", outcome="")
