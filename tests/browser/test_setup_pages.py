"""An administrator models a workflow's rules in Django admin, with and without scripts."""

import pytest

from approvals.models import ReportingLine, VersionState
from approvals.workflow import workflows
from tests.approvals.setup_pages import action_page, step_page, version_page
from tests.customers.factories import customer

from .steps import expect
from .test_every_page import faults

ROW = {"subject": "raised", "field": "credit_limit", "operator": "more_percent", "value": "20"}


@pytest.fixture
def draft(workflow, administrator):
    """The second version of an active workflow, with a step that has everything."""
    draft = workflows.new_draft(workflow.workflow, by=administrator)
    draft.conditions.create(**ROW)
    draft.automatic_actions.create(name="Small raises", decision="approve").conditions.create(**ROW)
    step = draft.steps.first()
    step.time_limit = 3
    step.save()
    step.conditions.create(**ROW)
    step.escalation_levels.create(position=1, kind="manager", time_limit=1)
    return draft


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The draft has been saved.")).to_be_visible()


def test_the_pages_of_setup_are_in_order(page_of, draft, administrator, clerk, approver):
    customer("S-1")
    line = ReportingLine.objects.create(person=clerk, manager=approver)
    parts = [version_page(draft), step_page(draft.steps.first())]
    parts += [action_page(draft.automatic_actions.get())]
    pages = [*parts, *(f"{page.replace('change', 'test')}?record=S-1" for page in parts)]
    pages += [f"/admin/approvals/workflowversion/{draft.pk}/activate/"]
    pages += [f"/admin/approvals/reportingline/{line.pk}/change/"]
    assert faults(page_of(administrator), pages) == []


def test_only_what_fits_together_is_offered(page_of, draft, administrator):
    page = page_of(administrator)
    page.goto(version_page(draft))
    page.get_by_role("button", name="Add another Row").click()
    row = page.locator("#conditions-2")
    row.get_by_label("What").select_option("Originator")
    expect(row.get_by_label("Person")).to_be_attached()
    for label in ("Field", "Value", "Group"):
        expect(row.get_by_label(label, exact=False).first).to_be_hidden()
    row.get_by_label("What").select_option("Raised by")
    row.get_by_label("Field").select_option("Credit limit")
    expect(row.get_by_label("Comparison").locator("option:not([hidden])")).to_have_text(
        ["more than", "at least", "at most", "more than … %", "at least … %", "at most … %"]
    )
    row.get_by_label("Comparison").select_option("at least")
    row.get_by_label("Value").fill("1,000")
    save(page)
    expect(page.get_by_text("Credit limit raised by at least 1,000").first).to_be_visible()


def test_a_version_with_conditions_managers_and_escalation_is_activated(
    page_of, draft, administrator, approver
):
    page = page_of(administrator)
    page.goto(version_page(draft))
    page.get_by_role("link", name="Edit Credit manager").click()
    page.get_by_label("The originator's managers").check()
    expect(page.get_by_label("Users:")).to_be_hidden()
    page.get_by_label("Percentage of approvers").check()
    save(page)
    expect(page.get_by_text("say which percentage of the approvers must approve")).to_be_visible()
    page.get_by_label("Percentage:").fill("50")
    page.get_by_label("Reminder after:").fill("1")
    save(page)
    page.get_by_role("link", name="To version 2").click()
    expect(page.get_by_text("3 working days, reminder after 1 working day")).to_be_visible()
    page.get_by_role("button", name="Save and activate").click()
    expect(page.get_by_text("nobody has a manager yet")).to_be_visible()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Version 2 is active.")).to_be_visible()
    draft.refresh_from_db()
    assert draft.state == VersionState.ACTIVE


def test_a_condition_and_a_level_are_added_without_scripts(page_of, draft, administrator):
    page = page_of(administrator, java_script_enabled=False)
    step = draft.steps.first()
    page.goto(step_page(step))
    page.locator("#id_conditions-1-subject").select_option("Origin")
    page.locator("#id_conditions-1-operator").select_option("is")
    page.locator("#id_conditions-1-value").fill("import")
    page.locator("#id_escalation_levels-1-time_limit").fill("2")
    save(page)
    expect(page.get_by_text("Origin is Import").first).to_be_visible()
    assert (step.conditions.count(), step.escalation_levels.count()) == (2, 2)


def test_the_later_of_two_administrators_is_told(page_of, draft, administrator, person):
    first = page_of(administrator)
    second = page_of(person("eve", "Administrator", is_staff=True, first_name="Eve"))
    for page in (first, second):
        page.goto(version_page(draft))
    second.get_by_label("Notes").fill("Eve's reason")
    save(second)
    first.get_by_label("Notes").fill("My reason")
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.get_by_text("Somebody else has changed this draft")).to_be_visible()
    expect(first.get_by_text("Eve: version 2, notes added: Eve's reason")).to_be_visible()
    expect(first.get_by_label("Notes")).to_have_value("My reason")
