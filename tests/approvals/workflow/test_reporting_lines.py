"""Who reports to whom: no circles, and every change in the history."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from approvals import history
from approvals.models import Origin, ReportingLine, Verb, WorkflowEvent
from approvals.workflow import reporting_lines

pytestmark = pytest.mark.django_db


def report(person, manager):
    ReportingLine.objects.create(person=person, manager=manager)


def noted():
    events = WorkflowEvent.objects.filter(verb=Verb.MANAGER_CHANGED).order_by("id")
    return [(event.comment, event.old, event.new) for event in events]


def test_nobody_is_his_own_manager(clerk):
    assert reporting_lines.circle(clerk, clerk) == "Nobody is his own manager."


def test_a_circle_is_named_with_everyone_in_it(clerk, approver, second_approver):
    report(approver, second_approver)
    report(second_approver, clerk)
    assert reporting_lines.circle(clerk, approver) == (
        "That would be a circle, since Anna Approver reports to Clara Clerk: "
        "Anna Approver → Ben Approver → Clara Clerk."
    )


def test_a_line_is_no_circle(clerk, approver, second_approver):
    report(approver, second_approver)
    assert reporting_lines.circle(clerk, approver) == ""
    assert reporting_lines.circle(second_approver, clerk) == ""


def test_a_circle_that_exists_already_ends_the_search(clerk, approver, second_approver):
    report(approver, second_approver)
    report(second_approver, approver)
    assert reporting_lines.circle(clerk, approver) == ""


def test_each_change_is_noted_with_the_old_and_the_new_manager(clerk, approver, second_approver):
    for manager in (approver, second_approver):
        ReportingLine.objects.update_or_create(person=clerk, defaults={"manager": manager})
    ReportingLine.objects.all().delete()
    assert noted() == [
        ("Manager of Clara Clerk: nobody → Anna Approver", None, "approver"),
        ("Manager of Clara Clerk: Anna Approver → Ben Approver", "approver", "second_approver"),
        ("Manager of Clara Clerk: Ben Approver → nobody", "second_approver", None),
    ]


def test_nothing_is_noted_where_nothing_changed(clerk, approver):
    report(clerk, approver)
    noted_before = noted()
    ReportingLine.objects.get().save()
    assert noted() == noted_before


def test_a_line_that_becomes_anothers_is_two_changes(clerk, approver, second_approver):
    report(clerk, approver)
    line = ReportingLine.objects.get()
    line.person = second_approver
    line.save()
    assert noted()[1:] == [
        ("Manager of Clara Clerk: Anna Approver → nobody", "approver", None),
        ("Manager of Ben Approver: nobody → Anna Approver", None, "approver"),
    ]


GOING = {
    "the person": lambda leaver: leaver.delete(),
    "several": lambda leaver: User.objects.filter(pk=leaver.pk).delete(),
}


@pytest.mark.parametrize("go", GOING.values(), ids=GOING)
def test_a_line_that_goes_with_its_person_is_noted(go, person, clerk, approver):
    leaver = person("leaver", "Clerk", first_name="Lea", last_name="Leaver")
    report(leaver, approver)
    report(clerk, approver)
    go(leaver)
    assert ReportingLine.objects.get().person == clerk
    assert noted()[2:] == [("Manager of Lea Leaver: Anna Approver → nobody", "approver", None)]


@pytest.mark.parametrize("many", [False, True])
def test_who_removes_the_person_in_admin_is_named(client, person, approver, many):
    leaver = person("leaver", "Clerk")
    report(leaver, approver)
    client.force_login(person("root", is_superuser=True, is_staff=True))
    url, form = reverse("admin:auth_user_delete", args=[leaver.pk]), {"post": "yes"}
    if many:
        url = reverse("admin:auth_user_changelist")
        form |= {"action": "delete_selected", "_selected_action": [leaver.pk]}
    client.post(url, form)
    removed = WorkflowEvent.objects.filter(verb=Verb.MANAGER_CHANGED).last()
    assert (removed.old, removed.new) == ("approver", None)
    assert (removed.actor.username, removed.origin) == ("root", Origin.ADMIN)


def test_in_bulk_none_is_changed(clerk, approver, second_approver):
    report(clerk, approver)
    lines, line = ReportingLine.objects, ReportingLine.objects.get()
    line.manager = second_approver
    for change in (
        lambda: lines.update(manager=second_approver),
        lambda: lines.bulk_update([line], ["manager"]),
        lambda: lines.bulk_create([ReportingLine(person=approver, manager=second_approver)]),
    ):
        with pytest.raises(TypeError, match="one by one"):
            change()
    assert lines.get().manager == approver


@pytest.mark.django_db(transaction=True)
def test_a_line_is_stored_with_its_entry_or_not_at_all(clerk, approver, monkeypatch):
    def fail(events):
        raise RuntimeError("the history cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(history, "record", fail)
        with pytest.raises(RuntimeError):
            report(clerk, approver)
    assert not ReportingLine.objects.exists()
