"""The scenario that goes through every door.

Each case is one customer: what is stored, what a colleague has proposed for it, and
what the worker means to set. What has to come of it stands in `expected`.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from approvals import proposals
from approvals.models import Action, Behavior, Proposal
from tests.approvals.helpers import edit, vote
from tests.customers.factories import customer

from .statements import Ledger

GOVERNED = (
    "credit_limit",
    "credit_rating",
    "exclude_interest_charge",
    "payment_terms",
)
# Governed when colleagues proposed a change of it, switched off since.
SWITCHED_OFF = "cash_discount"
USUAL = {
    "phone": "1000",
    "credit_limit": Decimal(1000),
    "credit_rating": "B",
    "payment_terms": "Net30",
    "cash_discount": "1%",
}


@dataclass(frozen=True)
class Case:
    """One customer: what is stored, what a colleague has done, what the worker means to set.

    meant: in the order of the form. colleague: "drafted", "submitted" or "rejected" (by
    an approver, after submitting), and the values.
    """

    meant: dict
    colleague: tuple[str, dict] | None = None
    stored: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Comes:
    """What comes of a case: what the door says, a part of why not, and what stands.

    stands: None where everything is exactly as it was.
    """

    says: str
    stands: str | None = None
    why: str = ""


MANY = range(10, 16)
CASES = {
    # Fields that nobody has to approve.
    "DIRECT": Case(
        {
            "notes": "Call first.\nThen write.",
            "phone": "2000",
            "payment_terms_base_days": 14,
            "electronic_invoice": True,
        }
    ),
    "MIXED": Case(
        {
            "phone": "2000",
            "credit_limit": Decimal("2500.50"),
            "exclude_interest_charge": True,
            "payment_terms": "Net60",
            "electronic_invoice": True,
        }
    ),
    # The direct half of a rule across fields; its other half waits for approval.
    "HALF": Case(
        {"credit_limit": Decimal(500), "credit_limit_mandatory": True},
        stored={"credit_limit": None},
    ),
    # Nothing differs but the spelling.
    "SPELT": Case(
        {"phone": " 1000 ", "credit_limit": "1000.0", "credit_rating": "B ", "iban": ""},
    ),
    # Set back to the original, while a colleague has drafted another value.
    "ORIGINAL": Case(
        {"phone": "2000", "credit_limit": Decimal(1000)},
        ("drafted", {"credit_limit": 2000}),
    ),
    "DRAFT-SAME": Case(
        {"phone": "2000", "credit_limit": Decimal(2000)},
        ("drafted", {"credit_limit": 2000}),
    ),
    "DRAFT-OTHER": Case(
        {"phone": "2000", "credit_limit": Decimal(3000)},
        ("drafted", {"credit_limit": 2000}),
    ),
    "DRAFT-BESIDE": Case(
        {"credit_limit": Decimal(3000)},
        ("drafted", {"credit_rating": "A"}),
    ),
    "PENDING-SAME": Case(
        {"phone": "2000", "credit_limit": Decimal(2000)},
        ("submitted", {"credit_limit": 2000}),
    ),
    "PENDING-OTHER": Case(
        {"phone": "2000", "credit_limit": Decimal(3000)},
        ("submitted", {"credit_limit": 2000}),
    ),
    "PENDING-BESIDE": Case(
        {"credit_rating": "A"},
        ("submitted", {"credit_limit": 2000}),
    ),
    "RETURNED": Case(
        {"credit_limit": Decimal(3000)},
        ("rejected", {"credit_limit": 2000}),
    ),
    # A field that was governed when it was proposed, and no longer is.
    "OFF-DRAFT": Case(
        {"phone": "2000", "cash_discount": "3%"},
        ("drafted", {"cash_discount": "2%"}),
    ),
    "OFF-PENDING": Case(
        {"phone": "2000", "cash_discount": "3%"},
        ("submitted", {"cash_discount": "2%"}),
    ),
    # One thing is wrong: nothing of the customer is taken.
    "BAD-VALUE": Case(
        {"phone": "2000", "credit_limit": Decimal(-1), "payment_terms": "Net60"},
    ),
    "BROKEN-RULE": Case(
        {"phone": "2000", "iban": "NL91 ABNA 0417 1643 00", "swift": "BNPAFRPP"},
    ),
    # One of many that are alike but for their values.
    **{f"MANY-{n}": Case({"phone": f"20{n}", "credit_limit": Decimal(2000 + n)}) for n in MANY},
}
MEANT = {account: case.meant for account, case in CASES.items()}


def prepare(account, case, *, colleague, approver):
    """Store a case's customer, and have done what the colleague and the approver did."""
    customer(account, **{**USUAL, **case.stored})
    if not case.colleague:
        return
    done, values = case.colleague
    [proposal_id] = edit(colleague, account, **values).proposals
    if done != "drafted":
        proposals.submit(proposal_id, by=colleague)
    if done == "rejected":
        vote(approver, Proposal.objects.get(pk=proposal_id), Action.REJECT, "Too much.")


def make_worker(person):
    """Someone who may use every door."""
    return person("worker", "Clerk", "Data steward", is_staff=True)


def one_customer(govern_fields) -> Ledger:
    """One customer, ONE, for whom nothing is proposed; imports create change proposals."""
    govern_fields(*GOVERNED, behavior=Behavior.PROPOSE)
    customer("ONE", **USUAL)
    return Ledger()
