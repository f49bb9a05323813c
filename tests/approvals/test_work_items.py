"""My work items: the list."""

import pytest
from django.urls import reverse

from approvals.models import Behavior, Proposal, State, WorkflowStep
from approvals.pages.paging import PAGE_SIZE
from customers.models import Customer
from tests.unguarded import ungoverned

from .definitions import change_step
from .helpers import accounts, decide_url, get_list, item_of, post_list, vote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name", behavior=Behavior.PROPOSE)


def test_my_work_items_stand_oldest_first_with_their_changes(client, approver, propose):
    for account in ("B", "A", "C"):
        propose(account, note="Please")
    change_step(WorkflowStep.objects.get(position=1), instructions="Look at the rating.")
    client.force_login(approver)
    response = get_list(client)
    assert accounts(response) == ["B", "A", "C"]
    page = response.content.decode()
    assert "Credit limit" in page and "1,000.00" in page
    assert "Clara Clerk" in page and "Credit manager" in page and "Look at the rating." in page
    assert Customer.objects.get(account="A").get_absolute_url() in page


def test_the_list_shows_only_what_is_open_and_mine(client, approver, second_approver, propose):
    mine, decided = propose("A"), propose("B")
    vote(approver, decided)
    client.force_login(approver)
    assert accounts(get_list(client)) == ["A"]
    client.force_login(second_approver)
    assert accounts(get_list(client)) == ["B"]
    assert mine.state == State.PENDING


def test_a_live_value_that_moved_is_shown_beside_the_original(client, approver, propose):
    propose("A")
    with ungoverned():
        Customer.objects.filter(account="A").update(credit_limit=77)
    client.force_login(approver)
    page = get_list(client).content.decode()
    assert "The customer now has: 77.00" in page
    assert "Cannot be approved" in page


def test_who_neither_decides_nor_proposes_sees_no_list(client, auditor):
    client.force_login(auditor)
    assert client.get(reverse("approvals:work_items")).status_code == 403


@pytest.mark.parametrize("username", ["clerk", "steward", "auditor"])
def test_who_may_not_decide_cannot_decide_several(client, request, username):
    client.force_login(request.getfixturevalue(username))
    assert post_list(client, action="approve").status_code == 403


def test_the_list_needs_a_login(client):
    response = client.get(reverse("approvals:work_items"))
    assert response.status_code == 302 and reverse("login") in response.url


def test_an_empty_list_says_so(client, approver):
    client.force_login(approver)
    assert "Nothing waits for you" in get_list(client).content.decode()


def test_the_list_is_filtered_by_account(client, approver, propose):
    propose("NORTH-1"), propose("SOUTH-1")
    client.force_login(approver)
    assert accounts(get_list(client, q="north")) == ["NORTH-1"]


def test_items_of_one_import_are_shown_together(client, approver, propose, propose_by_import):
    propose("X")
    job = propose_by_import("A", "B")
    client.force_login(approver)
    response = get_list(client, **{"import": job.pk})
    assert accounts(response) == ["A", "B"]
    assert response.context["up_to"] >= max(line.item.pk for line in response.context["lines"])
    assert f"?import={job.pk}" in get_list(client).content.decode()


def test_a_link_to_an_import_that_is_done_shows_an_empty_list(client, approver, propose):
    propose("X")
    client.force_login(approver)
    response = get_list(client, **{"import": "4711"})
    assert accounts(response) == []
    assert "Nothing fits" in response.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"import": "x"},
        {"import": "9" * 30},
        {"import": "-1"},
        {"import": "٣"},
        {"after": "x"},
        {"after": "9" * 30},
        {"before": "0"},
        {"before": ""},
        {"after": "1", "before": "1"},
        {"q": "a\x00b"},
        {"q": "x" * 5000},
        {"unknown": "1"},
    ],
)
def test_a_query_string_that_makes_no_sense_counts_as_absent(client, approver, propose, query):
    propose("A")
    client.force_login(approver)
    assert accounts(get_list(client, **query)) == ["A"]
    assert client.get(decide_url(Proposal.objects.get(), approver), query).status_code == 200


def test_paging_by_key_goes_through_every_item_and_back(client, approver, propose_by_import):
    names = [f"A{number:03}" for number in range(2 * PAGE_SIZE + 3)]
    propose_by_import(*names)
    client.force_login(approver)
    pages, url = [], reverse("approvals:work_items")
    while url and len(pages) < 5:
        response = client.get(url)
        pages.append(accounts(response))
        last, url = url, response.context["next_url"]
    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 3]
    assert sum(pages, []) == names
    previous = client.get(last).context["previous_url"]
    assert accounts(client.get(previous)) == pages[1]
    first = client.get(client.get(previous).context["previous_url"])
    assert accounts(first) == pages[0] and not first.context["previous_url"]


def test_a_page_starts_where_a_decided_item_stood(client, approver, propose):
    first, _second = propose("A"), propose("B")
    vote(approver, first)
    client.force_login(approver)
    assert accounts(get_list(client, after=item_of(first, approver).pk)) == ["B"]


def test_the_list_reads_with_as_many_queries_for_one_item_as_for_fifty(
    client, approver, propose_by_import, django_assert_max_num_queries, django_assert_num_queries
):
    client.force_login(approver)
    propose_by_import("A")
    with django_assert_max_num_queries(25) as one:
        get_list(client)
    propose_by_import(*(f"B{number}" for number in range(PAGE_SIZE)))
    with django_assert_num_queries(len(one)):
        get_list(client)
