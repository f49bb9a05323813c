"""The company of the crowd, and what its people post."""

from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from approvals import changes, history, parameters, proposals, registry, submitting
from approvals.batch import content_type
from approvals.models import Behavior, Proposal, ProposedChange, WorkItem
from approvals.outcomes import BROWSER, Change
from approvals.workflow import facts, routing
from customers.models import Customer
from tests.approvals.definitions import define
from tests.approvals.helpers import import_source
from tests.conftest import make_person
from tests.customers.factories import customers, customers_of
from tests.everywhere.forms import Forms

VOTERS = [f"voter{number}" for number in range(1, 9)]
CLERKS = ["clara", "chris"]
BACKEND = "django.contrib.auth.backends.ModelBackend"
GOVERNED = ("credit_limit", "iban")
OLD, NEW = "100.00", "200.00"
IBAN = "NL91ABNA0417164300"


def found_company(behavior=Behavior.PROPOSE):
    """Eight approvers, of whom one decides, or two where the IBAN is among the changes."""
    for number, name in enumerate(VOTERS, start=1):
        make_person(name, "Approver", first_name=f"Vera{number}", last_name="Voter")
    for name in CLERKS:
        make_person(name, "Clerk", first_name=name.title(), last_name="Clerk")
    make_person("stella", "Data steward", first_name="Stella", last_name="Steward")
    adam = make_person("adam", "Administrator", is_staff=True, first_name="Adam")
    group = Group.objects.create(name="Voters")
    group.user_set.set(User.objects.filter(username__in=VOTERS))
    two = {"groups": [group], "policy": "percentage", "percentage": 25, "name": "Two of eight"}
    define("Bank details", two, rows=[("change", "iban", "present", "")], position=1)
    define("Customers", {"groups": [group], "name": "Any of eight"}, position=2)
    parameters.set_parameters(
        Customer,
        by=adam,
        enabled=True,
        entity_behavior=behavior,
        fields=dict.fromkeys(GOVERNED, True),
    )


def person(username) -> User:
    """Somebody of the company."""
    return User.objects.get(username=username)


def propose(accounts, submit=True, **values) -> dict[str, Proposal]:
    """New customers for whom Clara has proposed `values`, and submitted them; by account."""
    clara = person("clara")
    customers_of(accounts, credit_limit="100")
    meant = [Change(account, values) for account in accounts]
    changes.change_records(Customer, meant, by=clara, source=BROWSER)
    found = Proposal.objects.filter(record_key__in=accounts)
    if submit:
        found = _submitted([proposal.pk for proposal in found], clara)
    return {proposal.record_key: proposal for proposal in found}


@history.sealed()
def _submitted(ids, by):
    """Many at once, as imports submit theirs."""
    found, records = proposals.lock_all(ids)
    proposed = {pk: [] for pk in ids}
    for change in ProposedChange.objects.filter(proposal__in=ids).order_by("pk"):
        proposed[change.proposal_id].append(change)
    how = {"originator": by, "origin": BROWSER.origin}
    known = facts.of_proposals(found.values(), records, proposed, **how)
    router = routing.Router(content_type(registry.get(Customer)))
    routes = {proposal: router.first(known[pk]) for pk, proposal in found.items()}
    submitting.start(routes, records, by=by, source=BROWSER)
    return routes


def import_proposals(prefix, count) -> list[Proposal]:
    """So many new customers for whom an import has proposed another credit limit."""
    customers(count, prefix, credit_limit="100")
    source = import_source(person("stella"), Behavior.PROPOSE)
    accounts = Customer.objects.filter(account__startswith=f"{prefix}-").values_list("account")
    meant = [Change(account, {"credit_limit": NEW}) for (account,) in accounts]
    changes.change_records(Customer, meant, by=person("stella"), source=source)
    return list(Proposal.objects.filter(import_job=source.job).order_by("pk"))


def items_of(proposals) -> dict[tuple[int, str], int]:
    """The open work items, by proposal and whose they are."""
    rows = WorkItem.objects.filter(proposal__in=proposals)
    return {(p, who): pk for p, who, pk in rows.values_list("proposal", "assignee__username", "pk")}


def decide(who, action, proposal, items):
    """Someone's decision, on the page of his work item."""
    data = {"action": action, "revision": proposal.revision, "comment": f"{who} says {action}"}
    return _post(who, action, reverse("approvals:decide", args=[items[proposal.pk, who]]), data)


def decide_all(who, proposals, items):
    """Someone's approval of many, ticked in his list and confirmed."""
    ticked = [f"{items[p.pk, who]}:{p.revision}" for p in proposals]
    data = {"action": "approve", "confirm": "1", "item": ticked}
    return _post(who, "approve", reverse("approvals:work_items_decide"), data)


def decide_imported(who, job):
    """Someone's approval of all that an import has put into his list by then."""
    data = {"action": "approve", "up_to": "999999999"}
    url = reverse("approvals:work_items_decide")
    return _post(who, "approve", f"{url}?import={job.pk}", data) | {"do": "confirm"}


def several(*deeds):
    """Deeds of one process, one after another."""
    return {"do": "several", "deeds": deeds}


def act(who, name, proposal):
    """Submit, recall or terminate a proposal, as its page asks for it."""
    data = {"revision": proposal.revision, "confirmed": "yes", "note": "", "comment": "No more"}
    return _post(who, name, reverse(f"approvals:{name}", args=[proposal.pk]), data)


def edit(who, account, **values):
    """Save a customer's form, as it is shown now, with other values."""
    record = Customer.objects.get(account=account)
    now = {"name": record.name, "phone": record.phone, "version": changes.version_of(record)}
    url = reverse("customers:edit", args=[record.pk])
    return _post(who, "edit", url, {**_fields_of_a_form(record.pk), **now, **values})


def _fields_of_a_form(pk):
    """What the form of one customer holds: but for what `edit` sets, they are all alike."""
    if not _form:
        url, client = reverse("customers:edit", args=[pk]), Client()
        client.force_login(User.objects.get(username="clara"), BACKEND)
        _form.update(Forms(url, client.get(url).content.decode()).found[url])
    return _form


_form = {}


def read_notifications(who):
    """Mark all of someone's notifications as read."""
    return _post(who, "read", reverse("approvals:read_notifications"), {"up_to": "999999999"})


def _post(who, name, url, data):
    return {"do": "post", "who": who, "name": name, "url": url, "data": data}
