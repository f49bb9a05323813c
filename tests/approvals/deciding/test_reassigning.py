"""Reassign: a workflow administrator gives open work items to somebody else."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import proposals
from approvals.deciding.delegating import delegate
from approvals.deciding.reassigning import reassign, reassign_all_of
from approvals.models import Decision, ItemState, WorkItem
from approvals.outcomes import Refused

from ..definitions import change_step
from ..helpers import item_of, vote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")


@pytest.fixture
def rita(person):
    return person("rita", "Approver", first_name="Rita", last_name="Receiver")


def give(proposal, person, to, by, reason="She has left"):
    [result] = reassign([item_of(proposal, person).pk], to, reason, by=by)
    return result


def holders(proposal):
    items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN).order_by("pk")
    return [item.assignee.username for item in items]


def test_the_work_item_becomes_the_new_persons_own(approver, rita, administrator, propose):
    proposal = propose("A")
    result = give(proposal, approver, rita, administrator)
    assert (result.done, result.message) == (True, "Reassigned to Rita Receiver.")
    assert holders(proposal) == ["rita"]
    vote(rita, proposal)
    assert (Decision.objects.get().person, Decision.objects.get().on_behalf_of) == (rita, None)


def test_a_delegates_work_item_is_no_longer_on_anybodys_behalf(
    approver, rita, person, administrator, propose
):
    proposal = propose("A")
    delegate(item_of(proposal, approver).pk, person("dan", "Approver"), "Away", by=approver)
    assert give(proposal, User.objects.get(username="dan"), rita, administrator).done
    assert item_of(proposal, rita).on_behalf_of is None


def test_the_history_says_from_whom_to_whom_and_why(approver, rita, administrator, propose):
    proposal = propose("A")
    give(proposal, approver, rita, administrator)
    event = proposal.events.get(verb="reassigned")
    assert (event.actor, event.on_behalf_of) == (administrator, None)
    assert event.comment == "From Anna Approver to Rita Receiver\nShe has left"


def test_only_an_administrator_reassigns(approver, rita, clerk, auditor, propose):
    item = item_of(propose("A"), approver)
    for person in (approver, rita, clerk, auditor):
        with pytest.raises(PermissionDenied):
            reassign([item.pk], rita, "Why not", by=person)


def test_a_reason_is_required(approver, rita, administrator, propose):
    proposal = propose("A")
    with pytest.raises(Refused, match="a reason is required"):
        give(proposal, approver, rita, administrator, " ")
    assert holders(proposal) == ["approver"]


def test_an_administrator_takes_one_over_where_nobody_else_is_left_to(
    approver, administrator, propose
):
    proposal = propose("A")
    assert give(proposal, approver, administrator, administrator).done
    assert vote(administrator, proposal).done


def test_an_administrator_who_contributed_reassigns_but_never_to_a_contributor(
    approver, rita, administrator, propose
):
    administrator.groups.add(Group.objects.get(name="Clerk"))
    administrator = User.objects.get(pk=administrator.pk)
    proposal = propose("A", by=administrator)
    result = give(proposal, approver, administrator, administrator)
    assert not result.done and "Adam contributed to this proposal" in result.message
    assert give(proposal, approver, rita, administrator).done


def test_each_work_item_has_its_own_result(
    approver, second_approver, rita, administrator, clerk, propose, workflow
):
    first, second, third = propose("A"), propose("B"), propose("C")
    vote(approver, second)
    proposals.recall(third.pk, by=clerk)
    ids = [item_of(p, approver).pk for p in (first, second, third)]
    results = reassign([*ids, ids[0], 4711], rita, "She has left", by=administrator)
    assert [result.done for result in results] == [True, False, False, False]
    assert [result.key for result in results] == ["A", "B", "C", ""]
    assert "Already approved by Anna Approver" in results[1].message
    assert "Recalled by Clara Clerk" in results[2].message
    assert "does not exist" in results[3].message


def test_one_person_gets_one_place_in_a_step(
    approver, second_approver, rita, administrator, propose, workflow
):
    change_step(workflow.steps.get(position=1), add=[second_approver], policy="all")
    proposal = propose("A")
    ids = [item_of(proposal, person).pk for person in (approver, second_approver)]
    first, second = reassign(ids, rita, "They have left", by=administrator)
    assert first.done
    assert not second.done and "has a work item in this step already" in second.message
    assert sorted(holders(proposal)) == ["rita", "second_approver"]
    assert proposal.step_runs.get().votes_needed == 2


@pytest.mark.parametrize("case", ["inactive", "without right", "same", "decided"])
def test_who_cannot_decide_gets_nothing(
    case, approver, rita, administrator, auditor, propose, workflow
):
    change_step(workflow.steps.get(position=1), policy="all", add=[rita])
    proposal = propose("A")
    User.objects.filter(pk=auditor.pk).update(is_active=case != "inactive")
    if case == "decided":
        vote(rita, proposal)
    to = {"same": approver, "decided": rita}.get(case, User.objects.get(pk=auditor.pk))
    result = give(proposal, approver, to, administrator)
    why = {
        "inactive": "Audrey Auditor is not active",
        "without right": "Audrey Auditor does not have the right to decide",
        "same": "Anna Approver has this work item already",
        "decided": "Rita Receiver has decided in this step already",
    }
    assert not result.done and why[case] in result.message
    assert "approver" in holders(proposal)


def test_all_work_items_of_who_leaves_go_to_another(approver, rita, administrator, clerk, propose):
    kept, given = propose("A"), propose("B")
    kept.contributors.create(person=rita, role="edited")
    results = reassign_all_of(approver, rita, "She has left", by=administrator)
    assert [(result.key, result.done) for result in results] == [("A", False), ("B", True)]
    assert (holders(kept), holders(given)) == (["approver"], ["rita"])


def test_many_are_reassigned_in_as_many_statements_as_two(approver, rita, administrator, propose):
    def statements(count, to, giver):
        items = [item_of(propose(), giver).pk for _unused in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert all(r.done for r in reassign(items, to, "Left", by=administrator))
        return len(captured)

    statements(1, rita, approver)
    assert statements(12, rita, approver) <= statements(2, rita, approver) <= 45


# Pages


@pytest.fixture
def page_of():
    return lambda proposal: reverse("approvals:reassign", args=[proposal.pk])


def test_the_page_reassigns(client, approver, rita, administrator, propose, page_of):
    proposal = propose("A")
    client.force_login(administrator)
    page = client.get(page_of(proposal)).content.decode()
    assert "Rita Receiver (rita)" in page and "Anna Approver (approver)" in page
    sent = {"item": item_of(proposal, approver).pk, "to": rita.pk, "reason": "She has left"}
    response = client.post(page_of(proposal), sent, follow=True)
    assert "A: Reassigned to Rita Receiver." in response.content.decode()
    assert holders(proposal) == ["rita"]


def test_the_pages_are_an_administrators(client, approver, clerk, auditor, propose, page_of):
    proposal = propose("A")
    for person in (approver, clerk, auditor):
        client.force_login(person)
        for url in (page_of(proposal), reverse("approvals:reassign_all")):
            assert client.get(url).status_code == 403
            assert client.post(url, {"item": 1}).status_code == 403


def test_a_stale_page_says_what_happened(client, clerk, administrator, propose, page_of):
    proposal = propose("A")
    proposals.recall(proposal.pk, by=clerk)
    client.force_login(administrator)
    for send in (client.get, client.post):
        assert "Recalled by Clara Clerk" in send(page_of(proposal), follow=True).content.decode()


@pytest.mark.parametrize(
    "sent", [{"item": "x"}, {"item": "9" * 40}, {"item": "0"}, {"to": "\0"}, {"to": "9" * 40}]
)
def test_a_senseless_choice_does_nothing(
    client, approver, administrator, rita, propose, page_of, sent
):
    proposal = propose("A")
    client.force_login(administrator)
    item = item_of(proposal, approver).pk
    response = client.post(page_of(proposal), {"item": item, "to": rita.pk, "reason": "y", **sent})
    assert response.status_code == 200 and response.context["form"].errors
    assert holders(proposal) == ["approver"]


def test_a_work_item_of_another_proposal_is_not_given_away_here(
    client, approver, administrator, rita, propose, page_of
):
    here, elsewhere = propose("A"), propose("B")
    client.force_login(administrator)
    sent = {"item": item_of(elsewhere, approver).pk, "to": rita.pk, "reason": "y"}
    response = client.post(page_of(here), sent)
    assert "Choose an open work item of this proposal" in response.content.decode()
    assert holders(elsewhere) == ["approver"]


def test_the_page_for_who_leaves_shows_what_became_of_each(
    client, approver, rita, administrator, propose
):
    kept, given = propose("A"), propose("B")
    kept.contributors.create(person=rita, role="edited")
    client.force_login(administrator)
    url = reverse("approvals:reassign_all")
    page = client.get(url, {"from": approver.pk}).content.decode()
    assert f'value="{approver.pk}" selected>Anna Approver (approver): 2<' in page
    sent = {"holder": approver.pk, "to": rita.pk, "reason": "She has left"}
    response = client.post(url, sent)
    page = response.content.decode()
    assert "Rita Receiver contributed to this proposal" in page
    assert reverse("approvals:reassign", args=[kept.pk]) in page
    assert (response.context["done"], response.context["failed"]) == (1, 1)
    assert holders(given) == ["rita"]


@pytest.mark.parametrize("start", ["x", "9" * 40, "\0", "-1"])
def test_an_odd_link_to_it_shows_the_page(client, administrator, propose, start):
    propose("A")
    client.force_login(administrator)
    assert client.get(reverse("approvals:reassign_all"), {"from": start}).status_code == 200


def test_who_has_nothing_gives_nothing(client, approver, rita, administrator, propose):
    propose("A")
    client.force_login(administrator)
    url = reverse("approvals:reassign_all")
    sent = {"holder": rita.pk, "to": approver.pk, "reason": "y"}
    assert "has no open work item" in client.post(url, sent).content.decode()
    sent = {"holder": approver.pk, "to": approver.pk, "reason": "y"}
    assert "Choose somebody else" in client.post(url, sent).content.decode()


def test_the_list_of_people_in_admin_leads_to_it(client, approver, administrator, rita):
    client.force_login(administrator)
    url = reverse("admin:auth_user_changelist")
    sent = {"action": "reassign_work_items", "_selected_action": [approver.pk]}
    response = client.post(url, sent)
    assert response.url == reverse("approvals:reassign_all") + f"?from={approver.pk}"
    sent["_selected_action"] = [approver.pk, rita.pk]
    assert "Select one person" in client.post(url, sent, follow=True).content.decode()


def test_the_menu_offers_it_to_administrators_alone(
    client, approver, clerk, administrator, propose, page_of
):
    proposal = propose("A")
    page = reverse("customers:proposed_changes", args=[proposal.object_id])
    for person, offered in ((administrator, True), (approver, False), (clerk, False)):
        client.force_login(person)
        assert (page_of(proposal) in client.get(page).content.decode()) == offered
