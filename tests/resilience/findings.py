"""What is wrong with what is stored after people have acted."""

import json
from collections import Counter, defaultdict

from approvals.models import (
    OPEN,
    Decision,
    Notification,
    Proposal,
    ProposedChange,
    State,
    StepRun,
    WorkflowEvent,
    WorkItem,
)
from approvals.values import encode
from customers.models import Customer

DECIDED = {"approve": "approved", "reject": "rejected", "request_change": "change_requested"}
# What ends the wait for a decision, by the entry in the history.
ENDINGS = ("completed", "rejected", "change_requested", "recalled", "terminated", "conflict")
STATES = {
    "completed": {State.APPROVED},
    "rejected": {State.REJECTED},
    "change_requested": {State.CHANGE_REQUESTED},
    "recalled": {State.NOT_SUBMITTED, State.JOINED},
    "terminated": {State.DISCARDED},
}
CHANGED = "changed_without_approval"
WRITTEN = ("applied", "changed", CHANGED)


class Stored:
    """All that is stored of some customers and their proposals, in a query for each table."""

    def __init__(self, accounts):
        found = Proposal.objects.filter(record_key__in=accounts)
        self.proposals = {proposal.pk: proposal for proposal in found}
        self.of_account = _grouped(found, "record_key")
        self.records = {r.account: r for r in Customer.objects.filter(account__in=accounts)}
        self.decisions = self._of(Decision)
        self.runs, self.items = self._of(StepRun), self._of(WorkItem)
        self.told, self.changes = self._of(Notification), self._of(ProposedChange)
        ids = [record.pk for record in self.records.values()]
        still = ProposedChange.objects.filter(object_id__in=ids, outcome="")
        self.open_changes = _grouped(still, "object_id")
        self.events = self._of(WorkflowEvent.objects.select_related("actor").order_by("pk"))
        told = WorkflowEvent.objects.filter(record_key__in=accounts).select_related("actor")
        self.history = _grouped(told.order_by("pk"), "record_key")

    def _of(self, rows):
        rows = getattr(rows, "objects", rows)
        return _grouped(rows.filter(proposal__in=self.proposals), "proposal_id")


def _grouped(rows, name):
    groups = defaultdict(list)
    for row in rows:
        groups[getattr(row, name)].append(row)
    return groups


def of_proposals(proposals, *, alone=True) -> list[str]:
    """What is wrong with proposals on which one decides, and with their customers."""
    accounts = [proposal.record_key for proposal in proposals]
    stored = Stored(accounts)
    found = [w for p in proposals for w in of_proposal(stored, p.pk, alone=alone)]
    return found + [what for account in accounts for what in of_record(stored, account)]


def of_proposal(stored, pk, needed=1, *, alone=True):
    """Decisions, steps, work items and history of one proposal, which was submitted once.

    alone: nobody was told of it and others together.
    """
    proposal, events = stored.proposals[pk], stored.events[pk]
    verbs = Counter(event.verb for event in events)
    decisions = stored.decisions[pk]
    actions = Counter(decision.action for decision in decisions)
    if verbs["submitted"] != (proposal.submitted_at is not None):
        yield f"submitted {verbs['submitted']} times"
    for action, verb in DECIDED.items():
        if actions[action] != verbs[verb]:
            yield f"{actions[action]} decisions to {action}, {verbs[verb]} entries"
    if len({(d.step_run_id, d.person_id) for d in decisions}) != len(decisions):
        yield "somebody decided twice"
    if actions["approve"] > needed or sum(actions.values()) > needed:
        yield f"{sum(actions.values())} decisions"
    yield from _ending(proposal, verbs, actions, needed)
    yield from _changes(proposal, stored.changes[pk], verbs)
    yield from _told_once(proposal, stored.told[pk], alone)
    if any(event.actor_id is None for event in events):
        yield "an entry without a person"
    yield from _waiting(proposal, stored, decisions)


def _ending(proposal, verbs, actions, needed):
    ends = [verb for verb in ENDINGS for _time in range(verbs[verb])]
    pending = proposal.state == State.PENDING
    if proposal.submitted_at and len(ends) != (0 if pending else 1):
        yield f"{proposal.state}, ended by {ends}"
    elif ends and proposal.state not in STATES[ends[0]]:
        yield f"{proposal.state} after {ends}"
    approved = actions["approve"] == needed and ends == ["completed"]
    if approved != (proposal.state == State.APPROVED):
        yield f"{proposal.state} with {actions}"


def _changes(proposal, changes, verbs):
    outcomes = Counter(change.outcome for change in changes)
    applied = outcomes["applied"]
    if verbs["applied"] != applied or bool(applied) != (proposal.state == State.APPROVED):
        yield f"{proposal.state}: {applied} applied, {verbs['applied']} entries"
    if bool(outcomes[""]) != (proposal.state in OPEN):
        yield f"{proposal.state}, and what is open is not"


def _told_once(proposal, told, alone):
    people = Counter((notification.occasion, notification.person_id) for notification in told)
    if any(count > 1 for count in people.values()):
        yield f"told more than once: {people}"
    applied = [occasion for occasion, _person in people].count("applied")
    if alone and applied != (proposal.state == State.APPROVED):
        yield f"{proposal.state}, and {applied} were told that it is applied"


def _waiting(proposal, stored, decisions):
    pending = proposal.state == State.PENDING
    running = [run.state for run in stored.runs[proposal.pk]].count("running")
    if running != pending:
        yield f"{proposal.state} with {running} running steps"
    items = Counter(item.state for item in stored.items[proposal.pk])
    if items["decided"] != len(decisions) or bool(items["open"]) != pending:
        yield f"{proposal.state} with {items} and {len(decisions)} decisions"
    submitted = proposal.submitted_at is not None
    if items.total() != 8 * submitted:
        yield f"{items}"


def of_record(stored, account):
    """Values, revision and history of one record that has one proposal after another."""
    record, events = stored.records[account], stored.history[account]
    made = [event.new for event in events if event.verb == "created"]
    if len(made) > 1:
        yield f"created {len(made)} times"
    first = json.loads(made[0]) if made else {"credit_limit": "100.00"}
    for field in ("credit_limit", "iban", "phone", "city"):
        value = encode(Customer._meta.get_field(field), getattr(record, field))
        written = [event.new for event in events if event.field == field and event.verb in WRITTEN]
        expected = written[-1] if written else first.get(field)
        if (value or "") != (expected or ""):
            yield f"{field} is {value}, and should be {expected}"
    # Proposals that are decided together are written together.
    writes = {event.at for event in events if event.verb in ("completed", "changed", CHANGED)}
    if record.revision != 1 + len(writes):
        yield f"revision {record.revision} after {len(writes)} writes"
    fields = [change.field for change in stored.open_changes[record.pk]]
    if len(fields) != len(set(fields)):
        yield f"open changes of {fields}"
    states = [proposal.state for proposal in stored.of_account[account]]
    if states.count(State.NOT_SUBMITTED) > 1:
        yield "two proposals are not submitted"
