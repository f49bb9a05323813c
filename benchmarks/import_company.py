"""A company whose customers are imported, once in our way and once in the plain one."""

import csv
import tempfile
from pathlib import Path

import tablib
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone
from import_export.resources import ModelResource

from approvals import parameters
from approvals.models import Behavior, Workflow
from approvals.workflow import workflows
from benchmarks import floor, scratch
from customers.imports import jobs
from customers.models import Customer, CustomerGroup, PaymentTerms
from tests.conftest import make_person
from tests.unguarded import ungoverned, unguarded

NEW = ["account", "name", "search_name", "customer_group", "currency", "credit_limit"]
NEW += ["payment_terms", "country", "street", "city", "postal_code", "phone", "email"]
CHANGED = ["account", "credit_limit", "payment_terms", "phone"]
GOVERNED = {"credit_limit": True, "payment_terms": True, "iban": True, "name": True}


class PlainResource(ModelResource):
    """import-export as it comes, on the same model."""

    class Meta:
        model = Customer
        import_id_fields = ["account"]
        exclude = ["id", "created_at", "modified_at", "folded_key", "revision", "held"]

    def before_save_instance(self, instance, row, **kwargs):
        """What the model itself does not fill in."""
        instance.folded_key = instance.account.casefold()
        instance.created_at = instance.modified_at = timezone.now()


class Company:
    """`size` customers, an importer, an approver; a way to measure each kind of import.

    keep: whether what was measured is to be taken back, to measure it again.
    """

    def __init__(self, size, *, keep=True):
        self.size = size
        self.steward = make_person("steward", "Data steward")
        self.approver = make_person("approver", "Approver")
        self.administrator = make_person("administrator", "Administrator")
        self._reference_data()
        self._workflow()
        folder = Path(tempfile.mkdtemp(prefix="customer-approvals-benchmark-"))
        self.new = self._file(folder / "new.csv", NEW, map(self._new, range(size)))
        self.changed = self._file(folder / "changed.csv", CHANGED, map(self._changed, range(size)))
        parameters.set_parameters(Customer, by=self.administrator, enabled=True, fields=GOVERNED)
        if keep:
            self.create_once()
            self._keep()

    # the ways

    def create(self):
        """Seconds for importing customers that are all new."""
        self._reset(empty=True)
        return self.create_once()

    def create_once(self):
        """The same, from where things stand."""
        return self._import(self.new, Behavior.ALLOW, created=self.size)

    def create_plainly(self):
        """Seconds for the same, plainly."""
        self._reset(empty=True)
        return self._plain(self.new, "new")

    def update_plainly(self):
        """Seconds for changing three fields of each customer, plainly."""
        self._reset()
        return self._plain(self.changed, "update")

    def allow(self):
        """Seconds for the same under Allow changes without approval."""
        self._reset()
        return self._import(self.changed, Behavior.ALLOW, updated=self.size)

    def propose(self):
        """Seconds for the same, where two of the fields are proposed and submitted."""
        self._reset()
        return self.propose_once()

    def propose_once(self):
        """The same, from where things stand."""
        return self._import(self.changed, Behavior.PROPOSE, proposed=self.size)

    def reject(self):
        """Seconds for refusing every row."""
        self._reset()
        return self._import(self.changed, Behavior.REJECT, failed=self.size)

    def floor(self):
        """Seconds for writing what `propose` writes, with nothing but SQL."""
        self._reset()
        return floor.propose(self)

    # how

    def _import(self, path, behavior, **expected):
        job = jobs.enter(path, by=self.steward, behavior=behavior, options={})
        time = scratch.seconds(lambda: jobs.work(job.pk))
        job.refresh_from_db()
        found = {name: getattr(job, name) for name in expected}
        if found != expected:
            raise RuntimeError(f"{found} is not {expected}: the figures would mean nothing.")
        return time

    def _plain(self, path, kind):
        dataset = tablib.Dataset().load(path.read_text(), format="csv")
        results = []
        with ungoverned():  # the guard would refuse it
            time = scratch.seconds(
                lambda: results.append(PlainResource().import_data(dataset, raise_errors=True))
            )
        if results[0].totals[kind] != self.size:
            raise RuntimeError(f"{results[0].totals}: the figures would mean nothing.")
        return time

    def _reference_data(self):
        for number in range(10):
            CustomerGroup.objects.get_or_create(code=f"G{number}", defaults={"name": "A group"})
            PaymentTerms.objects.get_or_create(code=f"TERM{number}", defaults={"name": "Some days"})

    def _workflow(self):
        content_type = ContentType.objects.get_for_model(Customer)
        workflow = Workflow.objects.create(content_type=content_type, name="Customers")
        version = workflow.versions.create(number=1)
        version.steps.create(position=1, name="Credit manager").users.set([self.approver])
        workflows.activate(version, by=self.administrator)

    def _new(self, i):
        return [
            f"B-{i:07}",
            f"Müller & Sons Trading No. {i}",
            f"MUELLER {i}",
            f"G{i % 10}",
            "EUR",
            f"{1000 + i % 900}.50",
            f"TERM{i % 10}",
            "DE",
            f"Lange Straße {i % 300}",
            "Düsseldorf",
            f"{40000 + i % 999}",
            f"+49 211 {1000000 + i}",
            f"info{i}@mueller-{i}.example",
        ]

    def _changed(self, i):
        return [f"B-{i:07}", f"{2000 + i % 900}.25", f"TERM{(i + 1) % 10}", f"+49 30 {2000000 + i}"]

    def _file(self, path, header, rows):
        with path.open("w", newline="") as file:
            csv.writer(file).writerow(header)
            csv.writer(file).writerows(rows)
        return path

    # the same start for everyone

    def _keep(self):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept_customers AS SELECT * FROM customers_customer")

    def _reset(self, *, empty=False):
        """Take back what the last run did, which the guard would not have."""
        with unguarded():
            self._start_anew(empty)

    def _start_anew(self, empty):
        tables = ["approvals_notification", "approvals_decision", "approvals_workitem"]
        tables += ["approvals_steprun", "approvals_contributor", "approvals_proposedchange"]
        tables += ["approvals_workflowevent", "approvals_proposal", "approvals_importrow"]
        tables += ["approvals_importjob", "customers_customer"]
        columns = ", ".join(f'"{f.column}"' for f in Customer._meta.concrete_fields)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
            else:
                # A check for each row that goes would take longer than what is measured.
                cursor.execute("PRAGMA foreign_keys = OFF")
                for table in tables:
                    cursor.execute(f"DELETE FROM {table}")  # noqa: S608
                cursor.execute("PRAGMA foreign_keys = ON")
            if not empty:
                cursor.execute(
                    f"INSERT INTO customers_customer ({columns}) "  # noqa: S608
                    f"SELECT {columns} FROM kept_customers"
                )
            if connection.vendor == "postgresql":
                cursor.execute("VACUUM ANALYZE customers_customer")
            cursor.execute("ANALYZE")
