"""Rounds in which eight people do something about the same customers at the same instant."""

from dataclasses import dataclass, field

from . import answers, company, findings
from .company import CLERKS, NEW, VOTERS

ONE = {"credit_limit": NEW}
TWO = {"iban": company.IBAN}


@dataclass
class Round:
    """What eight people do at once, about which proposals, and what they were told."""

    name: str
    proposals: list
    deeds: list
    needed: int = 1
    answers: list = field(default_factory=list)

    def answers_of(self, *names):
        """What those who did one of these things were told."""
        return [answer for answer in self.answers if answer["name"] in names]


def make(numbers, kinds=None) -> list[Round]:
    """A round of each kind for each of these numbers, which are in their accounts."""
    kinds = kinds or KINDS
    accounts = {
        (n, kind): [f"R{n}-{which}-{i}" for i in range(KEEPS.get(kind, 1))]
        for n in numbers
        for which, kind in enumerate(kinds)
    }
    found = {}
    for values, submit in ((ONE, True), (TWO, True), (ONE, False)):
        mine = [
            account
            for (_n, kind), of_round in accounts.items()
            if PREPARED.get(kind, (ONE, True)) == (values, submit)
            for account in of_round
        ]
        found |= company.propose(mine, submit, **values) if mine else {}
    items = company.items_of(list(found.values()))
    return [kind([found[a] for a in mine], items) for (_n, kind), mine in accounts.items()]


def after(rounds) -> list[str]:
    """What is wrong after rounds, a line each."""
    stored = findings.Stored([proposal.record_key for r in rounds for proposal in r.proposals])
    return [f"{r.name}, {r.proposals}: {what}" for r in rounds for what in _wrong(r, stored)]


def _wrong(r, stored):
    yield from answers.failures(r.answers)
    for proposal in r.proposals:
        alone = len(r.proposals) == 1
        yield from findings.of_proposal(stored, proposal.pk, r.needed, alone=alone)
        yield from findings.of_record(stored, proposal.record_key)
    yield from answers.as_told(r, stored)


def eight_approve(proposals, items):
    """One vote is enough, and all of the step approve."""
    [proposal] = proposals
    deeds = [company.decide(who, "approve", proposal, items) for who in VOTERS]
    return Round("eight approve", proposals, deeds)


def two_are_needed(proposals, items):
    """Two votes are needed, and all of the step approve."""
    [proposal] = proposals
    deeds = [company.decide(who, "approve", proposal, items) for who in VOTERS]
    return Round("two are needed", proposals, deeds, needed=2)


def two_from_four_windows_each(proposals, items):
    """Two votes are needed, and two people approve, each again and again."""
    [proposal] = proposals
    deeds = [company.decide(who, "approve", proposal, items) for who in VOTERS[:2] * 4]
    return Round("two, from four windows each", proposals, deeds, needed=2)


def different_decisions(proposals, items):
    """Approve against reject and request change."""
    [proposal] = proposals
    actions = ["approve", "approve", "approve", "approve"]
    actions += ["reject", "reject", "request_change", "request_change"]
    pairs = zip(VOTERS, actions, strict=True)
    return Round(
        "different decisions",
        proposals,
        [company.decide(who, action, proposal, items) for who, action in pairs],
    )


def approve_and_recall(proposals, items):
    """Five approve what its originator recalls, with two clicks; an administrator ends it."""
    [proposal] = proposals
    deeds = [company.decide(who, "approve", proposal, items) for who in VOTERS[:5]]
    deeds += [company.act("clara", "recall", proposal)] * 2
    deeds += [company.act("adam", "terminate", proposal)]
    return Round("approve and recall", proposals, deeds)


def approve_and_edit(proposals, items):
    """Four approve, while others edit the field that is pending, and ones that are not."""
    [proposal] = proposals
    account = proposal.record_key
    deeds = [company.decide(who, "approve", proposal, items) for who in VOTERS[:4]]
    deeds += [
        company.edit("clara", account, phone="+31 30 200 00 01"),
        company.edit("chris", account, city="Utrecht"),
        company.edit("clara", account, credit_limit="300"),
        company.edit("chris", account, iban=company.IBAN),
    ]
    return Round("approve and edit", proposals, deeds)


def everything(proposals, items):
    """Whatever there is."""
    [proposal] = proposals
    account = proposal.record_key
    actions = ["approve", "reject", "request_change"]
    pairs = zip(VOTERS, actions, strict=False)
    deeds = [company.decide(who, action, proposal, items) for who, action in pairs]
    deeds += [
        company.act("clara", "recall", proposal),
        company.act("adam", "terminate", proposal),
        company.edit("clara", account, credit_limit="300"),
        company.edit("chris", account, phone="+31 30 200 00 02"),
        company.read_notifications(VOTERS[0]),
    ]
    return Round("everything", proposals, deeds)


def lists_in_different_orders(proposals, items):
    """Six approve the same five proposals at once, in different orders; two read of them."""
    orders = [proposals[n % 5 :] + proposals[: n % 5] for n in range(3)]
    orders += [order[::-1] for order in orders]
    pairs = zip(VOTERS, orders, strict=False)
    deeds = [company.decide_all(who, order, items) for who, order in pairs]
    deeds += [company.read_notifications(who) for who in VOTERS[:2]]
    return Round("lists in different orders", proposals, deeds)


def submit_and_edit(proposals, items):
    """Two clerks submit, and edit, what was not submitted yet."""
    [proposal] = proposals
    account = proposal.record_key
    deeds = [company.act(who, "submit", proposal) for who in CLERKS * 2]
    deeds += [
        company.edit(who, account, credit_limit=value)
        for who, value in zip(CLERKS * 2, ("300", "400", "500", "600"), strict=True)
    ]
    return Round("submit and edit", proposals, deeds)


KINDS = [
    eight_approve,
    two_are_needed,
    different_decisions,
    approve_and_recall,
    approve_and_edit,
    everything,
    lists_in_different_orders,
    submit_and_edit,
    two_from_four_windows_each,
]
# How many proposals a round is about, and how they are made, where that is not one, pending.
KEEPS = {lists_in_different_orders: 5}
PREPARED = {
    two_are_needed: (TWO, True),
    two_from_four_windows_each: (TWO, True),
    submit_and_edit: (ONE, False),
}
