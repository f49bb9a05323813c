"""A picture of everything that counts, taken before and after each action."""

from dataclasses import dataclass

from approvals import changes
from approvals.batch import Rules
from approvals.models import Decision, Proposal, ProposedChange, StepRun, WorkflowEvent, WorkItem
from customers.models import Customer

from .company import VALUES


@dataclass(frozen=True)
class Picture:
    """Rows by primary key, as dictionaries; the customers' values by account."""

    customers: dict
    proposals: dict
    changes: dict
    runs: dict
    items: dict
    decisions: dict
    last_event: int
    rules: Rules

    def open_changes(self, proposal_id):
        """(field, original, new) of what is open in a proposal."""
        return {
            (c["field"], c["original"], c["value"])
            for c in self.changes.values()
            if c["proposal_id"] == proposal_id and c["outcome"] == ""
        }

    def of(self, table, **values):
        """The rows of a table that have these values."""
        rows = getattr(self, table).values()
        return [row for row in rows if all(row[k] == v for k, v in values.items())]


def take() -> Picture:
    """The picture of the database as it is now."""
    last = WorkflowEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return Picture(
        customers={c["account"]: c for c in Customer.objects.values("account", "held", *VALUES)},
        proposals=_rows(Proposal),
        changes=_rows(ProposedChange),
        runs=_rows(StepRun),
        items=_rows(WorkItem),
        decisions=_rows(Decision),
        last_event=last,
        rules=changes.read_rules(Customer),
    )


def _rows(model):
    return {row["id"]: row for row in model.objects.order_by("pk").values()}
