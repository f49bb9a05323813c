"""Who reports to whom: no circles, and every change in the history."""

import pytest

from approvals.models import ReportingLine, Verb, WorkflowEvent
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


def test_each_change_is_noted_with_the_old_and_the_new_manager(
    clerk, approver, second_approver, administrator
):
    for manager in (approver, second_approver):
        with reporting_lines.noting(by=administrator):
            ReportingLine.objects.update_or_create(person=clerk, defaults={"manager": manager})
    with reporting_lines.noting(by=administrator):
        ReportingLine.objects.all().delete()
    assert noted() == [
        ("Manager of Clara Clerk: nobody → Anna Approver", None, "approver"),
        ("Manager of Clara Clerk: Anna Approver → Ben Approver", "approver", "second_approver"),
        ("Manager of Clara Clerk: Ben Approver → nobody", "second_approver", None),
    ]


def test_nothing_is_noted_where_nothing_changed(clerk, approver, administrator):
    report(clerk, approver)
    with reporting_lines.noting(by=administrator):
        pass
    assert noted() == []
