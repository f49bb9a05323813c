"""The home page shows each person the places he may go to, and what waits there."""

import pytest
from django.urls import reverse

from approvals import proposals
from approvals.models import Action, Proposal
from tests.approvals.helpers import edit, vote
from tests.customers.factories import customer


@pytest.fixture
def tiles(client):
    """A function that opens the home page as a person: title -> tile."""

    def show(viewer):
        client.force_login(viewer)
        response = client.get(reverse("home"))
        return {str(tile["title"]): tile for tile in response.context["tiles"]}

    return show


@pytest.mark.parametrize(
    "role, titles",
    [
        ("Clerk", {"Customers", "Not submitted", "Returned"}),
        ("Approver", {"Customers", "My work items"}),
        ("Data steward", {"Customers", "Not submitted", "Returned", "Import customers"}),
        ("Auditor", {"Customers", "Proposals"}),
        (None, set()),
    ],
)
def test_each_person_sees_the_places_he_may_go_to(tiles, person, role, titles):
    assert set(tiles(person("zoe", *[role] if role else []))) == titles


def test_staff_sees_the_setup(tiles, administrator):
    assert "Setup and inquiry" in tiles(administrator)


def test_an_auditor_who_is_staff_finds_all_he_may_read(client, tiles, auditor):
    auditor.is_staff = True
    auditor.save()
    shown = tiles(auditor)
    assert set(shown) == {"Customers", "Proposals", "Workflow history", "Setup and inquiry"}
    for tile in shown.values():
        assert client.get(tile["url"]).status_code == 200


def test_a_steward_who_is_staff_is_not_led_to_what_he_may_not_read(tiles, steward):
    steward.is_staff = True
    steward.save()
    assert "Workflow history" not in tiles(steward)


def test_every_tile_leads_somewhere(client, tiles, clerk, approver, steward):
    for viewer in (clerk, approver, steward):
        for tile in tiles(viewer).values():
            assert client.get(tile["url"]).status_code == 200


def test_what_waits_is_counted(tiles, clerk, approver, workflow, govern_fields):
    govern_fields("credit_limit")
    for account in ("A", "B", "C"):
        customer(account)
        edit(clerk, account, credit_limit="5")
    first, second, _third = Proposal.objects.order_by("id")
    proposals.submit(first.pk, by=clerk)
    proposals.submit(second.pk, by=clerk)
    assert tiles(approver)["My work items"]["count"] == 2
    vote(approver, second, Action.REJECT, "No")
    assert tiles(approver)["My work items"]["count"] == 1
    assert tiles(clerk)["Not submitted"]["count"] == 1
    assert tiles(clerk)["Returned"]["count"] == 1
