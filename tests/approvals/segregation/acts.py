"""Every decision, by each way in: the program's own function, the browser, the database.

Each act returns what the person is told; what it did, a picture of the database says.
"""

from django.contrib.messages import get_messages
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from approvals.deciding import claims, decisions, delegating
from approvals.deciding.decisions import Vote
from approvals.models import Action, Proposal, WorkItem
from approvals.outcomes import Refused

from ..helpers import forget_messages
from .rule import FORBIDDEN

REASON = "Because"


# All of a proposal that a decision may change; plain SQL, since it is asked for after every act.
PICTURE = {
    "proposal": "SELECT state, revision FROM approvals_proposal WHERE id = %s",
    "claimed by": """SELECT username FROM approvals_steprun
        JOIN auth_user ON auth_user.id = claimed_by_id WHERE proposal_id = %s""",
    "runs": "SELECT id, state FROM approvals_steprun WHERE proposal_id = %s ORDER BY id",
    "items": "SELECT id, state, assignee_id FROM approvals_workitem WHERE proposal_id = %s"
    " ORDER BY id",
    "decisions": """SELECT username, action, work_item_id FROM approvals_decision
        JOIN auth_user ON auth_user.id = person_id WHERE proposal_id = %s
        ORDER BY approvals_decision.id""",
    "events": "SELECT count(*) FROM approvals_workflowevent WHERE proposal_id = %s",
    "live": """SELECT credit_limit, name FROM customers_customer
        WHERE id = (SELECT object_id FROM approvals_proposal WHERE id = %s)""",
}


def picture(proposal) -> dict:
    """How a proposal stands, to be compared."""
    found = {}
    with connection.cursor() as cursor:
        for what, sql in PICTURE.items():
            cursor.execute(sql, [proposal.pk])
            found[what] = cursor.fetchall()
    return found


# The program's own functions


def _decide(action):
    def act(company, item, by):
        [result] = decisions.decide(_votes(item), action, by=by, comment=REASON)
        return result.message

    return act


def _decide_with_another(action):
    def act(company, item, by):
        votes = _votes(item, _another(company, by))
        return decisions.decide(votes, action, by=by, comment=REASON)[0].message

    return act


def _delegate(company, item, by):
    return _asked(delegating.delegate, item.pk, company.dora, REASON, by=by)


def _claim(company, item, by):
    return _asked(claims.claim, item.pk, by=by)


def _asked(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Refused as refused:
        return str(refused)
    return ""


def _votes(*items):
    revisions = dict(Proposal.objects.values_list("pk", "revision"))
    return [Vote(item.pk, revisions[item.proposal_id]) for item in items]


def _another(company, by):
    """A work item of hers on a proposal that nobody of them touched."""
    item = company.item_for(company.untouched)
    WorkItem.objects.filter(pk=item.pk).update(assignee=by)
    return item


# The browser: what its forms post


def _post_decision(action):
    def act(company, item, client):
        [vote] = _votes(item)
        data = {"action": action, "revision": vote.revision, "comment": REASON}
        return _told(client, reverse("approvals:decide", args=[item.pk]), data)

    return act


def _post_decision_with_another(action):
    def act(company, item, client):
        votes = _votes(item, _another(company, company.rosa))
        ticked = [f"{vote.work_item_id}:{vote.revision}" for vote in votes]
        data = {"action": action, "item": ticked, "comment": REASON, "confirm": "1"}
        return _told(client, reverse("approvals:work_items_decide"), data)

    return act


def _post_delegation(company, item, client):
    data = {"to": company.dora.pk, "comment": REASON}
    return _told(client, reverse("approvals:delegate", args=[item.pk]), data)


def _post_claim(company, item, client):
    return _told(client, reverse("approvals:claim", args=[item.pk]), {})


def _told(client, url, data):
    """What the page says, or what the next one will."""
    forget_messages(client)
    response = client.post(url, data)
    if response.status_code == 403:
        return FORBIDDEN
    assert response.status_code in (200, 302), response.status_code
    noted = "" if response.status_code == 200 else _noted(response)
    return noted + response.content.decode()


def _noted(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


# The database


def insert_decision(item, person, action=Action.APPROVE, on_behalf_of=None):
    """A decision, past all rules of the program, in SQL."""
    columns = "work_item_id, step_run_id, proposal_id, person_id, on_behalf_of_id, action"
    columns += ", comment, revision, decided_at"
    revision = Proposal.objects.get(pk=item.proposal_id).revision
    values = [item.pk, item.step_run_id, item.proposal_id, person.pk]
    values += [on_behalf_of and on_behalf_of.pk, action, "", revision, timezone.now()]
    marks = ", ".join(["%s"] * len(values))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO approvals_decision ({columns}) VALUES ({marks})", values)


def inserted(item, person, action) -> str:
    """Why the database refuses a decision, for whom it is said to be; "" where it takes it."""
    other = item.on_behalf_of if item.assignee_id == person.pk else item.assignee
    try:
        insert_decision(item, person, action, other)
    except DatabaseError as error:
        return str(error)
    return ""


LAST = "approve, as the last one"
OF_SEVERAL = {f"{action.value}, of several": action for action in Action}
IN_CODE = {
    **{action.value: _decide(action) for action in Action},
    **{name: _decide_with_another(action) for name, action in OF_SEVERAL.items()},
    "delegate": _delegate,
    "claim": _claim,
    LAST: _decide(Action.APPROVE),
}
IN_THE_BROWSER = {
    **{action.value: _post_decision(action) for action in Action},
    **{name: _post_decision_with_another(action) for name, action in OF_SEVERAL.items()},
    "delegate": _post_delegation,
    "claim": _post_claim,
    LAST: _post_decision(Action.APPROVE),
}
