"""Walks one change from edit to applied and tells each step."""

from decimal import Decimal

from django.core import mail
from django.utils.translation import gettext as _

from approvals import proposals, registry, values
from approvals.changes import change_records, plan_changes
from approvals.models import OPEN, Action, ItemState, Proposal, State, WorkItem
from approvals.outcomes import CODE, Change, Refused
from approvals.pages import queries, timeline
from customers.models import Customer

from . import story
from .people import the
from .setup import mail_backend

# The first is a raise that the clerk's manager has to see, for most customers.
LIMITS = (Decimal(40_000), Decimal(25_000))
CONTACTS = ("Robin Visser", "Kim Aalders")


def walk(say) -> None:
    """Let a clerk raise a credit limit and the approvers decide; say: prints a line.

    Can be repeated: it takes a customer without open proposals and sets values that
    it does not have. Raises Refused where the program's settings stand in the way.
    """
    with mail_backend("locmem"):
        mail.outbox = []
        customer = _customer()
        proposal = _edit(customer, say)
        _submit(customer, proposal, say)
        _approve(customer, proposal, say)
        _tell_history(customer, proposal, say)


def _customer() -> Customer:
    busy = Proposal.objects.filter(state__in=OPEN).values("object_id")
    customer = Customer.objects.exclude(pk__in=busy).order_by("account").first()
    if customer is None:
        raise Refused(_("every customer has open proposals."))
    return customer


def _edit(customer, say) -> Proposal:
    emma = the("emma")
    limit = next(limit for limit in LIMITS if limit != customer.credit_limit)
    contact = next(name for name in CONTACTS if name != customer.contact_person)
    change = Change(customer.account, {"credit_limit": limit, "contact_person": contact})
    (planned,) = plan_changes(Customer, [change], by=emma, source=CODE)
    if not planned.proposed:
        raise Refused(_("the credit limit is not under approval."))
    say(_("1. %(who)s edits %(customer)s.") % {"who": emma.get_full_name(), "customer": customer})
    (outcome,) = change_records(Customer, [change], by=emma, source=CODE)
    _tell(_("saved at once"), outcome.direct, say)
    _tell(_("proposed, waits for approval"), outcome.proposed, say)
    _tell_live(customer, say)
    return Proposal.objects.get(pk__in=outcome.proposals)


def _tell(what, changes, say):
    for change in changes:
        f = registry.get(Customer).fields[change.field]
        old, new = values.display(f, change.old), values.display(f, change.new)
        say(f"   {f.verbose_name}: {old or '–'} → {new} ({what})")


def _tell_live(customer, say):
    customer.refresh_from_db()
    f = Customer._meta.get_field("credit_limit")
    limit = values.display(f, customer.credit_limit)
    say(_("   The customer's credit limit is now %(limit)s.") % {"limit": limit})


def _submit(customer, proposal, say):
    emma = the("emma")
    say(_("2. %(who)s submits the change.") % {"who": emma.get_full_name()})
    proposals.submit(proposal.pk, by=emma, note=_("More orders this summer."), source=CODE)
    _tell_state(customer, proposal, say)


def _approve(customer, proposal, say):
    for number in range(3, 100):
        proposal.refresh_from_db()
        item = _next_item(proposal)
        if proposal.state != State.PENDING or item is None:
            break
        step = {"n": number, "who": item.assignee.get_full_name(), "step": item.step_run.step}
        say(_("%(n)s. %(who)s approves, in the step “%(step)s”.") % step)
        story.decide(proposal, Action.APPROVE, by=item.assignee)
        _tell_state(customer, proposal, say)
    if proposal.state != State.APPROVED:
        raise Refused(_("the change was not approved."))


def _next_item(proposal) -> WorkItem | None:
    items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN)
    return items.select_related("assignee", "step_run__step").order_by("id").first()


def _tell_state(customer, proposal, say):
    proposal.refresh_from_db()
    say(_("   Status: %(status)s.") % {"status": proposal.get_state_display()})
    for message in mail.outbox:
        about = {"to": ", ".join(message.to), "subject": message.subject}
        say(_("   E-mail to %(to)s: %(subject)s") % about)
    mail.outbox = []
    _tell_live(customer, say)


def _tell_history(customer, proposal, say):
    say(_("What the history keeps of it:"))
    events = queries.history_of(customer).filter(proposal=proposal).order_by("id")
    for line in queries.event_lines(events, Customer):
        change = f" {line.label}: {line.old or '–'} → {line.new}" if line.label else ""
        comment = f" “{line.event.comment}”" if line.event.comment else ""
        say(f"   {timeline.who(line.event)}: {line.what}{change}{comment}")
