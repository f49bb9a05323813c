"""Short ways to go through the door in tests."""

from django.urls import reverse

from approvals import changes
from approvals.deciding import decisions
from approvals.models import Action, ImportJob, Origin, WorkItem
from approvals.outcomes import BROWSER, Change, Source
from approvals.values import encode
from customers.models import Customer


def edit(by, key, source=BROWSER, seen=None, **values):
    """Change one customer, and return the outcome."""
    [outcome] = changes.change_records(
        Customer, [Change(key, values, seen=seen)], by=by, source=source
    )
    return outcome


def create_records(model, meant, *, by, source):
    """Create what these changes mean, and return the outcomes."""
    new = [change._replace(new=True) for change in meant]
    return changes.change_records(model, new, by=by, source=source)


def import_source(by, behavior):
    """A source for an import with this behavior."""
    from approvals import registry
    from approvals.batch import content_type

    job = ImportJob.objects.create(
        content_type=content_type(registry.get(Customer)),
        created_by=by,
        created_at="2026-01-01T00:00Z",
        file_name="customers.csv",
        behavior=behavior,
    )
    return Source(Origin.IMPORT, job, behavior)


def vote(by, proposal, action=Action.APPROVE, comment="", revision=None):
    """Decide the open work item that `by` has for a proposal; return the result."""
    item = WorkItem.objects.filter(proposal=proposal, assignee=by).order_by("id").last()
    proposal.refresh_from_db()
    revision = proposal.revision if revision is None else revision
    [result] = decisions.decide([decisions.Vote(item.pk, revision)], action, by=by, comment=comment)
    proposal.refresh_from_db()
    return result


def decide_item(by, item, action=Action.APPROVE, comment=""):
    """Decide a work item as `by`, whoever has it; return the result."""
    item.proposal.refresh_from_db()
    votes = [decisions.Vote(item.pk, item.proposal.revision)]
    [result] = decisions.decide(votes, action, by=by, comment=comment)
    return result


def live(account, name):
    """A field's stored value, as text."""
    field = Customer._meta.get_field(name)
    return encode(
        field, Customer.objects.values_list(field.attname, flat=True).get(account=account)
    )


def item_of(proposal, person):
    return WorkItem.objects.filter(proposal=proposal, assignee=person).latest("pk")


def ticked(*proposals, person):
    return [f"{item_of(p, person).pk}:{p.revision}" for p in proposals]


def get_list(client, **query):
    response = client.get(reverse("approvals:work_items"), query)
    assert response.status_code == 200
    return response


def accounts(response):
    return [line.item.record_key for line in response.context["lines"]]


def post_list(client, query="", **data):
    """Decide several at once, as whoever has seen the preview does."""
    if "up_to" in data and "shown" not in data:
        data["shown"] = preview_list(client, query, **data).context["shown"]
    return client.post(reverse("approvals:work_items_decide") + query, {"confirm": "1", **data})


def preview_list(client, query="", **data):
    """Ask for the preview of a decision on several."""
    return client.post(reverse("approvals:work_items_decide") + query, data)


def see_all(client, query="", action="approve"):
    """Ask for the preview of all of a list; what its form posts."""
    seen = {"action": action, "up_to": 10**9}
    return seen | {"shown": preview_list(client, query, **seen).context["shown"]}


def decide_url(proposal, person, query=""):
    return reverse("approvals:decide", args=[item_of(proposal, person).pk]) + query


def post_decision(client, proposal, person, query="", **data):
    data = {"action": "approve", "revision": proposal.revision, **data}
    return client.post(decide_url(proposal, person, query), data)


def forget_messages(client):
    """Let what a person was told so far not be shown on the next page."""
    session = client.session
    if session.pop("_messages", None) is not None:
        session.save()
