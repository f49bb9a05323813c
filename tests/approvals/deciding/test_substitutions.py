"""Substitution: who decides on behalf of whom, on which days, for what."""

import datetime

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from approvals.deciding import claims, substituting, substitutions
from approvals.deciding.delegating import delegate
from approvals.models import Decision, Substitution, Workflow, WorkflowEvent
from customers.models import Customer

from ..helpers import decide_item, item_of

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")


@pytest.fixture
def sue(person):
    return person("sue", "Approver", first_name="Sue", last_name="Substitute")


def standing_in(person, substitute, first=0, last=0, workflow=None):
    """A substitution from so many days after today to so many."""
    today = timezone.localdate()
    return Substitution(
        person=person,
        substitute=substitute,
        starts=today + first * DAY,
        ends=today + last * DAY,
        workflow=workflow,
    )


def stored(*args, **kwargs):
    substitution = standing_in(*args, **kwargs)
    substitution.save()
    return substitution


def decide_as(by, proposal, holder, action="approve", comment=""):
    return decide_item(by, item_of(proposal, holder), action, comment)


# What a substitute may do


def test_a_substitute_decides_on_behalf_of_who_is_away(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    assert decide_as(sue, proposal, approver).done
    decision = Decision.objects.get()
    assert (decision.person, decision.on_behalf_of) == (sue, approver)
    event = proposal.events.get(verb="approved")
    assert (event.actor, event.on_behalf_of) == (sue, approver)


def test_the_work_item_stays_with_its_assignee_who_may_decide_too(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    assert item_of(proposal, approver).state == "open"
    assert not proposal.work_items.filter(assignee=sue).exists()
    assert decide_as(approver, proposal, approver).done
    assert Decision.objects.get().on_behalf_of is None


def test_a_substitute_delegates_on_behalf_of_who_is_away(approver, sue, person, propose):
    proposal, dan = propose("A"), person("dan", "Approver")
    stored(approver, sue)
    delegate(item_of(proposal, approver).pk, dan, "We are both away", by=sue)
    assert item_of(proposal, dan).on_behalf_of == approver
    event = proposal.events.get(verb="delegated")
    assert (event.actor, event.on_behalf_of) == (sue, approver)


@pytest.mark.parametrize(
    ("first", "last", "done"),
    [(0, 0, True), (-3, 0, True), (0, 3, True), (-1, 1, True), (1, 3, False), (-3, -1, False)],
)
def test_the_first_and_the_last_day_are_included(approver, sue, propose, first, last, done):
    proposal = propose("A")
    stored(approver, sue, first, last)
    assert decide_as(sue, proposal, approver).done == done


@pytest.mark.parametrize(("zone", "done"), [("Pacific/Kiritimati", True), ("UTC", False)])
def test_days_begin_and_end_in_the_time_zone_that_is_set(
    approver, sue, propose, monkeypatch, zone, done
):
    proposal = propose("A")
    day = datetime.date(2026, 5, 4)
    Substitution.objects.create(person=approver, substitute=sue, starts=day, ends=day)
    # On Kiritimati it is 2 a. m. on the 4th.
    late = datetime.datetime(2026, 5, 3, 12, 0, tzinfo=datetime.UTC)
    monkeypatch.setattr(timezone, "now", lambda: late)
    with timezone.override(zone):
        assert decide_as(sue, proposal, approver).done == done


def test_one_workflow_is_that_one_alone(approver, sue, propose, workflow):
    customers = ContentType.objects.get_for_model(Customer)
    other = Workflow.objects.create(content_type=customers, name="Other")
    proposal = propose("A")
    row = stored(approver, sue, workflow=other)
    result = decide_as(sue, proposal, approver)
    assert not result.done and "not assigned to you" in result.message
    Substitution.objects.filter(pk=row.pk).update(workflow=workflow.workflow)
    assert decide_as(sue, proposal, approver).done


def test_a_substitute_of_a_substitute_decides_nothing(approver, sue, person, propose):
    proposal, ted = propose("A"), person("ted", "Approver")
    stored(approver, sue)
    stored(sue, ted)
    assert not decide_as(ted, proposal, approver).done


def test_nobody_stands_in_for_who_has_left(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    User.objects.filter(pk=approver.pk).update(is_active=False)
    assert not decide_as(sue, proposal, approver).done


def test_nobody_stands_in_for_who_may_no_longer_decide(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    approver.groups.clear()
    assert not decide_as(sue, proposal, approver).done


def test_a_substitute_without_the_right_decides_nothing(approver, sue, propose):
    proposal = propose("A")
    stored(approver, sue)
    sue.groups.clear()
    result = decide_as(User.objects.get(pk=sue.pk), proposal, approver)
    assert not result.done and "no longer have the right" in result.message


def test_a_substitute_does_not_decide_what_he_proposed(approver, sue, propose):
    sue.groups.add(Group.objects.get(name="Clerk"))
    sue = User.objects.get(pk=sue.pk)
    proposal = propose("A", by=sue)
    stored(approver, sue)
    result = decide_as(sue, proposal, approver)
    assert not result.done and "You contributed to this proposal" in result.message


def test_a_substitute_does_not_decide_what_who_is_away_proposed(approver, sue, propose):
    proposal = propose("A")
    proposal.contributors.create(person=approver, role="edited")
    stored(approver, sue)
    result = decide_as(sue, proposal, approver)
    assert not result.done and "The person you stand in for contributed" in result.message


def test_a_substitute_votes_once_in_a_step(approver, sue, propose, workflow):
    workflow.steps.filter(position=1).update(policy="all")
    workflow.steps.get(position=1).users.add(sue)
    proposal = propose("A")
    stored(approver, sue)
    assert decide_as(sue, proposal, sue).done
    result = decide_as(sue, proposal, approver)
    assert not result.done and "every approval is another person's" in result.message
    assert decide_as(approver, proposal, approver).done


def test_a_substitute_of_two_votes_once_in_a_step(approver, sue, person, propose, workflow):
    workflow.steps.filter(position=1).update(policy="all")
    other = person("other", "Approver")
    workflow.steps.get(position=1).users.add(other)
    proposal = propose("A")
    stored(approver, sue)
    stored(other, sue)
    assert decide_as(sue, proposal, approver).done
    assert not decide_as(sue, proposal, other).done


def test_the_menu_of_proposed_changes_offers_it_to_a_substitute(client, approver, sue, propose):
    proposal = propose("A")
    page = reverse("customers:proposed_changes", args=[proposal.object_id])
    decide = reverse("approvals:decide", args=[item_of(proposal, approver).pk])
    client.force_login(sue)
    assert decide not in client.get(page).content.decode()
    stored(approver, sue)
    assert f"{decide}?action=approve" in client.get(page).content.decode()


def test_many_are_looked_up_in_few_queries(sue, person, django_assert_max_num_queries):
    for number in range(12):
        stored(person(f"away{number}", "Approver"), sue)
    with django_assert_max_num_queries(3):
        assert len(substitutions.in_force(sue).pairs) == 12


# Entering one


def entered(substitution, by):
    return substituting.save(substitution, by=by)


def events():
    found = WorkflowEvent.objects.filter(verb="substitution_changed").order_by("pk")
    return [(event.actor.username, event.old, event.new) for event in found]


def test_entering_changing_and_removing_one_is_in_the_history(approver, sue, administrator):
    row = entered(standing_in(approver, sue, 1, 2), approver)
    first = f"Sue Substitute for Anna Approver, {row.starts} – {row.ends}, everything"
    row.ends += DAY
    row.workflow = Workflow.objects.get()
    entered(row, administrator)
    second = f"Sue Substitute for Anna Approver, {row.starts} – {row.ends}, Customers"
    substituting.remove(row, by=approver)
    assert events() == [
        ("approver", "", first),
        ("administrator", first, second),
        ("approver", second, ""),
    ]
    assert not Substitution.objects.exists()


def test_what_changes_nothing_is_not_in_the_history(approver, sue):
    row = entered(standing_in(approver, sue), approver)
    entered(row, approver)
    assert len(events()) == 1


def test_ending_one_ends_it_at_once_and_keeps_what_was(approver, sue, propose):
    proposal = propose("A")
    row = stored(approver, sue, -2, 2)
    substituting.end(row, by=approver)
    row.refresh_from_db()
    assert row.ends == timezone.localdate() - DAY
    assert not decide_as(sue, proposal, approver).done
    assert len(events()) == 1
    substituting.end(row, by=approver)
    assert len(events()) == 1


@pytest.mark.parametrize("how", ["end", "remove", "another", "workflow"])
def test_what_a_substitute_has_claimed_is_free_when_he_no_longer_stands_in(
    approver, sue, person, propose, workflow, how
):
    team = Group.objects.create(name="Credit team")
    team.user_set.add(approver)
    workflow.steps.get(position=1).users.clear()
    workflow.steps.get(position=1).groups.add(team)
    proposal = propose("A")
    row = stored(approver, sue, -2, 2)
    claims.claim(item_of(proposal, approver).pk, by=sue)
    if how == "another":
        row.substitute = person("ted", "Approver")
    if how == "workflow":
        row.workflow = Workflow.objects.create(
            content_type=workflow.workflow.content_type, name="Other"
        )
    act = {"end": substituting.end, "remove": substituting.remove}.get(how, substituting.save)
    act(row, by=approver)
    assert proposal.step_runs.get().claimed_by is None
    assert proposal.events.get(verb="released").comment == "The claim has lapsed."


@pytest.mark.parametrize("first", [0, 2])
def test_ending_one_that_was_never_in_force_on_earlier_days_removes_it(approver, sue, first):
    row = stored(approver, sue, first, 5)
    substituting.end(row, by=approver)
    assert not Substitution.objects.exists()
    assert len(events()) == 1


def test_everyone_enters_his_own_and_an_administrator_anybodys(
    approver, sue, clerk, auditor, administrator
):
    for by in (sue, clerk, auditor):
        with pytest.raises(PermissionDenied):
            entered(standing_in(approver, sue), by)
    with pytest.raises(PermissionDenied):  # a clerk has nothing to decide
        entered(standing_in(clerk, sue), clerk)
    row = entered(standing_in(approver, sue), administrator)
    for act in (substituting.end, substituting.remove):
        with pytest.raises(PermissionDenied):
            act(row, by=sue)
    row.person = sue
    with pytest.raises(PermissionDenied):
        entered(row, sue)


@pytest.mark.parametrize(
    ("field", "first", "last", "why"),
    [
        ("starts", -1, 2, "This day is past"),
        ("ends", -3, -1, "This day is past"),
        ("ends", 2, 1, "before the first day"),
    ],
)
def test_days_are_in_order_and_not_past(approver, sue, field, first, last, why):
    with pytest.raises(ValidationError) as refusal:
        entered(standing_in(approver, sue, first, last), approver)
    assert why in refusal.value.message_dict[field][0]
    assert not Substitution.objects.exists()


def test_a_running_one_is_prolonged_though_it_began_before(approver, sue):
    row = stored(approver, sue, -5, 1)
    row.ends += DAY
    assert entered(row, approver).ends == timezone.localdate() + 2 * DAY


def test_a_substitute_is_active_may_decide_and_is_somebody_else(approver, sue, auditor):
    sue.is_active = False
    sue.save()
    for substitute in (sue, auditor, approver):
        with pytest.raises(ValidationError) as refusal:
            entered(standing_in(approver, substitute), approver)
        assert "substitute" in refusal.value.message_dict


def test_one_stays_that_of_one_person(approver, sue, person, administrator):
    row = entered(standing_in(approver, sue), approver)
    row.person = person("other", "Approver")
    with pytest.raises(ValidationError, match="stays that of one person"):
        entered(row, administrator)


def test_others_on_the_same_days_are_told(approver, sue, second_approver, workflow):
    row = stored(approver, sue, 1, 5)
    same = [
        stored(approver, second_approver, first, last) for first, last in ((5, 9), (0, 1), (2, 3))
    ]
    stored(approver, second_approver, 6, 9)
    stored(sue, second_approver, 1, 5)
    assert set(substitutions.overlapping(row)) == set(same)


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


def test_who_has_a_vote_of_his_own_does_not_spend_it_on_another(
    workflow, approver, sue, person, propose
):
    workflow.steps.filter(position=1).update(policy="all")
    workflow.steps.get(position=1).users.set([approver, sue])
    proposal = propose("A")
    stored(approver, sue)
    refused = decide_as(sue, proposal, approver)
    assert not refused.done and "your own work item" in refused.message
    assert decide_as(sue, proposal, sue).done
    assert decide_as(approver, proposal, approver).done
    assert not proposal.work_items.filter(step_run__step__position=1, state="open").exists()
