"""All of a list is decided: what the preview has shown, whatever left or came meanwhile."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from approvals import proposals
from approvals.deciding import claims
from approvals.models import Decision
from customers.models import Customer
from tests.unguarded import ungoverned

from ..definitions import change_step
from ..helpers import item_of, post_list, see_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit")


@pytest.fixture
def shared(last_step, workflow, approver, second_approver):
    """One step, which one of two approvers decides."""
    group = approver.groups.get()
    change_step(workflow.steps.get(), users=[], groups=[group])
    second_approver.groups.set([group])


@pytest.fixture
def swap(client, shared, approver, second_approver, clerk, propose):
    """A function that lets the approver see all of his list, from which B then goes.

    In its place comes A, an older one; C stays. It returns what he has seen.
    """
    client.force_login(approver)

    def swap(action):
        hidden, gone = propose("A"), propose("B")
        propose("C")
        claims.claim(item_of(hidden, second_approver).pk, by=second_approver)
        seen = see_all(client, action=action)
        proposals.recall(gone.pk, by=clerk)
        claims.release(item_of(hidden, second_approver).pk, by=second_approver)
        return seen

    return swap


def decided():
    return sorted(Decision.objects.values_list("proposal__record_key", flat=True))


def told(response):
    """What became of each: its account or, if it is not his, its number, and the message."""
    lines = response.context["lines"]
    return {line.item.record_key: result.message for result, line in lines}


def test_of_all_of_a_list_what_was_shown_is_decided_and_what_left_is_said(client, swap):
    response = post_list(client, **swap("approve"))
    assert decided() == ["C"]
    assert told(response).keys() == {"B", "C"}
    assert "Recalled by Clara Clerk" in told(response)["B"]


def test_who_is_asked_for_a_reason_decides_on_what_he_saw_first(client, swap):
    response = post_list(client, **swap("reject"))
    shown = [line.item.record_key for _result, line in response.context["able"]]
    unable = [line.item.record_key for _result, line in response.context["unable"]]
    assert (shown, unable, decided()) == (["C"], ["B"], [])
    seen = {"action": "reject", "up_to": 10**9, "shown": response.context["shown"]}
    post_list(client, comment="Too much", **seen)
    assert decided() == ["C"]


def test_what_a_preview_could_not_decide_is_not_decided_later(client, shared, approver, propose):
    propose("A"), propose("B")
    moved = Customer.objects.filter(account="B")
    before = moved.get().credit_limit
    with ungoverned():
        moved.update(credit_limit=77)
    client.force_login(approver)
    seen = see_all(client)
    with ungoverned():
        moved.update(credit_limit=before)
    post_list(client, **seen)
    assert decided() == ["A"]


def test_of_two_previews_the_newest_alone_can_be_confirmed(client, approver, propose):
    propose("A"), propose("B")
    client.force_login(approver)
    older, newer = see_all(client, "?q=A"), see_all(client, "?q=B")
    post_list(client, "?q=B", **newer)
    response = post_list(client, "?q=A", **older)
    assert "that preview is out of date" in response.content.decode()
    assert response.context["count"] == 1 and decided() == ["B"]
    post_list(client, "?q=A", **{**older, "shown": response.context["shown"]})
    assert decided() == ["A", "B"]


@pytest.mark.parametrize("name", ["", "x", "1", "\0", "9" * 5000])
@pytest.mark.parametrize("has_seen", [True, False])
def test_nobody_confirms_what_no_preview_showed(client, approver, propose, name, has_seen):
    propose("A")
    client.force_login(approver)
    if has_seen:
        see_all(client)
    response = post_list(client, action="approve", up_to=10**9, shown=name)
    assert "that preview is out of date" in response.content.decode()
    assert decided() == []


def test_nobody_confirms_what_somebody_else_was_shown(client, shared, approver, propose):
    propose("A")
    client.force_login(approver)
    seen = see_all(client)
    other = Client()
    other.force_login(User.objects.get(username="second_approver"))
    assert "out of date" in post_list(other, **seen).content.decode()
    assert decided() == []


def test_sent_twice_all_of_a_list_is_decided_once(client, approver, propose):
    propose("A")
    client.force_login(approver)
    seen = see_all(client)
    post_list(client, **seen)
    assert "Already approved by" in told(post_list(client, **seen))["A"]
    assert decided() == ["A"]
