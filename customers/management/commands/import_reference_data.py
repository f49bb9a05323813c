"""Loads a reference table from a file, so that its codes are not typed by hand."""

from collections import Counter
from pathlib import Path

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from approvals.imports.files import FileRefused, open_table
from approvals.imports.widgets import widget_for
from approvals.values import normalise
from customers.models import (
    Country,
    Currency,
    CustomerGroup,
    DeliveryTerms,
    PaymentMethod,
    PaymentTerms,
    TaxGroup,
)

TABLES = {
    "customer-groups": CustomerGroup,
    "payment-terms": PaymentTerms,
    "payment-methods": PaymentMethod,
    "delivery-terms": DeliveryTerms,
    "tax-groups": TaxGroup,
    "currencies": Currency,
    "countries": Country,
}
SOME_FAILED, FILE_REFUSED = 1, 2


class Command(BaseCommand):
    """Creates and updates rows by their code; never deletes. One bad row: nothing is written."""

    help = "Load codes and names into a reference table from a file (columns code, name, …)."

    def add_arguments(self, parser):
        """Which table, and from which file."""
        parser.add_argument("table", choices=TABLES)
        parser.add_argument(
            "file", help="CSV or XLSX with the columns code, name and any other field"
        )

    def handle(self, *, table, file, **options):
        """Import the file. Exit status: 0 done, 1 bad rows, 2 the file was refused."""
        try:
            outcomes, faults = load(TABLES[table], open_table(file, name=Path(file).name))
        except (OSError, FileRefused) as error:
            raise CommandError(str(error), returncode=FILE_REFUSED) from None
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            reason = _("%(count)s faults; nothing was imported.") % {"count": len(faults)}
            raise CommandError(reason, returncode=SOME_FAILED)
        counts = ", ".join(f"{outcomes[key]} {key}" for key in ("created", "updated", "unchanged"))
        self.stdout.write(f"{table}: {counts}")


@transaction.atomic
def load(model, table):
    """Write the rows, all or none; return how many of each outcome, and the faults in words.

    Raises FileRefused where the file can't be read to its end or its columns don't fit.
    """
    fields = fields_of(model, table.headers)
    stored, seen = model.objects.in_bulk(), {}
    outcomes, faults = Counter(), []
    for row in table.rows():
        try:
            values = cleaned(fields, row)
            refuse_repeated(values, seen, row.number)
            outcomes[write(model, stored, values)] += 1
        except ValidationError as error:
            faults += described(row.number, error)
    transaction.set_rollback(bool(faults))
    return outcomes, faults


def fields_of(model, headers):
    """The fields that the headers name, in their order. Raises FileRefused."""
    names = [header.lower() for header in headers]
    known = {field.name: field for field in model._meta.concrete_fields}
    if missing := {"code", "name"} - set(names):
        raise FileRefused(_("Columns are missing: %(names)s") % {"names": listed(missing)})
    if unknown := set(names) - set(known):
        raise FileRefused(_("Unknown columns: %(names)s") % {"names": listed(unknown)})
    return [known[name] for name in names]


def listed(names):
    """Names in a fixed order."""
    return ", ".join(sorted(names))


def cleaned(fields, row):
    """The values of one row; empty cells are left out. Raises ValidationError."""
    if row.error:
        raise ValidationError(row.error)
    values, faults = {}, {}
    for field, cell in zip(fields, row.cells, strict=True):
        try:
            if cell.strip():
                values[field.name] = value_of(field, cell)
        except ValidationError as error:
            faults[field.name] = error
    if faults:
        raise ValidationError(faults)
    return values


def value_of(field, cell):
    """What a cell says for a field. Raises ValidationError."""
    try:
        return normalise(field, widget_for(field).clean(cell))
    except ValueError as error:
        raise ValidationError(str(error)) from None


def refuse_repeated(values, seen, line):
    """Raises ValidationError where the row has no code, or an earlier row's."""
    code = values.get("code")
    if not code:
        raise ValidationError({"code": _("This field is required.")})
    first = seen.setdefault(code, line)
    if first != line:
        raise ValidationError({"code": _("Row %(line)s has it too.") % {"line": first}})


def write(model, stored, values):
    """Create or update one row and say what was done. Raises ValidationError."""
    row = stored.get(values["code"]) or model()
    created = row._state.adding
    if not created and all(getattr(row, name) == value for name, value in values.items()):
        return "unchanged"
    for name, value in values.items():
        setattr(row, name, value)
    row.full_clean()
    row.save(force_insert=created)
    return "created" if created else "updated"


def described(line, error):
    """One sentence per fault of a row: its line, the field, the reason."""
    if not hasattr(error, "error_dict"):
        return [_("Row %(line)s: %(reason)s") % {"line": line, "reason": " ".join(error)}]
    return [
        _("Row %(line)s, %(field)s: %(reason)s")
        % {
            "line": line,
            "field": "code" if name == NON_FIELD_ERRORS else name,
            "reason": " ".join(reasons),
        }
        for name, reasons in error.message_dict.items()
    ]
