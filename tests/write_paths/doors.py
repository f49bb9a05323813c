"""The ways into the customer master: each takes what someone means, and tells what was done.

Every door is used in two moves, as people use them: `look` at what there is (open the
form, upload the file and read the preview, ask what would be done), then `save`. What
others do in between is what conflicts are made of.
"""

import csv
import io
import json
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from approvals import registry
from approvals.changes import change_records, plan_changes, version_of
from approvals.models import Behavior, ImportJob, Origin
from approvals.outcomes import CODE, Change
from customers.models import Customer

from .rendered import NotOffered, form_behind, form_on


@dataclass(frozen=True)
class Told:
    """What a door says it did with one customer: `RecordOutcome.status`, and why not."""

    status: str
    why: str = ""


class Door:
    """A way in. person: who uses it. folder: where it may put files."""

    origin: Origin
    imports = False

    def __init__(self, person, folder):
        self.person, self.folder = person, folder

    def change(self, meant: dict[str, dict]) -> dict[str, Told]:
        """Look and save: account -> values by field name, as Python values."""
        self.look(meant)
        return self.save()


class Page(Door):
    """A form that shows one customer, filled in and sent one after the other."""

    form_id: str
    new: str  # name of the page with the form of a new customer
    button: dict = {}

    def __init__(self, person, folder):
        super().__init__(person, folder)
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(person)

    def look(self, meant):
        """Open each customer's form and fill it in."""
        self.forms = {}
        for account, values in meant.items():
            form = form_on(self.client.get(self.url(account)), self.form_id)
            for name, value in values.items():
                _fill_in(form, name, value)
            self.forms[account] = form

    def create(self, account, values):
        """Fill in the form of a new customer and send it."""
        url = reverse(self.new)
        form = form_on(self.client.get(url), self.form_id)
        for name, value in {"account": account, **values}.items():
            _fill_in(form, name, value)
        response = form.send(self.client, url, **self.button)
        if response.redirect_chain:
            return Told("created")
        return Told("failed", "\n".join(_reasons(self.form_in(response))))

    def save(self):
        """Send each form as it stands; keep those that come back, to be sent again."""
        waiting, self.forms = self.forms, {}
        return {account: self._send(account, form) for account, form in waiting.items()}

    def _send(self, account, form):
        response = form.send(self.client, self.url(account), **self.button)
        said = [str(message) for message in response.context["messages"]]
        if not response.redirect_chain:
            self.forms[account] = form_on(response, self.form_id)
            return Told("failed", "\n".join([*said, *_reasons(self.form_in(response))]))
        if any(text.startswith("Needs approval") for text in said):
            shown = reverse("customers:proposed_changes", args=[_id(account)])
            assert response.redirect_chain[-1][0] == shown
            return Told("proposed")
        return Told("updated" if any(text.startswith("Saved") for text in said) else "unchanged")


class Browser(Page):
    """The customer form."""

    origin = Origin.BROWSER
    form_id, new = "customer-form", "customers:create"

    def url(self, account):
        """Where the form of a customer is."""
        return reverse("customers:edit", args=[_id(account)])

    def form_in(self, response):
        """The form behind a page."""
        return response.context["form"]


class Admin(Page):
    """The customer in Django admin."""

    origin = Origin.ADMIN
    form_id, new = "customer_form", "admin:customers_customer_add"
    button = {"_save": "Save"}

    def url(self, account):
        """Where the form of a customer is."""
        return reverse("admin:customers_customer_change", args=[_id(account)])

    def form_in(self, response):
        """The form behind a page."""
        return response.context["adminform"].form


class Code(Door):
    """A program of the company's own that calls the engine."""

    origin = Origin.CODE

    def create(self, account, values):
        """Create a customer."""
        change = Change(account, values, new=True)
        [outcome] = change_records(Customer, [change], by=self.person, source=CODE)
        return Told(outcome.status, _why(outcome))

    def look(self, meant):
        """Ask what would be done, and remember what was there."""
        self.meant = meant
        self._read()
        plan_changes(Customer, self._changes(), by=self.person, source=CODE)

    def save(self):
        """Change all in one call; read again what had changed meanwhile."""
        outcomes = change_records(Customer, self._changes(), by=self.person, source=CODE)
        self.meant = {o.key: self.meant[o.key] for o in outcomes if o.failed}
        self._read()
        return {o.key: Told(o.status, _why(o)) for o in outcomes}

    def _read(self):
        rows = {account: Customer.objects.get(account=account) for account in self.meant}
        self.seen = {account: version_of(row) for account, row in rows.items()}

    def _changes(self):
        return [Change(key, values, self.seen[key]) for key, values in self.meant.items()]


