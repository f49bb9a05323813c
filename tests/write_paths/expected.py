"""What has to come of each case of `scenario`, whoever sets it and wherever.

`EVERYWHERE` says it for all doors; `imported` says where imports differ by design.
Statements are those of `statements.Ledger`.
"""

from .imported import IMPORTED
from .scenario import MANY, Comes

EVERYWHERE = {
    "DIRECT": Comes(
        "updated",
        """
live notes: empty -> Call first.|Then write.
live phone: 1000 -> 2000
live payment_terms_base_days: null -> 14
live electronic_invoice: 0 -> 1
live revision: 1 -> 2
history: worker changed notes: empty -> Call first.|Then write.
history: worker changed phone: 1000 -> 2000
history: worker changed payment_terms_base_days: null -> 14
history: worker changed electronic_invoice: 0 -> 1
""",
    ),
    "MIXED": Comes(
        "proposed",
        """
live phone: 1000 -> 2000
live electronic_invoice: 0 -> 1
live revision: 1 -> 2
proposal 1: not_submitted, made by worker
  credit_limit: 1000.00 -> 2500.50, open, by worker
  exclude_interest_charge: 0 -> 1, open, by worker
  payment_terms: Net30 -> Net60, open, by worker
  worker proposed
history: worker changed phone: 1000 -> 2000
history: worker changed electronic_invoice: 0 -> 1
history: worker proposed credit_limit: 1000.00 -> 2500.50
history: worker proposed exclude_interest_charge: 0 -> 1
history: worker proposed payment_terms: Net30 -> Net60
""",
    ),
    "HALF": Comes(
        "proposed",
        """
live credit_limit_mandatory: 0 -> 1
live revision: 1 -> 2
proposal 1: not_submitted, made by worker
  credit_limit: null -> 500.00, open, by worker
  worker proposed
history: worker changed credit_limit_mandatory: 0 -> 1
history: worker proposed credit_limit: null -> 500.00
""",
    ),
    "SPELT": Comes("unchanged"),
    "ORIGINAL": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live revision: 1 -> 2
proposal 1: not_submitted, made by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed
history: worker changed phone: 1000 -> 2000
""",
    ),
    "DRAFT-SAME": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live revision: 1 -> 2
proposal 1: not_submitted, made by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed
history: worker changed phone: 1000 -> 2000
""",
    ),
    "DRAFT-OTHER": Comes(
        "proposed",
        """
live phone: 1000 -> 2000
live revision: 1 -> 2
proposal 1: not_submitted, made by colleague
  credit_limit: 1000.00 -> 3000.00, open, by worker
  colleague proposed, worker edited
history: worker changed phone: 1000 -> 2000
history: worker edited credit_limit: 2000.00 -> 3000.00
""",
    ),
    "DRAFT-BESIDE": Comes(
        "proposed",
        """
proposal 1: not_submitted, made by colleague
  credit_rating: B -> A, open, by colleague
  credit_limit: 1000.00 -> 3000.00, open, by worker
  colleague proposed, worker proposed
history: worker proposed credit_limit: 1000.00 -> 3000.00
""",
    ),
    "PENDING-SAME": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live revision: 1 -> 2
proposal 1: pending, made by colleague, submitted by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed, colleague submitted
history: worker changed phone: 1000 -> 2000
""",
    ),
    "PENDING-OTHER": Comes("failed", why="credit_limit: Ask colleague"),
    "PENDING-BESIDE": Comes(
        "proposed",
        """
proposal 1: pending, made by colleague, submitted by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed, colleague submitted
proposal 2: not_submitted, made by worker
  credit_rating: B -> A, open, by worker
  worker proposed
history: worker proposed credit_rating: B -> A
""",
    ),
    "RETURNED": Comes(
        "proposed",
        """
proposal 1: rejected, made by colleague, submitted by colleague
  credit_limit: 1000.00 -> 3000.00, open, by worker
  colleague proposed, colleague submitted, worker edited
history: worker edited credit_limit: 2000.00 -> 3000.00
""",
    ),
    "OFF-DRAFT": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live cash_discount: 1% -> 3%
live revision: 1 -> 2
proposal 1: discarded, made by colleague
  cash_discount: 1% -> 2%, discarded, by colleague
  colleague proposed, worker edited
history: worker superseded cash_discount: 1% -> 2%
history: worker changed phone: 1000 -> 2000
history: worker changed cash_discount: 1% -> 3%
""",
    ),
    "OFF-PENDING": Comes("failed", why="cash_discount: Ask colleague"),
    "BAD-VALUE": Comes("failed", why="credit_limit: Ensure this value is greater than"),
    "BROKEN-RULE": Comes("failed", why="iban: The IBAN is of NL, the SWIFT code of FR."),
    **{
        f"MANY-{n}": Comes(
            "proposed",
            f"""
live phone: 1000 -> 20{n}
live revision: 1 -> 2
proposal 1: not_submitted, made by worker
  credit_limit: 1000.00 -> 20{n}.00, open, by worker
  worker proposed
history: worker changed phone: 1000 -> 20{n}
history: worker proposed credit_limit: 1000.00 -> 20{n}.00
""",
        )
        for n in MANY
    },
}


def expected(door, behavior) -> dict[str, Comes]:
    """What has to come of each case through this door."""
    return {**EVERYWHERE, **IMPORTED[behavior]} if door.imports else EVERYWHERE
