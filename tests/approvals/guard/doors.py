"""Ways to give a customer another credit limit than anybody approved, past the program."""

import json

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models import Case, F, Value, When
from django.test import RequestFactory
from import_export.exceptions import ImportError
from import_export.resources import ModelResource
from tablib import Dataset

from approvals.models import ProposedChange
from customers.models import Customer
from tests.unguarded import switch

SQLITE, POSTGRESQL = ("sqlite",), ("postgresql",)
BOTH = SQLITE + POSTGRESQL
TABLE = Customer._meta.db_table
WANTED = 999


def sql(*statements, **values):
    """Run SQL as it is; %(id)s and %(wanted)s stand for the customer and the value."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, {"wanted": WANTED, **values})


def one():
    return Customer.objects.get(account="C1")


def chosen():
    return Customer.objects.filter(account="C1")


def save(tmp_path):
    record = one()
    record.credit_limit = WANTED
    record.save()


def save_one_field(tmp_path):
    record = one()
    record.credit_limit = WANTED
    record.save(update_fields=["credit_limit"])


def save_base_raw(tmp_path):
    record = one()
    record.credit_limit = WANTED
    record.save_base(raw=True)


def a_stale_instance(tmp_path):
    """Read while approvals were off, saved when they are on."""
    switch(enabled=False)
    record = one()
    record.credit_limit = WANTED
    switch(enabled=True)
    record.save()


def update(tmp_path):
    chosen().update(credit_limit=WANTED)


def update_in_a_transaction_of_its_revision(tmp_path):
    chosen().update(credit_limit=WANTED, revision=F("revision") + 1)


def update_with_f(tmp_path):
    chosen().update(credit_limit=F("credit_limit") + WANTED - 100)


def update_with_case(tmp_path):
    chosen().update(credit_limit=Case(When(account="C1", then=Value(WANTED))))


def update_of_everybody(tmp_path):
    Customer.objects.update(credit_limit=WANTED)


def base_manager(tmp_path):
    Customer._base_manager.filter(account="C1").update(credit_limit=WANTED)


def bulk_update(tmp_path):
    record = one()
    record.credit_limit = WANTED
    Customer.objects.bulk_update([record], ["credit_limit"])


def bulk_create_with_update_conflicts(tmp_path):
    record = one()
    record.credit_limit = WANTED
    Customer.objects.bulk_create(
        [record], update_conflicts=True, unique_fields=["id"], update_fields=["credit_limit"]
    )


def update_or_create(tmp_path):
    Customer.objects.update_or_create(account="C1", defaults={"credit_limit": WANTED})


class PlainAdmin(admin.ModelAdmin):
    """Django admin as it comes, with an action."""

    actions = ["raise_limit"]

    def raise_limit(self, request, queryset):
        """Set the credit limit of the rows that are ticked."""
        queryset.update(credit_limit=WANTED)


def an_admin_action(tmp_path):
    ticked = {"action": "raise_limit", "_selected_action": one().pk}
    request = RequestFactory().post("/", ticked)
    request.user = User(is_active=True, is_superuser=True)
    PlainAdmin(Customer, admin.AdminSite()).response_action(request, Customer.objects.all())


def a_plain_admin(tmp_path):
    record = one()
    record.credit_limit = WANTED
    PlainAdmin(Customer, admin.AdminSite()).save_model(None, record, None, change=True)


class PlainResource(ModelResource):
    """import-export as it comes."""

    class Meta:
        model = Customer
        import_id_fields = ["account"]
        fields = ["account", "credit_limit"]


def a_plain_import(tmp_path):
    rows = Dataset(("C1", WANTED), headers=("account", "credit_limit"))
    try:
        PlainResource().import_data(rows, raise_errors=True)
    except ImportError as failed:
        raise failed.error from None


def loaddata(tmp_path):
    fixture = tmp_path / "customers.json"
    call_command("dumpdata", "customers.customer", output=fixture, verbosity=0)
    rows = json.loads(fixture.read_text())
    for row in rows:
        row["fields"]["credit_limit"] = str(WANTED)
    fixture.write_text(json.dumps(rows))
    call_command("loaddata", fixture, verbosity=0)


def a_forgotten_proposal(tmp_path):
    """The very value that waits for approval; `proposed` has proposed it."""
    assert ProposedChange.objects.get(outcome="").value == f"{WANTED}.00"
    update_in_a_transaction_of_its_revision(tmp_path)


def raw(*statements):
    """A door that runs SQL."""

    def door(tmp_path):
        sql(*statements, id=one().pk)

    return door


OTHERS = ", ".join(
    f'"{f.column}"' for f in Customer._meta.concrete_fields if f.column != "credit_limit"
)
INSERTED = f"INTO {TABLE} ({OTHERS}, credit_limit) SELECT {OTHERS}, %(wanted)s FROM"
KEPT = f"CREATE TEMP TABLE kept AS SELECT * FROM {TABLE} WHERE id = %(id)s"
UPDATE = f"UPDATE {TABLE} SET credit_limit = %(wanted)s"

DOORS = {
    "save": (save, BOTH),
    "save one field": (save_one_field, BOTH),
    "save_base(raw=True)": (save_base_raw, BOTH),
    "a stale instance": (a_stale_instance, BOTH),
    "update": (update, BOTH),
    "update with the revision": (update_in_a_transaction_of_its_revision, BOTH),
    "F()": (update_with_f, BOTH),
    "Case()": (update_with_case, BOTH),
    "update everybody": (update_of_everybody, BOTH),
    "_base_manager": (base_manager, BOTH),
    "bulk_update": (bulk_update, BOTH),
    "bulk_create(update_conflicts=True)": (bulk_create_with_update_conflicts, BOTH),
    "update_or_create": (update_or_create, BOTH),
    "an admin action": (an_admin_action, BOTH),
    "a plain ModelAdmin": (a_plain_admin, BOTH),
    "a plain import": (a_plain_import, BOTH),
    "loaddata": (loaddata, BOTH),
    "the proposed value": (a_forgotten_proposal, BOTH),
    "raw SQL": (raw(f"{UPDATE} WHERE id = %(id)s"), BOTH),
    "raw SQL, the name in another case": (
        raw(f"UPDATE {TABLE} SET Credit_Limit = %(wanted)s WHERE id = %(id)s"),
        BOTH,
    ),
    "UPDATE FROM": (
        raw(f"UPDATE {TABLE} SET credit_limit = v.n FROM (SELECT %(wanted)s AS n) v"),
        BOTH,
    ),
    "a CTE": (
        raw(
            "WITH v AS (SELECT %(wanted)s AS n) "
            f"UPDATE {TABLE} SET credit_limit = (SELECT n FROM v)"
        ),
        BOTH,
    ),
    "a writing CTE": (
        raw(f"WITH v AS ({UPDATE} RETURNING id) SELECT count(*) FROM v"),
        POSTGRESQL,
    ),
    "MERGE": (
        raw(
            f"MERGE INTO {TABLE} c USING (SELECT %(wanted)s AS n) v ON c.id = %(id)s "
            "WHEN MATCHED THEN UPDATE SET credit_limit = v.n"
        ),
        POSTGRESQL,
    ),
    "ON CONFLICT DO UPDATE": (
        raw(
            f"INSERT INTO {TABLE} SELECT * FROM {TABLE} WHERE id = %(id)s "
            "ON CONFLICT (account) DO UPDATE SET credit_limit = %(wanted)s"
        ),
        BOTH,
    ),
    "an updatable view": (
        raw(
            f"CREATE TEMP VIEW v AS SELECT id, credit_limit FROM {TABLE}",
            "UPDATE v SET credit_limit = %(wanted)s WHERE id = %(id)s",
        ),
        POSTGRESQL,
    ),
    "a function": (
        raw(
            f"CREATE FUNCTION pg_temp.set_limit() RETURNS void LANGUAGE sql SECURITY DEFINER "
            f"AS 'UPDATE {TABLE} SET credit_limit = {WANTED}'",
            "SELECT pg_temp.set_limit()",
        ),
        POSTGRESQL,
    ),
    "INSERT OR REPLACE": (raw(f"{KEPT}", f"INSERT OR REPLACE {INSERTED} kept"), SQLITE),
    "REPLACE under another id": (
        raw(KEPT, "UPDATE kept SET id = id + 1000", f"REPLACE {INSERTED} kept"),
        SQLITE,
    ),
    "UPDATE OR IGNORE": (raw(f"UPDATE OR IGNORE {TABLE} SET credit_limit = %(wanted)s"), SQLITE),
    "UPDATE OR REPLACE": (raw(f"UPDATE OR REPLACE {TABLE} SET credit_limit = %(wanted)s"), SQLITE),
    "another account in the same statement": (
        raw(
            f"{UPDATE}, account = 'C9', folded_key = 'c9' WHERE id = %(id)s",
            f"UPDATE {TABLE} SET account = 'C1', folded_key = 'c1' WHERE id = %(id)s",
        ),
        BOTH,
    ),
    "another id in the same statement": (raw(f"{UPDATE}, id = 99999 WHERE id = %(id)s"), BOTH),
    "another rowid in the same statement": (
        raw(f"{UPDATE}, rowid = 99999 WHERE id = %(id)s"),
        SQLITE,
    ),
    "delete and re-create": (
        raw(KEPT, f"DELETE FROM {TABLE} WHERE id = %(id)s", f"INSERT {INSERTED} kept"),
        BOTH,
    ),
    "truncate and re-create": (
        raw(KEPT, f"TRUNCATE {TABLE}", f"INSERT {INSERTED} kept"),
        POSTGRESQL,
    ),
    "temporary parameters that say off": (
        raw(
            "CREATE TEMP TABLE approvals_approvalparameters (id int, enabled boolean)",
            f"{UPDATE} WHERE id = %(id)s",
            "DROP TABLE temp.approvals_approvalparameters"
            if connection.vendor == "sqlite"
            else "DROP TABLE pg_temp.approvals_approvalparameters",
        ),
        BOTH,
    ),
}
HERE = {name: door for name, (door, vendors) in DOORS.items() if connection.vendor in vendors}
