"""Loads a reference table from a CSV file, so that its codes are not typed by hand."""

import csv
from collections import Counter
from io import StringIO
from pathlib import Path

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction
from django.utils.translation import gettext as _

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
YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Command(BaseCommand):
    """Creates and updates rows by their code; never deletes. One bad row: nothing is written."""

    help = "Load codes and names into a reference table from a CSV file (columns code, name, …)."

    def add_arguments(self, parser):
        """Which table, and from which file."""
        parser.add_argument("table", choices=TABLES)
        parser.add_argument(
            "file", help="CSV in UTF-8 with a header: code,name and any other field"
        )

    def handle(self, *, table, file, **options):
        """Import the file. Exit status: 0 done, 1 bad rows, 2 the file was refused."""
        model = TABLES[table]
        outcomes, faults = load(model, read(model, Path(file)))
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(
                _("%(count)s faults; nothing was imported.") % {"count": len(faults)},
                returncode=SOME_FAILED,
            )
        counts = ", ".join(f"{outcomes[key]} {key}" for key in ("created", "updated", "unchanged"))
        self.stdout.write(f"{table}: {counts}")


def refuse(reason):
    """Raise the error for a file that can't be taken at all."""
    raise CommandError(reason, returncode=FILE_REFUSED)


def read(model, path):
    """The file's rows as (line number, cells by field name), its header checked.

    Raises CommandError where the file can't be read or its columns don't fit `model`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        delimiter = max(",;\t|", key=text.partition("\n")[0].count)
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        names = [name.strip().lower() for name in next(reader, [])]
        check_header(model, names)
        return [(reader.line_num, names, cells) for cells in reader if any(cells)]
    except (OSError, UnicodeError, csv.Error) as error:
        return refuse(str(error))


def check_header(model, names):
    """Raises CommandError unless `names` are fields of `model`, once each, code and name too."""
    known = {field.name for field in model._meta.concrete_fields}
    if missing := {"code", "name"} - set(names):
        refuse(_("Columns are missing: %(names)s") % {"names": ", ".join(sorted(missing))})
    if unknown := set(names) - known:
        refuse(_("Unknown columns: %(names)s") % {"names": ", ".join(sorted(unknown))})
    if len(names) > len(set(names)):
        refuse(_("A column occurs twice."))


@transaction.atomic
def load(model, rows):
    """Write the rows, all or none; return how many of each outcome, and the faults in words."""
    stored, seen = model.objects.in_bulk(), {}
    outcomes, faults = Counter(), []
    for line, names, cells in rows:
        try:
            values = cleaned(model, names, cells)
            refuse_repeated(values, seen, line)
            outcomes[write(model, stored, values)] += 1
        except ValidationError as error:
            faults += described(line, error)
    transaction.set_rollback(bool(faults))
    return outcomes, faults


def cleaned(model, names, cells):
    """The values of one row; empty cells are left out. Raises ValidationError."""
    if len(cells) != len(names):
        raise ValidationError(_("The row has %(count)s cells.") % {"count": len(cells)})
    values, faults = {}, {}
    for name, cell in zip(names, cells, strict=True):
        try:
            if cell.strip():
                values[name] = value_of(model._meta.get_field(name), cell)
        except ValidationError as error:
            faults[name] = error
    if faults:
        raise ValidationError(faults)
    return values


def value_of(field, cell):
    """What a cell says for a field. Raises ValidationError."""
    if not isinstance(field, models.BooleanField):
        return normalise(field, cell)
    if cell.strip().lower() not in YES_NO:
        raise ValidationError(_("“%(cell)s” is neither yes nor no.") % {"cell": cell})
    return YES_NO[cell.strip().lower()]


def refuse_repeated(values, seen, line):
    """Raises ValidationError where the row has no code, or an earlier row's."""
    code = values.get("code")
    if not code:
        raise ValidationError({"code": _("This field is required.")})
    first = seen.setdefault(code, line)
    if first != line:
        raise ValidationError({"code": _("Line %(line)s has it too.") % {"line": first}})


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
        return [_("Line %(line)s: %(reason)s") % {"line": line, "reason": " ".join(error)}]
    return [
        _("Line %(line)s, %(field)s: %(reason)s")
        % {
            "line": line,
            "field": "code" if name == NON_FIELD_ERRORS else name,
            "reason": " ".join(reasons),
        }
        for name, reasons in error.message_dict.items()
    ]
