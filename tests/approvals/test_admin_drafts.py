"""The pages of a draft: its condition, automatic actions, steps; and two administrators at once."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from approvals.models import Verb, Workflow, WorkflowEvent
from approvals.workflow import workflows
from tests.unguarded import unguarded

from .setup_pages import action_page, rows, step_form, step_page, texts, version_form, version_page

IBAN = {"subject": "change", "field": "iban", "operator": "present"}
RAISED = {"subject": "raised", "field": "credit_limit", "operator": "more_percent", "value": "20"}


@pytest.fixture
def step(draft, approver):
    """The one step of a draft."""
    step = draft.steps.create(position=1, name="Manager")
    step.users.set([approver])
    return step


def errors_of(response, formset):
    [found] = [
        inline.formset
        for inline in response.context["inline_admin_formsets"]
        if inline.formset.prefix == formset
    ]
    return found.errors


def noted():
    return WorkflowEvent.objects.filter(verb=Verb.WORKFLOW_CHANGED).latest("id").comment


# Conditions


def test_rows_of_an_activation_condition_are_saved_and_shown_in_words(as_administrator, draft):
    form = version_form(draft, match="any") | rows("conditions", IBAN, RAISED)
    as_administrator.post(version_page(draft), form)
    draft.refresh_from_db()
    assert (draft.match, draft.conditions.count()) == ("any", 2)
    text = "Any of: IBAN is among the changes; Credit limit raised by more than 20 %"
    assert text in as_administrator.get(version_page(draft)).content.decode()
    assert f"activation condition added: {text}" in noted()


@pytest.mark.parametrize(
    "row, column",
    [
        ({**RAISED, "field": ""}, "field"),
        ({**RAISED, "field": "name"}, "operator"),
        ({**RAISED, "value": ""}, "value"),
        ({**RAISED, "operator": "contains"}, "operator"),
        ({"subject": "record", "field": "country", "operator": "is", "value": "XX"}, "value"),
        ({"subject": "originator", "operator": "is"}, "person"),
        ({"subject": "originator_group", "operator": "is"}, "group"),
        ({**IBAN, "field": "no_such_field"}, "field"),
        ({**IBAN, "subject": "whatever"}, "subject"),
    ],
)
def test_what_is_wrong_with_a_row_stands_beside_its_column(as_administrator, draft, row, column):
    response = as_administrator.post(
        version_page(draft), version_form(draft) | rows("conditions", row)
    )
    assert response.status_code == 200
    assert list(errors_of(response, "conditions")[0]) == [column]
    assert not draft.conditions.exists()


def test_a_number_may_be_grouped_as_people_write_it(as_administrator, draft):
    row = {"subject": "new", "field": "credit_limit", "operator": "more", "value": " 25,000.50 "}
    as_administrator.post(version_page(draft), version_form(draft) | rows("conditions", row))
    assert draft.conditions.get().value == "25000.50"


def test_a_list_of_values_keeps_its_commas(as_administrator, draft):
    row = {"subject": "record", "field": "country", "operator": "one_of", "value": "NL, BE"}
    as_administrator.post(version_page(draft), version_form(draft) | rows("conditions", row))
    assert draft.conditions.get().value == "NL, BE"


def test_an_untouched_empty_row_is_no_row(as_administrator, draft):
    blank = {"subject": "change", "field": "", "operator": "present", "value": ""}
    as_administrator.post(version_page(draft), version_form(draft) | rows("conditions", blank))
    assert not draft.conditions.exists()


def test_a_row_is_removed(as_administrator, draft):
    row = draft.conditions.create(**IBAN)
    form = rows("conditions", {"id": row.pk, **IBAN, "DELETE": "on"}, initial=1)
    as_administrator.post(version_page(draft), version_form(draft) | form)
    assert not draft.conditions.exists()


# Steps


def test_a_step_is_shown_in_words_on_the_versions_page(as_administrator, draft, step):
    html = as_administrator.get(version_page(draft)).content.decode()
    assert step_page(step) in html
    assert "Single approver: the first decision decides" in html


def test_everything_of_a_step_is_saved_on_its_own_page(as_administrator, step, approver):
    board = Group.objects.create(name="Board")
    level = {"kind": "group", "group": board.pk, "time_limit": 2, "order": 2}
    other = {"kind": "user", "user": approver.pk, "time_limit": 3, "order": 1}
    form = step_form(
        step,
        name="Managers",
        assignment="managers",
        manager_start=2,
        manager_levels=1,
        manager_stop_group=board.pk,
        manager_take="last",
        policy="percentage",
        percentage=60,
        time_limit=5,
        time_unit="hours",
        remind_after=2,
        final_action="reject",
    )
    form |= rows("conditions", IBAN) | rows("escalation_levels", level, other)
    as_administrator.post(step_page(step), form)
    assert texts(as_administrator)[-1] == "The draft has been saved."
    step.refresh_from_db()
    assert (step.name, step.manager_start, step.percentage) == ("Managers", 2, 60)
    assert (step.time_limit, step.time_unit, step.final_action) == (5, "hours", "reject")
    levels = step.escalation_levels.values_list("position", "kind", "time_limit")
    assert list(levels) == [(1, "user", 3), (2, "group", 2)]
    assert step.conditions.get().field == "iban"
    assert "Managers" in noted()


def test_levels_can_change_places_and_be_removed(as_administrator, step):
    levels = [
        step.escalation_levels.create(position=position, kind="manager", time_limit=position)
        for position in (1, 2, 3)
    ]
    forms = [
        {"id": level.pk, "kind": "manager", "time_limit": level.time_limit, "order": order}
        for level, order in zip(levels, (3, 2, 1), strict=True)
    ]
    forms[1]["DELETE"] = "on"
    form = step_form(step, time_limit=9) | rows("escalation_levels", *forms, initial=3)
    as_administrator.post(step_page(step), form)
    found = step.escalation_levels.values_list("position", "time_limit")
    assert list(found) == [(1, 3), (2, 1)]


@pytest.mark.parametrize(
    "values",
    [
        {"percentage": 0},
        {"percentage": 101},
        {"time_limit": 0},
        {"time_limit": "x"},
        {"time_limit": 99999},
        {"manager_start": 0},
        {"name": ""},
        {"policy": "whoever"},
        {"final_action": "approve"},
        {"users": ["x"]},
        {"users": ["9" * 40]},
    ],
)
def test_values_out_of_range_are_refused_beside_their_field(as_administrator, step, values):
    response = as_administrator.post(step_page(step), step_form(step, **values))
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == list(values)


def test_what_is_missing_is_told_on_the_page_of_the_step_and_of_the_version(
    as_administrator, draft, step
):
    as_administrator.post(step_page(step), step_form(step, remind_after=3))
    text = "Step 1 “Manager”: it has a reminder but no time limit."
    assert text in as_administrator.get(step_page(step)).content.decode()
    html = as_administrator.get(version_page(draft)).content.decode()
    assert f'<a href="{step_page(step)}">{text}</a>' in html


def test_deleting_a_step_on_a_page_of_its_own_is_noted(as_administrator, draft, step):
    url = step_page(step).replace("change", "delete")
    assert as_administrator.post(url, {"post": "yes"}).url == version_page(draft)
    assert not draft.steps.exists()
    assert "version 1, step 1 removed: Manager" in noted()


# Automatic actions


def test_an_automatic_action_is_made_and_then_gets_its_condition(as_administrator, draft, step):
    new = {"name": "Small", "decision": "approve"}
    as_administrator.post(
        version_page(draft),
        version_form(draft, {"id": step.pk, "order": 1}, initial=1)
        | rows("automatic_actions", new),
    )
    action = draft.automatic_actions.get()
    page = as_administrator.get(version_page(draft)).content.decode()
    assert f'<a href="{action_page(action)}">Automatic action 1 “Small”: it has no' in page
    form = {**new, "match": "all", "seen": workflows.mark(draft)} | rows("conditions", RAISED)
    as_administrator.post(action_page(action), form)
    assert action.conditions.get().value == "20"
    assert workflows.problems(draft) == []


# Only drafts


def test_pages_of_an_activated_version_lead_to_it_in_words(as_administrator, workflow):
    step = workflow.steps.first()
    with unguarded():
        action = workflow.automatic_actions.create(name="Small")
    for url, part in ((step_page(step), step), (action_page(action), action)):
        assert as_administrator.get(url).url == version_page(workflow)
        assert as_administrator.post(url, {"name": "Whoever"}).url == version_page(workflow)
        part.refresh_from_db()
        assert part.name != "Whoever"
        delete = url.replace("change", "delete")
        assert as_administrator.post(delete, {"post": 1}).url == version_page(workflow)
        part.refresh_from_db()


def test_an_activated_version_reads_as_text(as_administrator, workflow):
    html = as_administrator.get(version_page(workflow)).content.decode()
    assert '<input type="text"' not in html.split('id="content-main"')[1]
    assert "Can decide now: Anna Approver" in html


def test_an_auditor_reads_a_draft_in_words_and_changes_nothing(client, draft, step, auditor):
    auditor.is_staff = True
    auditor.save()
    client.force_login(auditor)
    html = client.get(version_page(draft)).content.decode()
    assert ("Can decide now: Anna Approver" in html, 'name="_save"' in html) == (True, False)
    assert client.get(step_page(step)).url == version_page(draft)
    for url, form in (
        (version_page(draft), version_form(draft)),
        (step_page(step), step_form(step)),
    ):
        assert client.post(url, form).status_code == 403


def test_what_does_not_exist_is_not_found(as_administrator, draft):
    for name in ("workflowversion", "workflowstep", "automaticaction"):
        assert as_administrator.get(f"/admin/approvals/{name}/999/change/").status_code == 404
        assert as_administrator.get(f"/admin/approvals/{name}/999/test/").status_code == 404
        listing = as_administrator.get(f"/admin/approvals/{name}/")
        assert listing.url == "/admin/approvals/workflow/"
        assert as_administrator.get(f"/admin/approvals/{name}/add/").status_code == 403


# Two administrators at once


def test_who_saves_over_anothers_change_is_told_and_keeps_what_he_typed(
    as_administrator, draft, step, person
):
    eve = person("eve", "Administrator", first_name="Eve", last_name="Admin")
    form = step_form(step, instructions="Look twice.")
    with workflows.editing(draft, by=eve):
        draft.steps.update(time_limit=3)
    response = as_administrator.post(step_page(step), form)
    told = response.context["adminform"].form.non_field_errors()
    assert "Somebody else has changed this draft" in told[0]
    assert told[1:] == ["Eve Admin: version 1, step 1, time limit added: 3 working days"] or (
        "time limit added: 3 working days" in told[1]
    )
    assert "Look twice." in response.content.decode()
    step.refresh_from_db()
    assert (step.instructions, step.time_limit) == ("", 3)
    again = response.context["adminform"].form["seen"].value()
    as_administrator.post(step_page(step), form | {"seen": again, "time_limit": 3})
    step.refresh_from_db()
    assert (step.instructions, step.time_limit) == ("Look twice.", 3)


def test_a_form_that_does_not_say_what_it_saw_is_refused(as_administrator, draft):
    for seen in ("", "x", "x y", "x 9" + "9" * 30):
        form = version_form(draft, {"name": "Mine"}, seen=seen)
        response = as_administrator.post(version_page(draft), form)
        assert response.status_code == 200
        assert "Somebody else has changed this draft" in response.content.decode()
    assert not draft.steps.exists()


def test_a_row_that_somebody_else_removed_is_kept_on_the_page(as_administrator, draft, step):
    row = step.conditions.create(**IBAN)
    stored = {"id": row.pk, **IBAN, "field": "swift"}
    form = step_form(step) | rows("conditions", stored, RAISED, initial=1)
    row.delete()
    response = as_administrator.post(step_page(step), form)
    html = response.content.decode()
    assert response.status_code == 200
    assert "This row has been removed by somebody else." in html
    assert 'value="20"' in html
    seen = response.context["adminform"].form["seen"].value()
    form |= {"seen": seen, "conditions-0-DELETE": "on"}
    assert as_administrator.post(step_page(step), form).status_code == 302
    assert step.conditions.get().field == "credit_limit"


# The default workflow


def test_the_default_is_taken_from_the_former_one(as_administrator, draft):
    form = {"name": "Other", "position": "2", "is_default": "on"}
    for name in ("First", "Second"):
        as_administrator.post("/admin/approvals/workflow/add/", form | {"name": name})
    defaults = Workflow.objects.filter(is_default=True)
    assert [workflow.name for workflow in defaults] == ["Second"]
    assert "“First” is no longer the default workflow." in texts(as_administrator)
    html = as_administrator.get("/admin/approvals/workflow/").content.decode()
    assert html.count('class="field-default">Default<') == 1


def test_a_workflow_with_a_condition_is_refused_as_the_default(as_administrator, workflow):
    with unguarded():
        workflow.conditions.create(**IBAN)
    url = reverse("admin:approvals_workflow_change", args=[workflow.workflow_id])
    form = {"name": "Customers", "position": "1", "is_default": "on"}
    response = as_administrator.post(url, form)
    assert "has an activation condition" in response.content.decode()
    html = as_administrator.get("/admin/approvals/workflow/").content.decode()
    assert "IBAN is among the changes" in html


def test_the_pages_take_as_many_queries_for_many_steps(
    as_administrator, draft, approver, django_assert_max_num_queries
):
    def add(number):
        step = draft.steps.create(position=number, name=str(number), time_limit=5)
        step.users.add(approver)
        step.conditions.create(**IBAN)
        step.escalation_levels.create(position=1, kind="user", user=approver, time_limit=1)
        draft.automatic_actions.create(name=str(number)).conditions.create(**IBAN)

    def queries():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            as_administrator.get(version_page(draft))
        return len(captured)

    add(1), add(2)
    queries()  # which tells what was left to tell
    few = queries()
    for number in range(3, 10):
        add(number)
    assert queries() == few
