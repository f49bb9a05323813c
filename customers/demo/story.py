"""What the company's people have been doing: proposals in every state."""

from dataclasses import dataclass, field
from random import Random

from approvals import proposals
from approvals.changes import change_records
from approvals.deciding import cases, decisions
from approvals.models import Action, ItemState, Proposal, WorkItem
from approvals.outcomes import CODE, Change
from customers.models import Customer

from .company import new_iban
from .countries import MARKETS
from .people import the

APPROVE, REJECT, REQUEST_CHANGE = Action.APPROVE, Action.REJECT, Action.REQUEST_CHANGE


@dataclass(frozen=True)
class Episode:
    """One customer's changes, and what became of them.

    edits: who set which values, in order; the first makes the customer, where it is a new
    one. note: of whoever submitted, the last to edit;
    None: nobody did. decisions: who decided what, and why, in order.
    """

    account: str
    edits: tuple[tuple[str, dict], ...]
    note: str | None = None
    decisions: tuple[tuple[str, Action, str], ...] = field(default=())


def _bank_change(country, seed):
    market = next(market for market in MARKETS if market.code == country)
    return {"iban": new_iban(market, Random(seed))}  # noqa: S311


STORY = (
    # Approved: the values stand on the customer, the rest in its history.
    Episode(
        "NL-1020",
        (("emma", {"credit_limit": 35000, "credit_rating": "A"}),),
        "Pays within ten days since 2022.",
        (
            ("sofia", APPROVE, ""),
            ("pieter", APPROVE, "They have ordered for 30 000 already."),
            ("henrik", APPROVE, "Agreed for this season."),
        ),
    ),
    Episode(
        "FI-1002",
        (("jonas", {"payment_terms": "Net45"}),),
        "Part of the new contract.",
        (("lucas", APPROVE, "Contract seen."), ("henrik", APPROVE, "")),
    ),
    Episode(
        "NO-1004",
        (("jonas", {"on_hold": "Invoice"}),),
        "They dispute the last three invoices.",
        # On behalf of the finance director.
        (("sofia", APPROVE, ""), ("pieter", APPROVE, "Agreed with Henrik by telephone.")),
    ),
    # Approved by the rule for small raises, without anybody.
    Episode(
        "NL-1012",
        (("jonas", {"credit_limit": 26000}),),
        "A little more for the spring order.",
    ),
    # Not submitted: only the clerks know of it.
    Episode(
        "NL-1004",
        (
            ("emma", {"credit_limit": 5000, "phone": "+31 30 000 20 26"}),
            ("jonas", {"payment_terms": "Net45"}),
        ),
    ),
    Episode("DE-1007", (("jonas", {"payment_method": "CARD", "cash_discount": "3PCT14"}),)),
    # Waiting for credit control.
    Episode(
        "SE-1003",
        (("jonas", _bank_change("SE", 3)),),
        "New account by letter. Please call back on the number we have.",
    ),
    Episode(
        "BE-1002",
        (("emma", {"credit_limit": 12000, "credit_limit_mandatory": True}),),
        "They open a second shop in May.",
    ),
    Episode(
        "FR-1005",
        (("emma", {"payment_terms": "Net60", "cash_discount": "3PCT10"}),),
        "Agreed at the spring fair.",
    ),
    Episode(
        "NL-1010",
        (("jonas", {"invoice_account": "NL-1001", "contact_person": "Tess Hoekstra"}),),
        "The shop was taken over; invoices go to the new owner.",
    ),
    # A new customer, held until it is approved.
    Episode(
        "NL-1061",
        (
            (
                "emma",
                {
                    "name": "Fietspunt Vechtzicht",
                    "search_name": "FIETSPUNT VECHTZICHT",
                    "customer_group": "30",
                    "language": "nl",
                    "street": "Vechtkade 12",
                    "city": "Utrecht",
                    "postal_code": "3555 AB",
                    "country": "NL",
                    "contact_person": "Noor Vechter",
                    "phone": "+31 30 000 14 12",
                    "email": "noor@fietspunt-vechtzicht.example",
                    "credit_limit": 3000,
                    "payment_terms": "Net14",
                    "payment_method": "BANK",
                    **_bank_change("NL", 61),
                },
            ),
        ),
        "Opens in April. Trade register seen; please check the bank account.",
    ),
    # Approved by credit control: a raise by more than 20 % waits for the clerk's manager, the
    # other for the finance director.
    Episode(
        "DE-1012",
        (("emma", {"credit_limit": 50000}),),
        "Framework order for cargo bikes.",
        (("sofia", APPROVE, "Covered by credit insurance up to 60 000."),),
    ),
    Episode(
        "GB-1003",
        (("jonas", {"customer_group": "20", "credit_rating": "A"}),),
        "They joined a buying group of twelve shops.",
        (("lucas", APPROVE, ""),),
    ),
    # Returned to the clerks.
    Episode(
        "DK-1002",
        (("emma", {"credit_limit": 120000}),),
        "Asked for by telephone.",
        (("sofia", REJECT, "Two invoices are more than 60 days late."),),
    ),
    Episode(
        "AT-1003",
        (("jonas", {"name": "Radl Wallner & Töchter GmbH"}),),
        "New name since January.",
        (
            ("lucas", APPROVE, ""),
            ("henrik", REQUEST_CHANGE, "The trade register also has a new VAT number. Add it."),
        ),
    ),
)


def happen() -> None:
    """Let it all happen, through the same door as everybody else's changes."""
    for episode in STORY:
        _edit(episode)
        if episode.note is not None:
            _submit_and_decide(episode)


def _edit(episode):
    for username, values in episode.edits:
        known = Customer.objects.filter(account=episode.account).exists()
        change = Change(episode.account, values, new=not known)
        (outcome,) = change_records(Customer, [change], by=the(username), source=CODE)
        if outcome.failed:
            raise ValueError(f"{episode.account} cannot be set so: {outcome.errors}")


def _submit_and_decide(episode):
    proposal = Proposal.objects.get(record_key=episode.account)
    clerk, _values = episode.edits[-1]
    proposals.submit(proposal.pk, by=the(clerk), note=episode.note, source=CODE)
    for username, action, comment in episode.decisions:
        decide(proposal, action, by=the(username), comment=comment)


def decide(proposal: Proposal, action: Action, *, by, comment="") -> None:
    """Let a person decide a proposal: her own work item, or that of whom she stands in for.

    Raises ValueError if it is refused.
    """
    items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN)
    item = cases.decidable(items, by).get(proposal.pk)
    if item is None:
        raise ValueError(f"{by} has nothing to decide of {proposal.record_key}")
    revision = Proposal.objects.get(pk=proposal.pk).revision
    vote = decisions.Vote(item, revision)
    (result,) = decisions.decide([vote], action, by=by, comment=comment, source=CODE)
    if not result.done:
        raise ValueError(result.message)
