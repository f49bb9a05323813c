"""Customers in files: columns, companies, persons' names, ISO codes."""

import unicodedata
from functools import cached_property

from django.utils.translation import gettext as _
from import_export.fields import Field

from approvals.imports.files import FileRefused
from approvals.imports.resources import GovernedResource
from approvals.imports.widgets import TextWidget, shortened, widget_for
from approvals.outcomes import FieldError

from . import new_customers
from .apps import GROUPS
from .imports import columns
from .models import Country, Customer

COMPANY = "company"
NAME_PARTS = ("first_name", "middle_name", "last_name_prefix", "last_name")
# Those that a file must have where it has any; many languages know no others.
NEEDED_PARTS = ("first_name", "last_name")


class CountryWidget(TextWidget):
    """A country by its ISO code of two or three letters, in any case."""

    @cached_property
    def _codes(self):
        return dict(Country.objects.values_list("alpha3", "code"))

    def clean(self, value, row=None, **kwargs):
        """The code of two letters. Raises ValueError."""
        code = value.strip().upper()
        if len(code) == 3 and code in self._codes:
            return self._codes[code]
        if len(code) == 2 and code.isascii() and code.isalpha():
            return code
        raise ValueError(
            _("“%(text)s” is not an ISO code of a country, of two or three letters.")
            % {"text": shortened(value.strip())}
        )


class CustomerResource(GovernedResource):
    """Customers, under our column names and those of the reference's Customers V3 entity."""

    country = Field(attribute="country_id", column_name="country", widget=CountryWidget())
    delivery_country = Field(
        attribute="delivery_country_id", column_name="delivery_country", widget=CountryWidget()
    )

    # "state" in a file is more likely to be a proposal's, which no file can set.
    state = Field(attribute="state", column_name="address_state", widget=TextWidget())

    held = Field(
        attribute="held",
        column_name="held",
        readonly=True,
        widget=widget_for(Customer._meta.get_field("held")),
    )

    further_columns = {header.lower(): name for header, name in columns.FIELDS.items()}
    not_kept = frozenset(header.lower() for header in columns.NOT_KEPT)

    class Meta:
        model = Customer
        fields = ["account", *(name for _heading, names in GROUPS for name in names), "held"]
        import_id_fields = ["account"]

    def __init__(self, *, company="", **kwargs):
        """company: whose rows are taken, in a file that holds those of several."""
        super().__init__(**kwargs)
        self.company = company.strip().upper()
        self.companies = []

    def begin(self, headers, rows):
        """See `GovernedResource.begin`; rows of other companies are left out.

        Raises FileRefused where it isn't clear whose rows to take.
        """
        taken = super().begin(headers, rows)
        place = next(iter(self.columns.fields.get(COMPANY, ())), None)
        self.companies = _companies(rows(), place)
        self._check_company()
        if len(self.companies) < 2:
            return taken
        return (row for row in taken if row.error or _company(row, place) in (self.company, ""))

    def _check_company(self):
        named = ", ".join(self.companies) or _("none")
        if self.company and self.company not in self.companies:
            reason = _("There are no rows of company %(company)s in this file. It has: %(named)s.")
            raise FileRefused(reason % {"company": self.company, "named": named})
        if len(self.companies) > 1 and not self.company:
            reason = _("The file has rows of several companies: %(named)s. Choose one of them.")
            raise FileRefused(reason % {"named": named})

    def combine(self, values):
        """A person's name comes in parts; a row says whose it is where others do."""
        company = values.pop(COMPANY, "")
        if self.companies and not company:
            raise ValueError(_("The row does not say which company it belongs to."))
        parts = [values.pop(part) for part in NAME_PARTS if part in values]
        if parts and "party_type" not in values:
            raise ValueError(_("Parts of a person's name need the type of party, Person."))
        if parts and values["party_type"] == Customer.PartyType.PERSON:
            whole = " ".join(parts)
            if _nfc(values.setdefault("name", whole)) != _nfc(whole):
                raise ValueError(_("The name and the parts of the person's name disagree."))

    def review(self, rows):
        """Put no name together that lacks parts: what isn't there leaves the field alone.

        Where the others are the whole name that is stored, or that a new customer is to
        have, nothing is missing.
        """
        lacking = {r.key: self._missing_parts(r) for r in rows if r.known and self._in_parts(r)}
        lacking = {key: parts for key, parts in lacking.items() if parts}
        if not lacking:
            return
        found = Customer.objects.filter(account__in=lacking).only("account", "name", "held")
        proposed = new_customers.names(found)
        names = {c.account: c.name or proposed.get(c.pk) for c in found}
        for r in rows:
            if r.key in lacking and _nfc(r.values["name"]) != names.get(r.key):
                reason = _("Parts of the person's name are missing: %(parts)s.")
                message = reason % {"parts": ", ".join(lacking[r.key])}
                r.errors.append(FieldError("name", message))

    def _in_parts(self, row):
        whole_is_read = "name" in self.columns.fields and "name" not in row.empty
        return "name" in row.values and not whole_is_read

    def _missing_parts(self, row) -> list[str]:
        """The columns of the parts that a row doesn't have."""
        missing = {part for part in NEEDED_PARTS if part not in self.columns.fields}
        if not self.empty_clears:
            missing.update(row.empty)
        return [
            header
            for header, part in columns.FIELDS.items()
            if part in missing.intersection(NAME_PARTS)
        ]


def _nfc(text) -> str:
    """`text` as names are stored."""
    return unicodedata.normalize("NFC", text)


def _companies(rows, place) -> list[str]:
    """The companies that rows belong to, sorted."""
    if place is None:
        return []
    return sorted({_company(row, place) for row in rows if not row.error} - {""})


def _company(row, place) -> str:
    return row.cells[place].strip().upper()
