"""What is wrong after a round: with what is stored, and with what people were told."""

import json
import re
from collections import Counter

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
# How somebody who came too late is told who was faster, and when.
TOLD = re.compile(
    r"(?:Already approved by|Already rejected by|A change was requested already by"
    r"|now stands at: [^()]*\([A-Z][a-z ]*? by) ([\w ]+?) at "
    r"(\d\d/\d\d/\d{4} (?:\d\d?(?::\d\d)? [ap]\.m\.|noon|midnight))"  # so are full hours written
)
SAVED = "Saved: "
# Every answer that somebody who edits may get.
EDITED = (
    SAVED,
    "Needs approval: ",
    "saved this customer while you were typing",
    "Nothing was changed",
    "another value is pending approval",
    "Already proposed with this value",
)


def after(rounds) -> list[str]:
    """What is wrong after rounds, a line each."""
    return [f"{r.name}, {r.proposals}: {what}" for r in rounds for what in _after(r)]


def _after(r):
    yield from _answers(r)
    for proposal in r.proposals:
        alone = len(r.proposals) == 1
        yield from of_proposal(Proposal.objects.get(pk=proposal.pk), r.needed, alone=alone)
        yield from of_record(proposal.record_key)
    yield from _as_told(r)


def _answers(r):
    for answer in r.answers:
        if answer["status"] not in (200, 302) or answer["error"]:
            yield f"{answer['name']}: {answer['status']} {answer['error'][-2000:]}"
        elif answer["name"] == "edit" and not any(text in answer["text"] for text in EDITED):
            yield f"an edit was answered: {answer['text'][:3000]}"


def of_proposal(proposal, needed=1, *, alone=True):
    """Decisions, steps, work items and history of one proposal, which was submitted once.

    alone: nobody was told of it and others together.
    """
    events = list(WorkflowEvent.objects.filter(proposal=proposal).order_by("pk"))
    verbs = Counter(event.verb for event in events)
    decisions = list(Decision.objects.filter(proposal=proposal))
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
    yield from _changes(proposal, verbs)
    yield from _told_once(proposal, alone)
    if any(event.actor_id is None for event in events):
        yield "an entry without a person"
    yield from _waiting(proposal, decisions)


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


def _changes(proposal, verbs):
    changes = ProposedChange.objects.filter(proposal=proposal)
    applied = changes.filter(outcome="applied").count()
    if verbs["applied"] != applied or bool(applied) != (proposal.state == State.APPROVED):
        yield f"{proposal.state}: {applied} applied, {verbs['applied']} entries"
    if changes.filter(outcome="").exists() != (proposal.state in OPEN):
        yield f"{proposal.state}, and what is open is not"


def _told_once(proposal, alone):
    told = Notification.objects.filter(proposal=proposal)
    people = Counter(told.values_list("occasion", "person"))
    if any(count > 1 for count in people.values()):
        yield f"told more than once: {people}"
    applied = [occasion for occasion, _person in people].count("applied")
    if alone and applied != (proposal.state == State.APPROVED):
        yield f"{proposal.state}, and {applied} were told that it is applied"


def _waiting(proposal, decisions):
    pending = proposal.state == State.PENDING
    running = StepRun.objects.filter(proposal=proposal, state="running").count()
    if running != pending:
        yield f"{proposal.state} with {running} running steps"
    items = Counter(WorkItem.objects.filter(proposal=proposal).values_list("state", flat=True))
    if items["decided"] != len(decisions) or bool(items["open"]) != pending:
        yield f"{proposal.state} with {items} and {len(decisions)} decisions"
    submitted = proposal.submitted_at is not None
    if WorkItem.objects.filter(proposal=proposal).count() != 8 * submitted:
        yield f"{items}"


def of_record(account):
    """Values, revision and history of one record that has one proposal after another."""
    record = Customer.objects.get(account=account)
    events = WorkflowEvent.objects.filter(record_key=account)
    made = events.filter(verb="created").values_list("new", flat=True)
    first = json.loads(made.get()) if made else {"credit_limit": "100.00"}
    for field in ("credit_limit", "iban", "phone", "city"):
        stored = encode(Customer._meta.get_field(field), getattr(record, field))
        written = events.filter(field=field, verb__in=("applied", "changed", CHANGED))
        last = written.order_by("pk").last()
        expected = last.new if last else first.get(field)
        if (stored or "") != (expected or ""):
            yield f"{field} is {stored}, and should be {expected}"
    # Proposals that are decided together are written together.
    writes = events.filter(verb__in=("completed", "changed", CHANGED)).values("at").distinct()
    if record.revision != 1 + writes.count():
        yield f"revision {record.revision} after {writes.count()} writes"
    open_ones = ProposedChange.objects.filter(object_id=record.pk, outcome="")
    fields = list(open_ones.values_list("field", flat=True))
    if len(fields) != len(set(fields)):
        yield f"open changes of {fields}"
    drafts = Proposal.objects.filter(record_key=account, state=State.NOT_SUBMITTED)
    if drafts.count() > 1:
        yield "two proposals are not submitted"


CHANGED = "changed_without_approval"


def _as_told(r):
    """Who was told that it is done, did it; who was too late was told by whom."""
    keys = [proposal.record_key for proposal in r.proposals]
    events = list(WorkflowEvent.objects.filter(record_key__in=keys).select_related("actor"))
    saves = {(e.actor_id, e.at) for e in events if e.verb == "changed"}
    told = sum(SAVED in answer["text"] for answer in r.answers_of("edit"))
    if told != len(saves):
        yield f"{told} were told that something is saved, {len(saves)} have"
    votes = sum(e.verb in DECIDED.values() for e in events)
    answers = r.answers_of(*DECIDED)
    if sum(map(_votes_told, answers)) != votes:
        yield f"{[_votes_told(answer) for answer in answers]} decisions told, {votes} are there"
    names = {e.actor.get_full_name() for e in events if e.verb in (*DECIDED.values(), *ENDINGS)}
    names |= {"Adam"}
    for answer in r.answers_of(*DECIDED, "recall", "terminate"):
        yield from _loser(answer, names)


def _votes_told(answer):
    many = re.search(r"(\d+) decided", answer["text"])
    if many:
        return int(many[1])
    return bool(re.search(r": (Approved|Rejected|Change requested)", answer["text"]))


def _loser(answer, names):
    text = answer["text"]
    done = "have been recalled." in text or "has been terminated." in text or _votes_told(answer)
    found = TOLD.findall(text)
    if not done and not any(name in names for name, _at in found):
        yield f"{answer['who']} could not {answer['name']} and read: {text[:3000]}"
