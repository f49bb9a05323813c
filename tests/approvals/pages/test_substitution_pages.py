"""Substitutions: one's own page, and Django admin's."""

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals.models import Substitution, WorkflowEvent

from ..deciding.substitutes import DAY, entered, events, standing_in, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue(person):
    return person("sue", "Approver", first_name="Sue", last_name="Substitute")


# The page


@pytest.fixture
def page():
    return reverse("approvals:my_substitutes")


def sent(substitute, first=0, last=0, **more):
    today = timezone.localdate()
    return {
        "substitute": substitute.pk,
        "starts": (today + first * DAY).isoformat(),
        "ends": (today + last * DAY).isoformat(),
        "workflow": "",
        **more,
    }


def test_the_page_adds_one_and_tells_of_others(client, approver, sue, second_approver, page):
    stored(approver, second_approver, 0, 5)
    client.force_login(approver)
    response = client.post(page, sent(sue, 1, 3), follow=True)
    told = [str(message) for message in response.context["messages"]]
    assert told[0].startswith("Added: Sue Substitute for Anna Approver, ")
    assert told[1].startswith("Also on some of these days: Ben Approver for Anna Approver, ")
    assert Substitution.objects.get(substitute=sue).person == approver


def test_the_page_lists_now_coming_past_and_whom_one_stands_in_for(
    client, approver, sue, second_approver, page
):
    rows = {
        "current": stored(approver, sue, -1, 1),
        "coming": stored(approver, sue, 2, 3),
        "past": stored(approver, sue, -3, -2),
        "standing_in": stored(second_approver, approver, -1, 1),
    }
    stored(sue, second_approver)
    client.force_login(approver)
    response = client.get(page)
    for name, row in rows.items():
        assert [found for found, _days in response.context[name]] == [row]
    html = response.content.decode()
    assert "End now" in html and "Remove" in html and "Ben Approver" in html


def test_the_page_ends_ones_own_alone(client, approver, sue, page):
    row = stored(approver, sue, -1, 1)
    url = reverse("approvals:end_substitution", args=[row.pk])
    client.force_login(sue)
    assert client.post(url).status_code == 404
    client.force_login(approver)
    assert client.get(url).status_code == 405
    assert "Ended: Sue Substitute" in client.post(url, follow=True).content.decode()
    row.refresh_from_db()
    assert row.ends < timezone.localdate()


@pytest.mark.parametrize(
    "wrong",
    [
        {"substitute": "x"},
        {"substitute": "9" * 40},
        {"starts": "yesterday"},
        {"ends": "99999-01-01"},
        {"ends": "2020-01-01"},
        {"workflow": "x"},
        {"starts": ""},
    ],
)
def test_the_page_shows_beside_the_field_what_it_does_not_take(client, approver, sue, page, wrong):
    client.force_login(approver)
    response = client.post(page, sent(sue, 0, 1) | wrong)
    assert response.status_code == 200
    assert wrong.keys() <= response.context["form"].errors.keys()
    assert not Substitution.objects.exists()


def test_the_page_is_for_who_may_decide(client, clerk, auditor, approver, page):
    for person, status in ((clerk, 403), (auditor, 403), (approver, 200)):
        client.force_login(person)
        assert client.get(page).status_code == status
        home = client.get(reverse("customers:list")).content.decode()
        assert (page in home) == (status == 200)


# Django admin


def admin_url(name, *args):
    return reverse(f"admin:approvals_substitution_{name}", args=args)


def test_an_administrator_enters_changes_and_removes_anybodys_in_admin(
    client, administrator, approver, sue
):
    client.force_login(administrator)
    response = client.post(admin_url("add"), {"person": approver.pk, **sent(sue, 0, 2)})
    row = Substitution.objects.get()
    assert response.status_code == 302 and row.person == approver
    client.post(admin_url("change", row.pk), sent(sue, 0, 3))
    client.post(admin_url("delete", row.pk), {"post": "yes"})
    assert [bool(old) + 2 * bool(new) for _who, old, new in events()] == [2, 3, 1]
    assert {who for who, *_rest in events()} == {"administrator"}


def test_admin_shows_beside_the_field_what_it_does_not_take(
    client, administrator, approver, auditor
):
    client.force_login(administrator)
    response = client.post(admin_url("add"), {"person": approver.pk, **sent(auditor, -1, 2)})
    form = response.context["adminform"].form
    assert set(form.errors) == {"substitute", "starts"}
    assert not Substitution.objects.exists()


def test_an_auditor_reads_them_in_admin_and_changes_nothing(client, auditor, approver, sue):
    auditor.is_staff = True
    auditor.save()
    row = stored(approver, sue)
    client.force_login(auditor)
    assert ">sue<" in client.get(admin_url("changelist")).content.decode()
    assert client.get(admin_url("change", row.pk)).status_code == 200
    assert client.post(admin_url("change", row.pk), sent(sue, 0, 3)).status_code == 403
    assert client.get(admin_url("add")).status_code == 403


def test_the_history_in_admin_reads_as_text(client, administrator, approver, sue):
    entered(standing_in(approver, sue), approver)
    client.force_login(administrator)
    event = WorkflowEvent.objects.get(verb="substitution_changed")
    listed = client.get(reverse("admin:approvals_workflowevent_changelist")).content.decode()
    shown = client.get(reverse("admin:approvals_workflowevent_change", args=[event.pk]))
    for html in (listed, shown.content.decode()):
        assert "Substitution changed" in html and "(empty) → Sue Substitute for " in html
        assert "Anna Approver, 20" in html
