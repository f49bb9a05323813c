"""Short ways to ask which way a proposal goes."""

from django.contrib.auth.models import User

from approvals import proposals, registry
from approvals.batch import content_type
from approvals.models import Origin, Proposal
from approvals.workflow import facts, routing
from approvals.workflow.facts import Facts
from customers.models import Customer
from tests.customers.factories import customer

from ..helpers import edit

CUSTOMER = registry.get(Customer)


def known(originator, origin=Origin.BROWSER, contributors=(), delegates=None, **changes):
    """The facts of a proposal that `originator` submits."""
    return Facts(
        governed=CUSTOMER,
        changes=changes or {"credit_limit": (1000, 2000)},
        record=dict.fromkeys(CUSTOMER.fields),
        origin=origin,
        originator=originator.pk,
        groups=facts.groups_of({originator.pk}).get(originator.pk, frozenset()),
        contributors=frozenset({originator.pk, *(person.pk for person in contributors)}),
        delegates=delegates or {},
    )


def router():
    return routing.Router(content_type(CUSTOMER))


def preview(originator, **more):
    return router().preview(known(originator, **more))


def usernames(people):
    names = dict(User.objects.values_list("pk", "username"))
    return [names[assignee.person] for assignee in people]


def propose(by, limit="2000", account="C1"):
    """A proposal that is not submitted yet."""
    customer(account, credit_limit="1000")
    edit(by, account, credit_limit=limit)
    return Proposal.objects.get(record_key=account)


def submit(by, limit="2000", account="C1"):
    return proposals.submit(propose(by, limit, account).pk, by=by)


def named(name, *people, **columns):
    return {"name": name, "users": people, **columns}
