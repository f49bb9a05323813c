"""The page that asks before Submit shows the way that these very values would take."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import proposals
from approvals.models import Policy, Proposal, State, Verb
from customers.models import Customer, PaymentTerms
from tests.customers.factories import customer
from tests.unguarded import ungoverned, unguarded

from ..definitions import add_step, define
from ..helpers import edit

pytestmark = pytest.mark.django_db

IMPORTED = ("origin", "", "is", "import")
HIGH = ("new", "credit_limit", "more", "50000")
RAISED = ("raised", "credit_limit", "more_percent", "20")
LOWERED = ("lowered", "credit_limit", "more", "0")


@pytest.fixture(autouse=True)
def limits(govern_fields):
    govern_fields("credit_limit", "iban", "payment_terms", "swift")


@pytest.fixture
def three(person):
    """Three approvers: Sue, Jo and Bill."""
    return [person(name, "Approver", first_name=name.title()) for name in ("sue", "jo", "bill")]


@pytest.fixture
def ask(client, clerk):
    """A function that proposes a credit limit and opens the page that asks before Submit."""

    def open_page(limit="2000", old="1000", **more):
        customer("C1", credit_limit=old)
        edit(clerk, "C1", credit_limit=limit, **more)
        client.force_login(clerk)
        return client.get(page())

    return open_page


def page():
    return reverse("approvals:submit", args=[Proposal.objects.latest("pk").pk])


def text(response):
    """What a person reads on the page."""
    assert response.status_code == 200
    content = re.sub(r"<[^>]+>", " ", response.content.decode().split("<main")[1])
    return re.sub(r"\s+", " ", html.unescape(content))


def offers_submit(response):
    return 'name="revision"' in response.content.decode()


def test_the_workflow_its_steps_and_who_decides_them_are_shown(ask, three):
    steps = {"name": "Check", "users": three[:1]}, {"name": "Board", "users": three[1:]}
    define("Credit limits", *steps)
    shown = text(response := ask())
    assert "Credit limits, version 1" in shown
    assert "1. Check Sue" in shown
    assert "2. Board Jo, Bill The first of them to decide decides." in shown
    assert offers_submit(response)


@pytest.mark.parametrize(
    ("policy", "percentage", "words"),
    [
        (Policy.SINGLE, None, "The first of them to decide decides."),
        (Policy.MAJORITY, None, "2 of 3 must approve; a rejection before that rejects."),
        (Policy.PERCENTAGE, 60, "2 of 3 must approve; a rejection before that rejects."),
        (Policy.ALL, None, "All 3 must approve; one rejection rejects."),
    ],
)
def test_how_many_must_approve_is_said_in_words(ask, three, policy, percentage, words):
    define("Limits", {"name": "Check", "users": three, "policy": policy, "percentage": percentage})
    assert f"1. Check Sue, Jo, Bill {words}" in text(ask())


def test_a_step_that_is_skipped_says_why(ask, three):
    define(
        "Limits",
        {"name": "Check", "users": three[:1], "rows": [RAISED]},
        {"name": "Board", "users": three[1:2], "rows": [HIGH, IMPORTED], "match": "any"},
    )
    shown = text(ask())
    assert "1. Check Sue Holds: Credit limit raised by more than 20 %" in shown
    assert (
        "2. Board Skipped If any of these holds: "
        "Does not hold: New value of Credit limit is more than 50,000.00 "
        "Does not hold: Origin is Import"
    ) in shown
    assert "Jo" not in shown


def test_workflows_that_were_passed_over_say_why(ask, three):
    define("Imports", {"users": three}, rows=[IMPORTED], position=1)
    define("Others", {"users": three}, position=2)
    shown = text(ask())
    assert "Others, version 1" in shown
    assert "do not apply Imports Does not hold: Origin is Import" in shown


@pytest.mark.parametrize(
    ("decision", "words", "state"),
    [
        ("approve", "The rule “Lower” approves these changes at once", State.APPROVED),
        ("reject", "The rule “Lower” rejects these changes at once", State.REJECTED),
    ],
)
def test_a_rule_that_decides_at_once_is_named(ask, client, three, decision, words, state):
    define("Limits", {"name": "Check", "users": three}, rules=[("Lower", decision, [LOWERED])])
    shown = text(response := ask("500"))
    assert words in shown
    assert "Credit limit lowered by more than 0" in shown
    assert "Check" not in shown
    assert offers_submit(response)
    revision = Proposal.objects.get().revision
    after = client.post(page(), {"revision": revision}, follow=True)
    assert "by the rule “Lower”" in text(after)
    assert Proposal.objects.get().state == state


def test_rules_that_do_not_decide_say_why(ask, three):
    """One whose row does not hold; one that says nothing of the terms; one that comes too late."""
    rules = [
        ("High", "reject", [HIGH]),
        ("Lower", "approve", [LOWERED]),
        ("Any", "reject", [("change", "credit_limit", "present")]),
        ("Later", "reject", [HIGH]),
    ]
    define("Limits", {"name": "Check", "users": three}, rules=rules)
    PaymentTerms.objects.create(code="T1", name="Terms")
    shown = text(ask("500", payment_terms="T1"))
    assert "The rule “Any” rejects these changes at once." in shown
    assert (
        "Automatic actions that do not decide "
        "High Does not hold: New value of Credit limit is more than 50,000.00 "
        "Lower Holds: Credit limit lowered by more than 0 "
        "It does not decide: it approves only what its rows speak of, and they say nothing of "
        "Terms of payment."
    ) in shown
    assert "Later" not in shown


def refusals(three):
    sue = three[0]
    return {
        "no workflow": lambda: None,
        "not covered": lambda: define("Imports", {"users": [sue]}, rows=[IMPORTED]),
        "no step": lambda: define("Limits", {"users": [sue], "rows": [HIGH]}),
        "nobody": lambda: define("Limits", {"name": "Check"}),
        "unreadable": lambda: define("Limits", {"users": [sue], "rows": [("new", "x", "is", "1")]}),
    }


@pytest.mark.parametrize("why", ["no workflow", "not covered", "no step", "nobody", "unreadable"])
def test_what_would_be_refused_says_so_with_the_same_words_and_offers_no_submit(
    ask, client, three, why
):
    refusals(three)[why]()
    shown = text(response := ask())
    assert "These changes cannot be submitted." in shown
    assert not offers_submit(response)
    proposal = Proposal.objects.get()
    refused = text(client.post(page(), {"revision": proposal.revision}, follow=True))
    proposal.refresh_from_db()
    assert proposal.state == State.NOT_SUBMITTED
    reason = proposals.preview_route(proposal, by=proposal.created_by).refusal
    assert reason
    assert reason in refused
    assert reason in shown


def test_a_value_that_is_no_longer_valid_is_refused_already_here(ask, client, three):
    define("Limits", {"users": three})
    PaymentTerms.objects.create(code="T1", name="Terms")
    assert offers_submit(ask(payment_terms="T1"))
    PaymentTerms.objects.all().delete()
    response = client.get(page())
    assert not offers_submit(response)
    assert "“T1”" in text(response)


def test_a_rule_across_fields_that_is_broken_is_refused_already_here(ask, client, clerk, three):
    define("Limits", {"users": three})
    response = ask(swift="ABNANL2A")
    assert offers_submit(response)
    with ungoverned():
        Customer.objects.update(iban="DE89370400440532013000")
    response = client.get(page())
    assert not offers_submit(response)
    assert "SWIFT" in text(response)


def test_conditions_meet_the_values_that_are_live_now(ask, client, three):
    """Submit makes the live values the originals; so does its preview."""
    rows = {"rows": [RAISED]}
    define("Limits", {"name": "Board", "users": three[:1], **rows}, {"name": "All", "users": three})
    assert "1. Board Skipped" not in text(ask("2000", old="1000"))
    with ungoverned():
        Customer.objects.update(credit_limit="1900")
    shown = text(client.get(page()))
    assert "1. Board Skipped" in shown
    assert "1,900.00 becomes 2,000.00" in shown
    proposal = Proposal.objects.get()
    proposals.submit(proposal.pk, by=proposal.created_by)
    assert proposal.step_runs.get().step.name == "All"
    assert proposal.events.get(verb=Verb.STEP_SKIPPED).step.name == "Board"


def test_a_change_that_is_live_by_now_is_left_out(ask, client, three):
    define("Limits", {"name": "Bank", "users": three[:1], "rows": [("change", "iban", "present")]},
           {"name": "All", "users": three})  # fmt: skip
    assert "1. Bank Sue" in text(ask(iban="NL91ABNA0417164300"))
    with ungoverned():
        Customer.objects.update(iban="NL91ABNA0417164300")
    shown = text(client.get(page()))
    assert "1. Bank Skipped" in shown
    assert "NL91ABNA0417164300" not in shown


def test_where_nothing_is_left_to_submit_the_page_says_so(ask, client, three):
    define("Limits", {"users": three})
    ask("2000")
    with ungoverned():
        Customer.objects.update(credit_limit="2000")
    response = client.get(page())
    assert "Nothing is left to submit" in text(response)
    assert not offers_submit(response)


def test_who_submits_is_not_among_those_who_would_decide(client, person, three):
    """The preview is for the person who looks at it."""
    both = person("both", "Clerk", "Approver", first_name="Bo")
    define("Limits", {"name": "Check", "users": [both, *three]})
    customer("C1", credit_limit="1000")
    edit(both, "C1", credit_limit="2000")
    client.force_login(both)
    assert "1. Check Sue, Jo, Bill" in text(client.get(page()))


def test_the_preview_writes_nothing(ask, client, three):
    define("Limits", {"users": three}, rules=[("Lower", "approve", [LOWERED])])
    ask("500")
    before = Proposal.objects.values().get(), Customer.objects.values().get()
    client.get(page())
    assert (Proposal.objects.values().get(), Customer.objects.values().get()) == before


def test_whoever_may_not_submit_sees_no_preview(ask, client, auditor, three):
    define("Limits", {"users": three})
    ask()
    client.force_login(auditor)
    assert client.get(page()).status_code == 403


def test_the_page_costs_the_same_whatever_the_workflow(ask, client, person, three):
    version = define("Limits", {"users": three, "rows": [RAISED]}, rows=[RAISED])
    ask()

    def cost():
        with CaptureQueriesContext(connection) as captured:
            client.get(page())
        return len(captured)

    before = cost()
    for number in range(5):
        more = [person(f"p{number}{n}", "Approver") for n in range(3)]
        with unguarded():
            add_step(version, f"Step {number}", users=more, rows=[RAISED, HIGH])
        define(f"Before {number}", {"users": more}, rows=[HIGH, IMPORTED], position=0)
    assert cost() == before
