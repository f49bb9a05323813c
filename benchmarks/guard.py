"""What the database's guard costs: writes with its triggers, against the same without.

    python -m benchmarks.guard [--json] [--customers 10000] [--runs 5]

Approvals are on. Rows are written in batches of 2,000, as the program writes them: once a
direct field of every customer, once the credit limit, each to the value that was approved
for it. A save is one customer saved whole, in a transaction of its own, for whose commit
PostgreSQL waits for no disk: that takes ten times what is measured, and never the same.
"""

import argparse
import json
import statistics

from benchmarks import scratch

BATCH = 2000
SAVES = 300


def main() -> None:
    """Print the table, or measure on the one database that the environment names."""
    options = _options()
    if options.measure:
        print(json.dumps(measure(options.customers, options.runs)))
        return
    arguments = ["--customers", str(options.customers), "--runs", str(options.runs)]
    found = scratch.on_each_database("benchmarks.guard", arguments, options.postgresql)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.customers} customers, medians of {options.runs}, of the differences too; µs")
    print(f"{'':28}{'guarded':>10}{'without':>10}{'cost':>8}{'ratio':>8}")
    for name, rows in found.items():
        for what, row in rows.items():
            print(
                f"{name + ', ' + what:28}{row['guarded']:>10.1f}{row['without']:>10.1f}"
                f"{row['cost']:>8.1f}{row['ratio']:>8.2f}"
            )


def measure(customers: int, runs: int) -> dict[str, dict[str, float]]:
    """Median microseconds of each write with the guard and without, and of what it costs."""
    scratch.set_up()
    from tests.unguarded import unguarded

    company = _Company(customers)
    kinds = {
        "a direct field": (company.write_direct, customers),
        "a governed field": (company.write_governed, customers),
        "a save": (company.save, SAVES),
    }
    found = {}
    for what, (write, count) in kinds.items():

        def without(write=write):
            with unguarded():
                return write()

        write()
        times = scratch.in_turns(runs, {"guarded": write, "without": without})
        each = {way: _microseconds(taken, count) for way, taken in times.items()}
        # Neighbours were as slow or as quick as each other.
        neighbours = zip(*times.values(), strict=True)
        cost = _microseconds([guarded - without for guarded, without in neighbours], count)
        found[what] = {**each, "cost": cost, "ratio": each["guarded"] / each["without"]}
    return found


def _microseconds(seconds, count):
    return statistics.median(seconds) / count * 1_000_000


class _Company:
    """Customers; for each of them another credit limit is approved, and not applied yet."""

    def __init__(self, size):
        from approvals import parameters
        from customers.models import Customer
        from tests.conftest import make_person
        from tests.customers.factories import customers

        customers(size, credit_limit="1")
        self.ids = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
        administrator = make_person("administrator", "Administrator")
        fields = dict.fromkeys(("credit_limit", "payment_terms", "iban", "name"), True)
        parameters.set_parameters(Customer, by=administrator, enabled=True, fields=fields)
        self._approve(administrator)
        self.round = 0

    def _approve(self, person):
        """Past the rules: what counts here is what the guard looks up."""
        from django.contrib.contenttypes.models import ContentType
        from django.db import connection
        from django.utils import timezone

        from approvals.bulk import insert_columns, new_ids
        from approvals.models import Proposal, ProposedChange
        from customers.models import Customer
        from tests.unguarded import unguarded

        type_id = ContentType.objects.get_for_model(Customer).pk
        same, now = {"content_type_id": type_id}, timezone.now()
        about = {"origin": "code", "state": "approved", "created_by_id": person.pk}
        change = {"field": "credit_limit", "value": "2.00", "proposed_by_id": person.pk}
        ids = new_ids(Proposal, len(self.ids))
        keys = [str(pk) for pk in self.ids]
        with unguarded():
            each = {"id": ids, "object_id": self.ids, "record_key": keys}
            insert_columns(Proposal, each, {**same, **about, "created_at": now})
            each = {"proposal_id": ids, "object_id": self.ids}
            insert_columns(ProposedChange, each, {**same, **change, "proposed_at": now})
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def write_direct(self):
        """Seconds for another phone number of each customer."""
        self.round += 1
        return self._write("phone", str(self.round))

    def write_governed(self):
        """Seconds for the credit limit of each customer."""
        from customers.models import Customer
        from tests.unguarded import ungoverned

        with ungoverned():
            Customer.objects.update(credit_limit=1)
        return self._write("credit_limit", 2)

    def _write(self, field, value):
        from django.db import transaction

        from approvals.bulk import update_rows
        from customers.models import Customer

        def write():
            for start in range(0, len(self.ids), BATCH):
                rows = [(pk, value) for pk in self.ids[start : start + BATCH]]
                with transaction.atomic():
                    update_rows(Customer, [field], rows)

        return scratch.seconds(write)

    def save(self):
        """Seconds for saving some customers whole, one by one, as the median one is saved."""
        from django.db import connection

        from customers.models import Customer

        self.round += 1
        records = list(Customer.objects.order_by("pk")[:SAVES])
        for record in records:
            record.phone = str(self.round)

        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = off")
        return SAVES * statistics.median(scratch.seconds(record.save) for record in records)


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--postgresql", default=scratch.POSTGRESQL, help="a server to measure on")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
