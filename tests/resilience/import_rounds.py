"""Rounds in which two imports, edits and decisions meet on the same customers."""

import io
import random
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from approvals.imports import import_jobs, uploads
from approvals.models import Behavior, ImportJob, ImportRow, State, WorkflowEvent
from customers.models import Customer

from . import answers, company, findings
from .company import CLERKS, IBAN, VOTERS

BATCH = 3
KINDS = [
    (Behavior.PROPOSE, {}),
    (Behavior.ALLOW, {}),
    (Behavior.PROPOSE, {"all_or_nothing": True}),
    (Behavior.ALLOW, {"all_or_nothing": True}),
]
STORED = {"direct": ("changed", "changed_without_approval"), "proposed": ("proposed",)}


@dataclass
class Round:
    """Two imports and what six people do beside them."""

    name: str
    accounts: list
    jobs: list
    deeds: list
    answers: list = field(default_factory=list)


def make(numbers, kinds=KINDS) -> list[Round]:
    """A round of each kind for each of these numbers, which are in their accounts."""
    chance = random.Random(min(numbers))
    names = [(f"I{n}-{which}", kind) for n in numbers for which, kind in enumerate(kinds)]
    accounts = {
        letter: {name: [f"{name}-{letter}{i}" for i in range(count)] for name, _kind in names}
        for letter, count in (("P", 3), ("D", 2), ("E", 2), ("N", 2))
    }
    pending = company.propose(_all(accounts["P"]), credit_limit="200")
    drafts = company.propose(_all(accounts["D"]), submit=False, iban=IBAN)
    company.propose(_all(accounts["E"]), submit=False, phone="1")
    items = company.items_of(pending.values())
    rounds = []
    for name, kind in names:
        own = [
            {account: found[account] for account in accounts[letter][name]}
            for letter, found in (("P", pending), ("D", drafts))
        ]
        rounds.append(_round(kind, *own, accounts["E"][name], accounts["N"][name], items, chance))
    return rounds


def _all(lists):
    return [account for accounts in lists.values() for account in accounts]


def _round(kind, pending, drafts, free, new, items, chance):
    behavior, options = kind
    accounts = [*pending, *drafts, *free, *new]
    first, second = chance.sample(accounts, len(accounts)), chance.sample(accounts, len(accounts))
    jobs = [
        _job(_lines(order, new, **values), behavior, options)
        for order, values in (
            (first, {"city": "Breda", "iban": IBAN}),
            (second, {"city": "Delft", "credit_limit": "500"}),
        )
    ]
    deeds = [{"do": "work", "job": job.pk, "batch": BATCH, "name": "work"} for job in jobs]
    deeds += _beside(jobs, pending, drafts, free, items, chance)
    also = ", all or nothing" if options else ""
    return Round(f"import: {behavior}{also}", accounts, jobs, deeds)


def _lines(accounts, new, **values):
    yield ",".join(("account", "name", "customer_group", *values))
    for account in accounts:
        name, group = ("New", "10") if account in new else ("", "")
        yield ",".join((account, name, group, *values.values()))


def _job(lines, behavior, options):
    """A confirmed import that waits for a worker."""
    stella = User.objects.get(username="stella")
    job = import_jobs.new_job(
        Customer, by=stella, file_name="r.csv", behavior=behavior, options=options
    )
    uploads.store(job, io.BytesIO("\n".join(lines).encode()))
    job.state = ImportJob.State.RUNNING
    job.save()
    return job


def _beside(jobs, pending, drafts, free, items, chance):
    """What six people do meanwhile, each one thing after another."""
    waiting = list(pending.values())
    shuffled = chance.sample(waiting, len(waiting))
    yield company.several(company.decide_all(VOTERS[0], waiting, items))
    yield company.several(
        company.decide_all(VOTERS[1], shuffled, items), company.decide_imported(VOTERS[1], jobs[0])
    )
    edited = (*[*pending][1:], *free)
    yield company.several(*(company.edit("clara", key, phone="2") for key in edited))
    yield company.several(*(company.edit("chris", key, credit_limit="300") for key in drafts))
    yield company.several(*(company.act("clara", "submit", p) for p in drafts.values()))
    yield company.several(
        company.act("adam", "recall", waiting[0]),
        company.edit(CLERKS[1], free[0], iban=IBAN),
        company.decide_imported(VOTERS[2], jobs[1]),
    )


def after(rounds) -> list[str]:
    """What is wrong after rounds, a line each."""
    stored = findings.Stored([account for r in rounds for account in r.accounts])
    return [f"{r.name}, {r.accounts[0]}: {what}" for r in rounds for what in _wrong(r, stored)]


def _wrong(r, stored):
    yield from answers.failures(r.answers)
    for account in r.accounts:
        for proposal in stored.of_account[account]:
            if proposal.state != State.NOT_REQUIRED:
                yield from findings.of_proposal(
                    stored, proposal.pk, _needed(stored.changes[proposal.pk]), alone=False
                )
        if account in stored.records:
            yield from findings.of_record(stored, account)
    for job in r.jobs:
        job.refresh_from_db()
        yield from wrong_with(job, len(r.accounts))


def _needed(changes):
    """How many have to agree."""
    return 2 if any(c.field == "iban" and c.outcome != "discarded" for c in changes) else 1


def wrong_with(job, rows):
    """Whether each row of an import had the outcome that is on record, and once."""
    whole = job.options.get("all_or_nothing")
    if job.state != "done" and not (whole and job.state == "refused"):
        yield f"the import is {job.state}: {job.refused}"
    counts = [getattr(job, outcome) for outcome in ImportRow.Outcome.values]
    # Without a preview, what all or nothing took back is on record for the failed rows only.
    on_record = job.row_outcomes.count() if job.state == "done" else rows
    if (job.rows, sum(counts), on_record) != (rows, rows, rows):
        yield f"{job.rows} rows of {rows}: {counts}, {on_record} on record"
    events = {}
    for event in WorkflowEvent.objects.filter(import_job=job).exclude(actor=None):
        events.setdefault(event.record_key, []).append(event)
    for row in job.row_outcomes.all():
        yield from _wrong_row(row, events.pop(row.key, []))
    if events:
        yield f"the import did something to {list(events)}"


def _wrong_row(row, events):
    for kind, verbs in STORED.items():
        told = sorted([f, old or "", new] for f, old, new, k in row.changes if k == kind)
        done = sorted([e.field, e.old or "", e.new] for e in events if e.verb in verbs)
        if row.outcome == "created":
            told = done
        if told != (done if row.outcome != "failed" else []) or (done and not told):
            yield f"row {row.number} is {row.outcome}, told {told}, done {done}"
    made = [event.verb for event in events].count("created")
    if made != (row.outcome == "created"):
        yield f"row {row.number} is {row.outcome}, created {made} times"
    if row.outcome in ("failed", "unchanged") and events:
        yield f"row {row.number} is {row.outcome}, and did {[e.verb for e in events]}"
