"""Where the design has imports behave differently, for each Data entity behavior.

A case that is not named here comes to the same as everywhere; see `expected`.
"""

from approvals.models import Behavior

from .scenario import CASES, MANY, Comes

# An import never touches a person's proposal, nor the place that one holds.
OPEN = "is open with another value for this field"
TAKEN = {
    "OFF-DRAFT": Comes("failed", why=OPEN),
    "OFF-PENDING": Comes("failed", why=OPEN),
}

# Create change proposals: a proposal of its own for each customer, submitted at once.
PROPOSED = {
    **TAKEN,
    "MIXED": Comes(
        "proposed",
        """
live phone: 1000 -> 2000
live electronic_invoice: 0 -> 1
live revision: 1 -> 2
proposal 1: pending, made by worker, submitted by worker
  credit_limit: 1000.00 -> 2500.50, open, by worker
  exclude_interest_charge: 0 -> 1, open, by worker
  payment_terms: Net30 -> Net60, open, by worker
  worker imported
history: worker changed phone: 1000 -> 2000
history: worker changed electronic_invoice: 0 -> 1
history: worker proposed credit_limit: 1000.00 -> 2500.50
history: worker proposed exclude_interest_charge: 0 -> 1
history: worker proposed payment_terms: Net30 -> Net60
history: worker submitted
history: worker assigned
""",
    ),
    "HALF": Comes(
        "proposed",
        """
live credit_limit_mandatory: 0 -> 1
live revision: 1 -> 2
proposal 1: pending, made by worker, submitted by worker
  credit_limit: null -> 500.00, open, by worker
  worker imported
history: worker changed credit_limit_mandatory: 0 -> 1
history: worker proposed credit_limit: null -> 500.00
history: worker submitted
history: worker assigned
""",
    ),
    "DRAFT-OTHER": Comes("failed", why=OPEN),
    "DRAFT-BESIDE": Comes(
        "proposed",
        """
proposal 1: not_submitted, made by colleague
  credit_rating: B -> A, open, by colleague
  colleague proposed
proposal 2: pending, made by worker, submitted by worker
  credit_limit: 1000.00 -> 3000.00, open, by worker
  worker imported
history: worker proposed credit_limit: 1000.00 -> 3000.00
history: worker submitted
history: worker assigned
""",
    ),
    "PENDING-OTHER": Comes("failed", why=OPEN),
    "PENDING-BESIDE": Comes(
        "proposed",
        """
proposal 1: pending, made by colleague, submitted by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed, colleague submitted
proposal 2: pending, made by worker, submitted by worker
  credit_rating: B -> A, open, by worker
  worker imported
history: worker proposed credit_rating: B -> A
history: worker submitted
history: worker assigned
""",
    ),
    "RETURNED": Comes("failed", why=OPEN),
    **{
        f"MANY-{n}": Comes(
            "proposed",
            f"""
live phone: 1000 -> 20{n}
live revision: 1 -> 2
proposal 1: pending, made by worker, submitted by worker
  credit_limit: 1000.00 -> 20{n}.00, open, by worker
  worker imported
history: worker changed phone: 1000 -> 20{n}
history: worker proposed credit_limit: 1000.00 -> 20{n}.00
history: worker submitted
history: worker assigned
""",
        )
        for n in MANY
    },
}

# Reject changes: a row that changes a governed field fails, whatever else it holds.
REJECTED = {
    **TAKEN,
    **{
        account: Comes("failed", why="credit_limit: This field needs approval, and imports")
        for account, case in CASES.items()
        if "credit_limit" in case.meant and account not in ("SPELT", "ORIGINAL", "BAD-VALUE")
    },
    "PENDING-BESIDE": Comes("failed", why="credit_rating: This field needs approval"),
}

