"""The Proposed changes page: what stands there, and what its buttons do."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import proposals
from approvals.changes import version_of
from approvals.models import Action, Proposal, ProposedChange, State, WorkflowEvent
from customers.models import Customer
from tests.customers.factories import customer
from tests.unguarded import ungoverned
from tests.write_paths.rendered import form_on

from ..helpers import edit, import_source, live, vote


@pytest.fixture
def record(db):
    return customer("C-1", name="Nordic Tools", credit_limit="1000.00")


@pytest.fixture
def page(record):
    return reverse("customers:proposed_changes", args=[record.pk])


@pytest.fixture
def other(person):
    return person("carl", "Clerk", first_name="Carl", last_name="Other")


@pytest.fixture
def draft(client, clerk, govern_fields, record, workflow):
    """Two changes, not submitted; their clerk is logged in."""
    govern_fields("credit_limit", "credit_rating", "iban")
    client.force_login(clerk)
    [pk] = edit(clerk, "C-1", credit_limit="2500", credit_rating="A").proposals
    return Proposal.objects.get(pk=pk)


def change(field):
    return ProposedChange.objects.get(field=field, outcome="")


def discard_url(field):
    return reverse("approvals:discard_change", args=[change(field).pk])


def discard_all_url(record):
    content_type = ContentType.objects.get_for_model(Customer)
    return reverse("approvals:discard_all", args=[content_type.pk, record.pk])


def texts(response):
    return [str(message) for message in response.context["messages"]]


def state(proposal):
    return Proposal.objects.get(pk=proposal.pk).state


def test_the_page_shows_original_and_new_value_who_and_when(client, page, draft):
    html = client.get(page).content.decode()
    assert "<strong>Changes have not been submitted</strong>" in html
    for text in ("Credit limit", "1,000.00", "2,500.00", "Clara Clerk", "Original value"):
        assert text in html
    assert html.count("<time") >= 2


def test_submit_takes_the_note_along(client, page, draft):
    form = form_on(client.get(page), f"submit-{draft.pk}")
    form.type("note", "As agreed")
    response = form.send(client, page)
    assert texts(response) == ["The changes have been submitted."]
    assert "<strong>Changes pending approval</strong>" in response.content.decode()
    assert (state(draft), Proposal.objects.get().note) == (State.PENDING, "As agreed")


def test_submit_from_the_customer_page_asks_first_and_shows_the_changes(client, draft):
    url = reverse("approvals:submit", args=[draft.pk])
    response = client.get(url)
    assert "2,500.00" in response.content.decode()
    assert state(draft) == State.NOT_SUBMITTED
    form_on(response, "").send(client, url)
    assert state(draft) == State.PENDING


def test_a_proposal_that_changed_since_it_was_seen_is_not_submitted(client, page, draft, other):
    form = form_on(client.get(page), f"submit-{draft.pk}")
    edit(other, "C-1", iban="NL91ABNA0417164300")
    response = form.send(client, page)
    assert "has changed since you saw it" in texts(response)[0]
    assert state(draft) == State.NOT_SUBMITTED


@pytest.mark.parametrize("revision", [None, "", "0", "x", "-1", "٣", "9" * 5000])
def test_a_senseless_revision_does_nothing(client, draft, revision):
    sent = {} if revision is None else {"revision": revision}
    for url in (reverse("approvals:submit", args=[draft.pk]), discard_url("credit_limit")):
        response = client.post(url, sent, follow=True)
        assert "has changed since you saw it" in texts(response)[0]
    assert state(draft) == State.NOT_SUBMITTED
    assert ProposedChange.objects.filter(outcome="").count() == 2


def test_submit_without_a_workflow_is_refused_with_the_reason(client, page, draft, workflow):
    type(workflow).objects.update(state="retired")
    response = form_on(client.get(page), f"submit-{draft.pk}").send(client, page)
    assert "No active workflow" in texts(response)[0]
    assert state(draft) == State.NOT_SUBMITTED


def test_ones_own_change_is_discarded_at_once(client, page, draft):
    response = form_on(client.get(page), discard_url("credit_limit")).send(client, page)
    assert texts(response) == ["Discarded: Credit limit."]
    assert [c.field for c in ProposedChange.objects.filter(outcome="")] == ["credit_rating"]


def test_discarding_the_last_change_leads_back_to_the_customer(client, page, draft, record):
    form_on(client.get(page), discard_url("credit_limit")).send(client, page)
    response = form_on(client.get(page), discard_url("credit_rating")).send(client, page)
    assert response.redirect_chain[-1][0] == record.get_absolute_url()
    assert state(draft) == State.DISCARDED


def test_anothers_change_is_discarded_only_after_a_confirmation(client, page, draft, other):
    client.force_login(other)
    url = discard_url("credit_limit")
    html = client.get(page).content.decode()
    assert f'action="{url}"' not in html
    assert f'href="{url}"' in html
    asked = client.post(url, {"revision": draft.revision})
    assert "proposed by Clara Clerk?" in asked.content.decode()
    assert ProposedChange.objects.filter(outcome="").count() == 2
    form_on(asked, "").send(client, url)
    assert ProposedChange.objects.filter(outcome="").count() == 1


def test_discard_all_asks_once_and_leaves_what_is_pending(client, page, draft, clerk, record):
    proposals.submit(draft.pk, by=clerk)
    edit(clerk, "C-1", iban="NL91ABNA0417164300")
    url = discard_all_url(record)
    assert url in client.get(page).content.decode()
    asked = client.get(url)
    assert "NL91ABNA0417164300" in asked.content.decode()
    assert "2,500.00" not in asked.content.decode()
    response = form_on(asked, "").send(client, url)
    assert texts(response) == ["1 proposed change has been discarded."]
    assert state(draft) == State.PENDING
    assert url not in response.content.decode()


def test_discard_all_does_nothing_where_the_changes_are_not_those_that_were_seen(
    client, draft, other, record
):
    url = discard_all_url(record)
    form = form_on(client.get(url), "")
    edit(other, "C-1", iban="NL91ABNA0417164300")
    assert "not the ones you saw" in texts(form.send(client, url))[0]
    assert "not the ones you saw" in texts(client.post(url, follow=True))[0]
    assert ProposedChange.objects.filter(outcome="").count() == 3


def test_recall_asks_first_and_takes_the_changes_back(client, draft, clerk):
    proposals.submit(draft.pk, by=clerk)
    url = reverse("approvals:recall", args=[draft.pk])
    form = form_on(client.get(url), "")
    form.type("note", "Wrong customer")
    assert texts(form.send(client, url)) == ["The changes have been recalled."]
    assert state(draft) == State.NOT_SUBMITTED
    assert WorkflowEvent.objects.filter(verb="recalled", comment="Wrong customer").exists()


def test_only_the_originator_recalls(client, draft, clerk, other, page):
    proposals.submit(draft.pk, by=clerk)
    client.force_login(other)
    url = reverse("approvals:recall", args=[draft.pk])
    assert url not in client.get(page).content.decode()
    assert client.get(url).status_code == 403
    assert client.post(url, {"revision": 2}).status_code == 403
    assert state(draft) == State.PENDING


def test_an_action_that_comes_too_late_says_where_the_proposal_stands(client, draft, clerk):
    submit, recall = (
        reverse(f"approvals:{name}", args=[draft.pk]) for name in ("submit", "recall")
    )
    proposals.submit(draft.pk, by=clerk)
    for send in (client.get, client.post):
        assert "Changes pending approval" in texts(send(submit, follow=True))[0]
    proposals.recall(draft.pk, by=clerk)
    for send in (client.get, client.post):
        assert "Changes have not been submitted" in texts(send(recall, follow=True))[0]


def test_a_change_that_is_no_longer_open_is_not_discarded_again(client, draft, clerk):
    url = discard_url("credit_limit")
    proposals.discard_change(change("credit_limit").pk, by=clerk)
    assert "no longer open" in texts(client.post(url, {"revision": 2}, follow=True))[0]
    assert client.get(url, follow=True).status_code == 200


def test_two_proposals_have_a_card_each_with_their_own_actions(client, page, draft, clerk):
    proposals.submit(draft.pk, by=clerk)
    [second] = edit(clerk, "C-1", iban="NL91ABNA0417164300").proposals
    html = client.get(page).content.decode()
    assert f'id="proposal-{draft.pk}"' in html
    assert f'id="proposal-{second}"' in html
    assert f'id="submit-{second}"' in html
    assert f'id="submit-{draft.pk}"' not in html
    assert reverse("approvals:recall", args=[draft.pk]) in html


def test_where_the_live_value_has_moved_it_is_shown_and_approve_is_not_offered(
    client, page, draft, clerk, approver
):
    proposals.submit(draft.pk, by=clerk)
    client.force_login(approver)
    item = reverse("approvals:decide", args=[draft.work_items.get().pk])
    assert f"{item}?action=approve" in client.get(page).content.decode()
    with ungoverned():
        Customer.objects.update(credit_limit="1700")
    html = client.get(page).content.decode()
    assert "1,700.00" in html
    assert f"{item}?action=approve" not in html
    for action in (Action.REJECT, Action.REQUEST_CHANGE):
        assert f"{item}?action={action}" in html


def test_an_old_link_says_how_the_proposal_ended(
    client, page, draft, clerk, approver, second_approver
):
    proposals.submit(draft.pk, by=clerk)
    vote(approver, draft)
    vote(second_approver, draft)
    html = client.get(page).content.decode()
    assert f"Proposal {draft.pk}: Approved (Ben Approver" in html
    assert live("C-1", "credit_limit") == "2500.00"


def test_the_page_of_a_customer_without_any_proposal_says_so(client, clerk, page):
    client.force_login(clerk)
    assert "Nothing has been proposed yet." in client.get(page).content.decode()


def test_whoever_may_not_edit_is_refused(client, draft, approver, record):
    client.force_login(approver)
    urls = [
        reverse("approvals:submit", args=[draft.pk]),
        discard_url("credit_limit"),
        discard_all_url(record),
    ]
    for url in urls:
        sent = {"revision": draft.revision, "confirmed": "yes", "version": version_of(record)}
        assert client.post(url, sent).status_code == 403
    for url in urls[:2]:
        assert client.get(url).status_code == 403
    assert state(draft) == State.NOT_SUBMITTED
    assert ProposedChange.objects.filter(outcome="").count() == 2


def test_whoever_may_not_see_customers_is_refused(client, draft, person, record, page):
    client.force_login(person("nobody"))
    for url in (page, discard_all_url(record), reverse("approvals:submit", args=[draft.pk])):
        assert client.get(url).status_code == 403


@pytest.mark.parametrize("pk", [999_999, 10**18 - 1])
def test_what_does_not_exist_is_not_found(client, clerk, pk):
    client.force_login(clerk)
    users = ContentType.objects.get(model="user").pk
    customers = ContentType.objects.get_for_model(Customer).pk
    for name, args in [
        ("submit", [pk]),
        ("recall", [pk]),
        ("discard_change", [pk]),
        ("discard_all", [customers, pk]),
        ("discard_all", [users, clerk.pk]),
        ("discard_all", [pk, 1]),
    ]:
        url = reverse(f"approvals:{name}", args=args)
        assert client.get(url).status_code == 404
        assert client.post(url).status_code == 404


def test_the_number_of_queries_does_not_grow_with_changes_and_proposals(
    client, page, clerk, govern_fields, workflow
):
    names = ["credit_rating", "price_group", "site", "warehouse", "state", "county"]
    govern_fields(*names)
    client.force_login(clerk)

    def propose(*fields):
        [pk] = edit(clerk, "C-1", **dict.fromkeys(fields, "A")).proposals
        proposals.submit(pk, by=clerk)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(page)
        return len(captured)

    propose(names[0])
    queries()
    few = queries()
    propose(*names[1:3])
    propose(*names[3:])
    assert queries() == few


def test_discard_all_is_not_offered_to_who_may_not_discard_all(
    client, clerk, steward, workflow, govern_fields
):
    govern_fields("credit_limit", "iban", behavior="propose")
    row = customer("C-9", credit_limit="1")
    edit(steward, "C-9", import_source(steward, "propose"), credit_limit="5")
    imported = Proposal.objects.get()
    vote(imported.work_items.get().assignee, imported, "reject", "No")
    address = reverse("customers:proposed_changes", args=[row.pk])
    client.force_login(steward)
    assert "Discard all changes" in client.get(address).content.decode()
    edit(clerk, "C-9", iban="NL91ABNA0417164300")
    assert "Discard all changes" not in client.get(address).content.decode()
