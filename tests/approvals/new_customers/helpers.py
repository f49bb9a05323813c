"""What is asked of held customers in these tests."""

from approvals.models import ProposedChange
from customers.models import Customer

IBAN = "NL91ABNA0417164300"
VALUES = {"name": "Nieuw B.V.", "customer_group": "10", "iban": IBAN, "phone": "030 123"}
GOVERNED = ("name", "customer_group", "iban", "credit_limit", "invoice_account")


def is_held(account="NEW"):
    return Customer.objects.get(account=account).held


def proposed(proposal):
    rows = ProposedChange.objects.filter(proposal=proposal, outcome="").order_by("id")
    return {row.field: (row.original, row.value) for row in rows}


def why(outcome):
    return {error.field: error.message for error in outcome.errors}
