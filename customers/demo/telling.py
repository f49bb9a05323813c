"""What the demo prints about the company and what to try first."""

from django.utils.translation import gettext as _

from approvals.changes import read_rules
from approvals.models import OPEN, Proposal
from customers.models import Customer

from .company import NAME
from .people import PASSWORD, PEOPLE


def introduce(say) -> None:
    """Say what is there and who can log in; say: prints a line."""
    say("")
    say(
        _(
            "%(name)s, of Utrecht, sells bicycle parts and tools to %(customers)s customers in "
            "%(countries)s countries.\n"
            "%(fields)s fields of a customer change only after approval. Credit control decides\n"
            "first: it has two working days and is reminded after one; then its work goes to\n"
            "the finance director. Where a credit limit is raised by more than 20 %%, the clerk's\n"
            "manager is next. The finance director decides last. A raise by at most 5 %% needs\n"
            "nobody: a rule approves it. %(open)s proposals are open.\n\n"
            "Log in as … to find …"
        )
        % _figures()
    )
    for person in PEOPLE:
        name = f"{person.first_name} {person.last_name}"
        say(f"  {person.username:8} {name:16} {person.job:18} {person.finds}")
    say(_("Everyone's password is %s (until it is changed).") % PASSWORD)
    say("")


def _figures():
    return {
        "name": NAME,
        "customers": Customer.objects.count(),
        "countries": Customer.objects.values("country").distinct().count(),
        "fields": len(read_rules(Customer).fields),
        "open": Proposal.objects.filter(state__in=OPEN).count(),
    }


def invite(say, url: str) -> None:
    """Say where the program is and what to try first."""
    say(
        _(
            "Open %(url)s and try this first:\n"
            "  1. Log in as emma. Open a customer, change the credit limit and the telephone\n"
            "     number, save. The number is changed; the limit waits under Proposed changes.\n"
            "  2. Workflow > Submit.\n"
            "  3. Log in as sofia, then as pieter (if you raised the limit by more than 20 %%),\n"
            "     then as henrik: each finds it under My work items. Approve. Henrik travels:\n"
            "     pieter may also approve on his behalf.\n"
            "  4. The customer has its new limit, and its history says who did what.\n"
            "Log in as oskar to choose the governed fields and to change the workflow.\n"
            "E-mails are printed here. Ctrl-C ends the program; your changes are kept."
        )
        % {"url": url}
    )
    say("")
