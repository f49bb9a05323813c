"""Approving many proposals at once, against one by one.

    python -m benchmarks.bulk_approve [--json] [--proposals 1000] [--runs 5]

The last approval of each proposal, which applies its two values: once as one decision
on all of them, once as a decision each. Both through `decisions.decide`.
"""

import argparse
import json

from benchmarks import scratch


def main() -> None:
    """Print the table, or measure on the one database that the environment names."""
    options = _options()
    if options.measure:
        print(json.dumps(measure(options.proposals, options.runs)))
        return
    arguments = ["--proposals", str(options.proposals), "--runs", str(options.runs)]
    found = scratch.on_each_database("benchmarks.bulk_approve", arguments, options.postgresql)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.proposals} proposals, median of {options.runs}")
    print(f"{'':12}{'at once':>10}{'one by one':>12}{'ratio':>8}{'statements':>12}")
    for name, row in found.items():
        print(
            f"{name:12}{row['at_once']:>9.2f}s{row['one_by_one']:>11.2f}s"
            f"{row['ratio']:>8.1f}{row['statements']:>12}"
        )


def measure(proposals: int, runs: int) -> dict[str, float]:
    """Median seconds of both ways, their ratio, and the statements of approving all at once."""
    scratch.set_up()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    company = _Company(proposals)
    times = scratch.median_of(
        runs,
        {
            "at_once": lambda: company.time(lambda votes: [votes]),
            "one_by_one": lambda: company.time(lambda votes: [[vote] for vote in votes]),
        },
    )
    votes = company.pending()
    with CaptureQueriesContext(connection) as captured:
        company.decide([votes])
    return {
        **times,
        "ratio": times["one_by_one"] / times["at_once"],
        "statements": len(captured),
    }


class _Company:
    """Customers, somebody who proposes and somebody who approves."""

    def __init__(self, size):
        from django.contrib.contenttypes.models import ContentType

        from approvals import parameters
        from approvals.models import Workflow
        from approvals.workflow import workflows
        from customers.models import Customer
        from tests.conftest import make_person
        from tests.customers.factories import customer

        self.clerk = make_person("clerk", "Clerk", "Data steward")
        self.approver = make_person("approver", "Approver")
        administrator = make_person("administrator", "Administrator")
        self.accounts = [
            customer(f"B-{number:05}", credit_limit="1").account for number in range(size)
        ]
        content_type = ContentType.objects.get_for_model(Customer)
        workflow = Workflow.objects.create(content_type=content_type, name="Customers")
        version = workflow.versions.create(number=1)
        version.steps.create(position=1, name="Credit manager").users.set([self.approver])
        workflows.activate(version, by=administrator)
        fields = {"credit_limit": True, "payment_day": True}
        parameters.set_parameters(Customer, by=administrator, enabled=True, fields=fields)
        self.round = 0

    def pending(self):
        """Propose two changes for every customer, and return the votes that approve them."""
        from approvals import changes
        from approvals.deciding import decisions
        from approvals.models import Behavior, WorkItem
        from approvals.outcomes import Change
        from customers.models import Customer
        from tests.approvals.helpers import import_source

        self.round += 1
        values = {"credit_limit": f"{self.round + 1}", "payment_day": f"D{self.round}"}
        wanted = [Change(account, values) for account in self.accounts]
        source = import_source(self.clerk, Behavior.PROPOSE)
        changes.change_records(Customer, wanted, by=self.clerk, source=source)
        rows = WorkItem.objects.filter(state="open").values_list("pk", "proposal__revision")
        return [decisions.Vote(pk, revision) for pk, revision in rows]

    def decide(self, batches):
        """Approve batch by batch; every vote counts."""
        from approvals.deciding import decisions

        for batch in batches:
            results = decisions.decide(batch, "approve", by=self.approver)
            if not all(result.done and not result.conflict for result in results):
                raise RuntimeError("A vote did not count, so the figures would mean nothing.")

    def time(self, split):
        """Seconds for approving everything, in the batches that `split` makes of the votes."""
        batches = split(self.pending())
        return scratch.seconds(lambda: self.decide(batches))


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proposals", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--postgresql", default=scratch.POSTGRESQL, help="a server to measure on")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