class Import(Door):
    """A file with a row for each customer and a column for each field that anyone sets."""

    origin = Origin.IMPORT
    imports = True
    further: dict = {}  # columns that no field has, each with the cell of every row
    ignore_unknown_columns = False

    def look(self, meant):
        """Have the file previewed."""
        self.meant = meant
        self.preview(_table(meant, self.further))

    def create(self, account, values):
        """Import a file with the new customer."""
        return self.change({account: values})[account]

    def save(self):
        """Import the file; what failed is in the next file."""
        job = self.run()
        if job is None:
            self.look(self.meant)
            return {account: Told("failed", "look at a new preview") for account in self.meant}
        rows = job.row_outcomes.order_by("number")
        told = {row.key: Told(row.outcome, _listed(row.errors)) for row in rows}
        assert self.counted(job) == _counts(told)
        self.meant = {a: values for a, values in self.meant.items() if told[a].status == "failed"}
        if self.meant:
            self.look(self.meant)
        return told

    def counted(self, job):
        """How many rows there are of each status, as the door reports it."""
        return {status: getattr(job, status) for status in STATUSES if getattr(job, status)}


class Upload(Import):
    """A page that takes a file, shows a preview, and waits for a confirmation."""

    field: str

    def __init__(self, person, folder):
        super().__init__(person, folder)
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(person)

    def preview(self, table):
        """Upload the file; the preview is the page that this leads to."""
        url = reverse(self.url)
        form = form_on(self.client.get(url), self.field)
        if self.ignore_unknown_columns:
            form.tick("ignore_unknown_columns", True)
        file = SimpleUploadedFile("customers.csv", table.encode(), "text/csv")
        self.shown = form.send_file(self.client, url, **{self.field: file})

    def run(self):
        """Confirm the preview; None where the page wants a new one looked at first."""
        jobs = set(
            ImportJob.objects.filter(state=ImportJob.State.DONE).values_list("pk", flat=True)
        )
        self.shown = self.confirmation().send(self.client, "")
        new = ImportJob.objects.filter(state=ImportJob.State.DONE).exclude(pk__in=jobs)
        return new.first()


class ImportPage(Upload):
    """The import page."""

    url, field = "customers:import", "file"

    def confirmation(self):
        """The form behind the button Import."""
        return form_behind(self.shown, f"{self.shown.request['PATH_INFO']}confirm/")


class AdminImport(Upload):
    """The import page of Django admin."""

    url, field = "admin:customers_customer_import", "import_file"

    def confirmation(self):
        """The form that carries the confirmation."""
        return form_on(self.shown, reverse("admin:customers_customer_process_import"))


class ImportCommand(Import):
    """The command import_customers: a dry run, then the run."""

    def preview(self, table):
        """Write the file, and ask what would be done."""
        self.file = self.folder / "customers.csv"
        self.file.write_text(table, encoding="utf-8", newline="")
        self._call("--dry-run")

    def run(self):
        """Import the file."""
        self.report = self._call()
        return ImportJob.objects.order_by("id").last()

    def counted(self, job):
        """The counts that the command prints."""
        return {status: self.report[status] for status in STATUSES if self.report[status]}

    def _call(self, *options):
        out = io.StringIO()
        arguments = [str(self.file), "--user", self.person.username, "--json", *options]
        if self.ignore_unknown_columns:
            arguments.append("--ignore-unknown-columns")
        try:
            call_command("import_customers", *arguments, stdout=out)
            status = 0
        except SystemExit as left:
            status = left.code
        report = json.loads(out.getvalue())
        assert status == (2 if report["refused"] else 1 if report["failed"] else 0)
        if report["refused"]:
            raise NotOffered(report["refused"])
        return report


PEOPLE = (Browser, Admin, Code)
IMPORTS = (ImportPage, AdminImport, ImportCommand)
DOORS = (*PEOPLE, *IMPORTS)
STATUSES = ("created", "updated", "unchanged", "proposed", "failed")


def _id(account):
    return Customer.objects.values_list("pk", flat=True).get(account=account)


def _fill_in(form, name, value):
    """Numbers are typed as English groups them; yes and no are a box."""
    if isinstance(value, bool):
        form.tick(name, value)
    else:
        form.type(name, f"{value:,}" if isinstance(value, Decimal) else str(value))


def _table(meant, further):
    """The file: a cell is empty where a customer's field is not meant."""
    used = {name for values in meant.values() for name in values}
    columns = [name for name in registry.get(Customer).fields if name in used]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["account", *columns, *further])
    for account, values in meant.items():
        cells = [_cell(values.get(name, "")) for name in columns]
        writer.writerow([account, *cells, *further.values()])
    return text.getvalue()


def _cell(value):
    return {True: "Yes", False: "No"}[value] if isinstance(value, bool) else str(value)


def _reasons(form):
    return [f"{name}: {text}" for name, texts in form.errors.items() for text in texts]


def _why(outcome):
    if outcome.stale:
        return "saved this customer"
    return "\n".join(f"{error.field}: {error.message}" for error in outcome.errors)


def _listed(errors):
    return "\n".join(f"{name}: {message}" for name, message in errors)


def _counts(told):
    statuses = [answer.status for answer in told.values()]
    return {status: statuses.count(status) for status in STATUSES if status in statuses}


# What imports may do makes no difference to people.
EVERY_WAY = [pytest.param(door, Behavior.REJECT, id=door.__name__) for door in PEOPLE] + [
    pytest.param(door, behavior, id=f"{door.__name__}-{behavior}")
    for door in IMPORTS
    for behavior in Behavior
]
