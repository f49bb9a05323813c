"""The work list's query string: views, filters, orders; and going on within the list."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from approvals.models import Behavior, Kind, Proposal, StepRun, Substitution
from approvals.pages import paging
from approvals.pages.work_list import SORTS, WorkListForm
from tests.unguarded import unguarded

from ..helpers import (
    accounts,
    decide_url,
    edit,
    get_list,
    item_of,
    post_decision,
    preview_list,
    vote,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name", "iban", behavior=Behavior.PROPOSE)


@pytest.fixture
def zoe(person):
    return person("zoe", "Clerk", first_name="Zoe", last_name="Adams")


def due(account, days):
    runs = StepRun.objects.filter(proposal__record_key=account)
    runs.update(due_at=timezone.now() + timedelta(days=days))


def proposal_keys(response):
    return [line.proposal.record_key for line in response.context["lines"]]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("oldest", "BAC"),
        ("newest", "CAB"),
        ("due", "CAB"),
        ("account", "ABC"),
        ("originator", "BCA"),
        ("step", "BAC"),
        ("nonsense", "BAC"),
    ],
)
def test_the_list_is_sorted_as_asked(client, approver, clerk, zoe, propose, sort, order):
    propose("B", by=clerk), propose("A", by=zoe), propose("C", by=clerk)
    due("C", 1), due("A", 2)
    client.force_login(approver)
    assert accounts(get_list(client, sort=sort)) == list(order)


@pytest.mark.parametrize("sort", SORTS[StepRun._meta.get_field("work_items").related_model])
def test_paging_by_key_misses_nothing_in_any_order(
    client, approver, propose_by_import, sort, monkeypatch
):
    monkeypatch.setattr(paging, "PAGE_SIZE", 3)
    names = [f"A{number}" for number in range(8)]
    propose_by_import(*names)
    for account in names[::3]:
        due(account, 1)
    client.force_login(approver)
    pages, url = [], reverse("approvals:work_items") + f"?sort={sort}"
    while url and len(pages) < 5:
        response = client.get(url)
        pages.append(accounts(response))
        last, url = url, response.context["next_url"]
    assert [len(page) for page in pages] == [3, 3, 2]
    assert sorted(sum(pages, [])) == names
    back = client.get(client.get(last).context["previous_url"])
    assert accounts(back) == pages[1]
    assert accounts(client.get(back.context["previous_url"])) == pages[0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"originator": "adams zoe"}, ["A"]),
        ({"originator": "zoe clerk"}, []),
        ({"originator": "clerk"}, ["B"]),
        ({"field": "iban"}, ["B"]),
        ({"field": "phone"}, []),
        ({"field": "nonsense"}, ["A", "B"]),
        ({"kind": "new"}, ["A"]),
        ({"kind": "nonsense"}, ["A", "B"]),
        ({"step": "Credit manager"}, ["A", "B"]),
        ({"step": "Another"}, []),
        ({"due": "TODAY"}, ["A"]),
        ({"due": "nonsense"}, ["A", "B"]),
        ({"view": "nonsense"}, ["A", "B"]),
        ({"view": "decided"}, []),
        ({"originator": "a\x00b"}, ["A", "B"]),
    ],
)
def test_the_list_is_filtered_as_asked(client, approver, clerk, zoe, propose, query, found):
    propose("A", by=zoe), propose("B", by=clerk, iban="NL91ABNA0417164300", credit_limit="7")
    with unguarded():
        Proposal.objects.filter(record_key="A").update(kind=Kind.NEW)
    due("A", 0), due("B", 3)
    query = {k: timezone.localdate().isoformat() if v == "TODAY" else v for k, v in query.items()}
    client.force_login(approver)
    response = get_list(client, **query)
    assert sorted(proposal_keys(response)) == found


def test_filters_and_order_live_in_every_address_of_the_page(
    client, approver, propose_by_import, monkeypatch
):
    monkeypatch.setattr(paging, "PAGE_SIZE", 2)
    propose_by_import("A1", "A2", "A3")
    client.force_login(approver)
    response = get_list(client, view="own", sort="account", q="A")
    page = response.content.decode()
    query = "view=own&amp;sort=account&amp;q=A"
    item = item_of(Proposal.objects.get(record_key="A1"), approver)
    assert f"{reverse('approvals:decide', args=[item.pk])}?{query}" in page
    assert f"{reverse('approvals:work_items_decide')}?{query}" in page
    assert "view=own&sort=account&q=A&after=" in response.context["next_url"]


def test_the_next_work_item_is_the_next_of_the_very_list(client, approver, clerk, zoe, propose):
    last, first, other = propose("C"), propose("A"), propose("B", by=zoe)
    client.force_login(approver)
    query = "?sort=account&originator=clara"
    response = post_decision(client, first, approver, query, next="1")
    assert response.url == decide_url(last, approver, query)
    response = post_decision(client, last, approver, query + "&action=approve", next="1")
    assert response.url == reverse("approvals:work_items") + query
    assert other.pk


def test_new_customers_time_limits_and_on_whose_behalf_are_shown(
    client, approver, second_approver, propose
):
    propose("A")
    with unguarded():
        Proposal.objects.update(kind=Kind.NEW)
    due("A", -1)
    today = timezone.localdate()
    Substitution.objects.create(
        person=approver, substitute=second_approver, starts=today, ends=today
    )
    client.force_login(second_approver)
    response = get_list(client)
    page = response.content.decode()
    for text in ("New customer", "Overdue", "On behalf of Anna Approver", "On behalf of others"):
        assert text in page, text
    assert {tab["text"]: tab["count"] for tab in response.context["tabs"]} == {
        "Waiting for me": 1,
        "Assigned to me": 0,
        "My groups’": 0,
        "Claimed by me": 0,
        "On behalf of others": 1,
        "Overdue": 1,
        "Decided by me": None,
    }


def test_a_clerk_sees_where_his_proposals_stand(client, clerk, approver, propose):
    propose("WAITS"), edit(clerk, propose("OTHER").record_key, name="A draft")
    vote(approver, propose("BACK"), "reject", "No")
    client.force_login(clerk)
    response = get_list(client)
    page = response.content.decode()
    assert proposal_keys(response) == ["WAITS", "OTHER", "OTHER", "BACK"]
    for text in ("My proposals", "Pending approval", "Anna Approver", "Not submitted", "Rejected"):
        assert text in page, text
    assert "Waiting for me" not in page and 'name="item"' not in page
    assert proposal_keys(get_list(client, status="returned")) == ["BACK"]
    assert proposal_keys(get_list(client, step="Credit manager")) == ["WAITS", "OTHER"]


def test_what_i_decided_is_shown_with_its_outcome(client, approver, propose):
    vote(approver, propose("A"), "reject", "Too much")
    client.force_login(approver)
    response = get_list(client, view="decided")
    page = response.content.decode()
    assert proposal_keys(response) == ["A"]
    assert "Too much" in page and "Rejected" in page and "1,000.00" in page


def test_nothing_is_decided_from_a_view_without_work_items(client, approver, propose):
    vote(approver, propose("A"))
    client.force_login(approver)
    response = preview_list(client, "?view=decided", action="approve", up_to=10**9)
    assert response.context["count"] == response.context["unable_count"] == 0


@pytest.mark.parametrize("view", ["submitted", "decided", "groups", "on_behalf"])
def test_each_view_reads_with_as_many_queries_for_one_row_as_for_many(
    client,
    approver,
    clerk,
    workflow,
    propose,
    django_assert_max_num_queries,
    django_assert_num_queries,
    view,
):
    def more(*names):
        for name in names:
            proposal = propose(name)
            item = item_of(proposal, approver)
            if view == "decided":
                vote(approver, proposal, "reject", "No")
            elif view == "groups":
                type(item).objects.filter(pk=item.pk).update(group=approver.groups.get())
            elif view == "on_behalf":
                type(item).objects.filter(pk=item.pk).update(
                    on_behalf_of=User.objects.get(username="second_approver")
                )

    client.force_login(clerk if view == "submitted" else approver)
    more("A")
    with django_assert_max_num_queries(25) as one:
        assert proposal_keys(get_list(client, view=view)) == ["A"]
    more("B", "C", "D")
    with django_assert_num_queries(len(one)):
        get_list(client, view=view)


def test_a_page_needs_no_choices_to_find_the_next(approver, propose, django_assert_num_queries):
    first, second = propose("A"), propose("B")
    filters = WorkListForm({"sort": "account"}, approver)
    item = item_of(first, approver)
    approver.get_all_permissions()
    assert filters.next_item(item) == item_of(second, approver)
    with django_assert_num_queries(2):
        filters.next_item(item)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1582-10-10"])
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_days_that_no_time_zone_can_reckon_with_leave_nothing_out(
    client, approver, propose, settings, day, zone
):
    settings.TIME_ZONE = zone
    propose("A")
    client.force_login(approver)
    assert accounts(get_list(client, due=day)) == ["A"]