# Allow changes without approval: written, with a record that nobody approved. What is
# proposed for the field stays as it is, and will meet the conflict.
ALLOWED = {
    **TAKEN,
    "MIXED": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live credit_limit: 1000.00 -> 2500.50
live exclude_interest_charge: 0 -> 1
live payment_terms: Net30 -> Net60
live electronic_invoice: 0 -> 1
live revision: 1 -> 2
proposal 1: not_required, made by worker
  credit_limit: 1000.00 -> 2500.50, applied, by worker
  exclude_interest_charge: 0 -> 1, applied, by worker
  payment_terms: Net30 -> Net60, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: 1000.00 -> 2500.50
history: worker changed_without_approval exclude_interest_charge: 0 -> 1
history: worker changed_without_approval payment_terms: Net30 -> Net60
history: worker changed phone: 1000 -> 2000
history: worker changed electronic_invoice: 0 -> 1
""",
    ),
    "HALF": Comes(
        "updated",
        """
live credit_limit: null -> 500.00
live credit_limit_mandatory: 0 -> 1
live revision: 1 -> 2
proposal 1: not_required, made by worker
  credit_limit: null -> 500.00, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: null -> 500.00
history: worker changed credit_limit_mandatory: 0 -> 1
""",
    ),
    "DRAFT-SAME": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live credit_limit: 1000.00 -> 2000.00
live revision: 1 -> 2
proposal 1: not_submitted, made by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed
proposal 2: not_required, made by worker
  credit_limit: 1000.00 -> 2000.00, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: 1000.00 -> 2000.00
history: worker changed phone: 1000 -> 2000
""",
    ),
    "DRAFT-OTHER": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live credit_limit: 1000.00 -> 3000.00
live revision: 1 -> 2
proposal 1: not_submitted, made by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed
proposal 2: not_required, made by worker
  credit_limit: 1000.00 -> 3000.00, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: 1000.00 -> 3000.00
history: worker changed phone: 1000 -> 2000
""",
    ),
    "DRAFT-BESIDE": Comes(
        "updated",
        """
live credit_limit: 1000.00 -> 3000.00
live revision: 1 -> 2
proposal 1: not_submitted, made by colleague
  credit_rating: B -> A, open, by colleague
  colleague proposed
proposal 2: not_required, made by worker
  credit_limit: 1000.00 -> 3000.00, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: 1000.00 -> 3000.00
""",
    ),
    "PENDING-SAME": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live credit_limit: 1000.00 -> 2000.00
live revision: 1 -> 2
proposal 1: pending, made by colleague, submitted by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed, colleague submitted
proposal 2: not_required, made by worker
  credit_limit: 1000.00 -> 2000.00, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: 1000.00 -> 2000.00
history: worker changed phone: 1000 -> 2000
""",
    ),
    "PENDING-OTHER": Comes(
        "updated",
        """
live phone: 1000 -> 2000
live credit_limit: 1000.00 -> 3000.00
live revision: 1 -> 2
proposal 1: pending, made by colleague, submitted by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed, colleague submitted
proposal 2: not_required, made by worker
  credit_limit: 1000.00 -> 3000.00, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: 1000.00 -> 3000.00
history: worker changed phone: 1000 -> 2000
""",
    ),
    "PENDING-BESIDE": Comes(
        "updated",
        """
live credit_rating: B -> A
live revision: 1 -> 2
proposal 1: pending, made by colleague, submitted by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed, colleague submitted
proposal 2: not_required, made by worker
  credit_rating: B -> A, applied, by worker
  worker imported
history: worker changed_without_approval credit_rating: B -> A
""",
    ),
    "RETURNED": Comes(
        "updated",
        """
live credit_limit: 1000.00 -> 3000.00
live revision: 1 -> 2
proposal 1: rejected, made by colleague, submitted by colleague
  credit_limit: 1000.00 -> 2000.00, open, by colleague
  colleague proposed, colleague submitted
proposal 2: not_required, made by worker
  credit_limit: 1000.00 -> 3000.00, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: 1000.00 -> 3000.00
""",
    ),
    **{
        f"MANY-{n}": Comes(
            "updated",
            f"""
live phone: 1000 -> 20{n}
live credit_limit: 1000.00 -> 20{n}.00
live revision: 1 -> 2
proposal 1: not_required, made by worker
  credit_limit: 1000.00 -> 20{n}.00, applied, by worker
  worker imported
history: worker changed_without_approval credit_limit: 1000.00 -> 20{n}.00
history: worker changed phone: 1000 -> 20{n}
""",
        )
        for n in MANY
    },
}

IMPORTED = {
    Behavior.ALLOW: ALLOWED,
    Behavior.REJECT: REJECTED,
    Behavior.PROPOSE: PROPOSED,
}
