"""What stands in the database, written down so that two doors can be compared."""

from approvals import registry
from approvals.batch import content_type
from approvals.models import Proposal, Verb, WorkflowEvent
from approvals.values import encode
from customers.models import Customer


class Ledger:
    """Remembers the customers as they are now, and tells what has become of them since."""

    def __init__(self):
        self.before = {row.account: _values(row) for row in Customer.objects.all()}
        newest = WorkflowEvent.objects.order_by("id").last()
        self.newest_event = newest.pk if newest else 0

    def events(self):
        """The history since, oldest first; whoever was made on the way has been given rights."""
        found = WorkflowEvent.objects.filter(pk__gt=self.newest_event).order_by("pk")
        return found.exclude(verb=Verb.RIGHTS_CHANGED)

    def statement(self, account) -> str:
        """Everything that changed for a customer since, and everything that is proposed.

        One line each: values, proposals with their changes and contributors, history.
        What an import adds to each line, its origin and job, is left out.
        """
        record = Customer.objects.get(account=account)
        return "\n".join(
            [*self._live(record), *_proposals(record), *self._history(record)],
        )

    def statements(self) -> dict[str, str]:
        """The statement of every customer."""
        accounts = Customer.objects.values_list("account", flat=True)
        return {account: self.statement(account) for account in accounts}

    def _live(self, record):
        now, before = _values(record), self.before.get(record.account) or _values(Customer())
        for name, value in now.items():
            if before[name] != value:
                yield f"live {name}: {_step(before[name], value)}"

    def _history(self, record):
        events = self.events().filter(content_type=_type(), object_id=record.pk)
        for event in events.select_related("actor"):
            what = f" {event.field}: {_step(event.old, event.new)}" if event.field else ""
            what = f": {event.new}" if event.verb == Verb.CREATED else what
            yield f"history: {event.actor} {event.verb}{what}"


def _proposals(record):
    proposals = Proposal.objects.filter(content_type=_type(), object_id=record.pk)
    for number, proposal in enumerate(proposals.order_by("pk"), 1):
        submitted = f", submitted by {proposal.submitted_by}" if proposal.submitted_by else ""
        yield f"proposal {number}: {proposal.state}, made by {proposal.created_by}{submitted}"
        for change in proposal.changes.order_by("pk"):
            step = f"{change.field}: {_step(change.original, change.value)}"
            yield f"  {step}, {change.outcome or 'open'}, by {change.proposed_by}"
        people = proposal.contributors.values_list("person__username", "role")
        yield "  " + ", ".join(sorted(f"{person} {role}" for person, role in people))


def _values(record):
    fields = {"account": registry.get(Customer).key_field, **registry.get(Customer).proposable}
    values = {name: encode(f, f.value_from_object(record)) for name, f in fields.items()}
    return {**values, "revision": str(record.revision), "folded_key": record.folded_key}


def _type():
    return content_type(registry.get(Customer))


def _step(old, new):
    return f"{_shown(old)} -> {_shown(new)}"


def _shown(text):
    return "null" if text is None else (text.replace("\n", "|") or "empty")
