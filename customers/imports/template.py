"""The empty file to start from: its columns, which are required, which governed."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from approvals import registry
from approvals.changes import read_rules
from approvals.imports.files import COLUMN_NOTES
from customers import exports
from customers.models import Customer
from customers.resources import CustomerResource

EXAMPLE = {
    "account": "EXAMPLE-1",
    "name": "Example Trading",
    "party_type": "Organization",
    "street": "1 Example Street",
    "city": "Exampleton",
    "email": "orders@example.com",
    "credit_limit": "25000.00",
    "credit_limit_mandatory": "Yes",
    "on_hold": "No",
}


@dataclass(frozen=True)
class TemplateColumn:
    """A column: its header, the field's label, whether a new customer needs it, what it takes."""

    name: str
    label: str
    required: bool
    governed: bool
    accepts: str


def columns() -> list[TemplateColumn]:
    """The columns of the template, in their order."""
    governed_now = read_rules(Customer).fields
    resource_fields = CustomerResource().fields
    return [
        _column(name, f.column_name, governed_now)
        for name, f in resource_fields.items()
        if not f.readonly
    ]


def template(format: str) -> Iterable[bytes]:
    """The template as the pieces of a file: notes on the columns, and an example row."""
    values = {**EXAMPLE, **_examples_of_this_company()}
    found = columns()
    notes = [COLUMN_NOTES[column.required, column.governed] for column in found]
    example = [values.get(column.name, "") for column in found]
    return exports.pieces([column.name for column in found], [notes, example], format)


def _column(name, header, governed_now):
    field = Customer._meta.get_field(name)
    required = not (field.blank or field.has_default())
    label = capfirst(field.verbose_name)
    return TemplateColumn(header, label, required, name in governed_now, _accepts(field))


def _accepts(field) -> str:
    if field.choices:
        return ", ".join(code for code, _label in field.flatchoices)
    if isinstance(field, models.BooleanField):
        return _("Yes or No")
    if isinstance(field, models.DecimalField):
        return _("A number such as 25000.00")
    if isinstance(field, models.IntegerField):
        return _("A whole number")
    if isinstance(field, models.ForeignKey):
        return _("A code: %(table)s") % {"table": field.related_model._meta.verbose_name}
    return _("Text of at most %(count)s characters") % {"count": field.max_length}


def _examples_of_this_company() -> dict[str, str]:
    """Codes that exist here, so that the example could be imported."""
    fields = registry.get(Customer).fields
    groups = fields["customer_group"].related_model.objects.choosable()
    return {
        "customer_group": groups.values_list("code", flat=True).first() or "",
        "currency": settings.COMPANY_CURRENCY,
        "country": settings.COMPANY_COUNTRY,
    }
