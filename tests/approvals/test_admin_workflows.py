"""Workflows and their versions in Django admin: New, Edit, Activate, Retire, and who may."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from approvals.models import Verb, VersionState, Workflow, WorkflowEvent, WorkflowVersion
from approvals.workflow import workflows

from .setup_pages import texts, version_form, version_page

LABEL = "Proposed customer change workflow"
PARAMETERS = "/admin/approvals/approvalparameters/1/change/"


def test_new_names_the_workflow_type(as_administrator):
    html = as_administrator.get("/admin/approvals/workflow/").content.decode()
    assert LABEL in html
    html = as_administrator.get(
        "/admin/approvals/workflow/add/?type=customers.customer"
    ).content.decode()
    assert f"New &gt; {LABEL}" in html


def test_a_new_workflow_opens_its_first_draft(as_administrator):
    response = as_administrator.post(
        "/admin/approvals/workflow/add/?type=customers.customer", {"name": "C", "position": "1"}
    )
    version = Workflow.objects.get(name="C").versions.get()
    assert (version.number, version.state) == (1, VersionState.DRAFT)
    assert response["Location"] == version_page(version)
    html = as_administrator.get(version_page(version)).content.decode()
    assert "Workflow approval for proposed customer change" in html
    assert "There is no step." in html


def test_steps_are_saved_in_the_order_given_and_noted_once(as_administrator, draft, approver):
    form = version_form(
        draft,
        {"name": "Director", "order": "2", "users": [approver.pk], "policy": "all"},
        {"name": "Manager", "order": "1", "users": [approver.pk]},
    )
    before = WorkflowEvent.objects.count()
    as_administrator.post(version_page(draft), form)
    assert list(draft.steps.values_list("position", "name", "policy")) == [
        (1, "Manager", "single"),
        (2, "Director", "all"),
    ]
    event = WorkflowEvent.objects.order_by("id").last()
    assert WorkflowEvent.objects.count() == before + 1
    assert (event.verb, "Manager" in event.comment) == (Verb.WORKFLOW_CHANGED, True)


def test_steps_can_change_places_and_be_removed(as_administrator, draft):
    first, second, third = (
        draft.steps.create(position=position, name=name)
        for position, name in enumerate(("A", "B", "C"), start=1)
    )
    form = version_form(
        draft,
        {"id": first.pk, "order": "3"},
        {"id": second.pk, "order": "2", "DELETE": "on"},
        {"id": third.pk, "order": "1"},
        {"name": "D", "order": ""},
        initial=3,
    )
    as_administrator.post(version_page(draft), form)
    assert list(draft.steps.values_list("position", "name")) == [(1, "C"), (2, "A"), (3, "D")]


def test_a_step_that_nobody_touched_keeps_its_place(as_administrator, draft):
    first, second = (
        draft.steps.create(position=position, name=name)
        for position, name in enumerate(("A", "B"), start=1)
    )
    form = version_form(
        draft,
        {"id": first.pk, "order": "1"},
        {"id": second.pk, "order": "2"},
        initial=2,
    )
    as_administrator.post(version_page(draft), form)
    assert list(draft.steps.values_list("position", "name")) == [(1, "A"), (2, "B")]


def test_a_step_needs_a_name(as_administrator, draft):
    response = as_administrator.post(
        version_page(draft),
        version_form(draft, {"name": "", "order": "1", "instructions": "Look."}),
    )
    assert response.status_code == 200
    assert not draft.steps.exists()


@pytest.fixture
def active(workflow, as_administrator):
    """An active version with two steps."""
    return workflow


def test_an_active_version_is_read_only(as_administrator, active):
    html = as_administrator.get(version_page(active)).content.decode()
    assert 'name="_save"' not in html
    step = active.steps.first()
    form = version_form(active, {"id": step.pk, "order": "1"}, initial=1, notes="Mine")
    assert as_administrator.post(version_page(active), form).status_code == 302
    assert texts(as_administrator) == [
        "A version that has been activated never changes. Make a new draft instead."
    ]
    step.refresh_from_db()
    active.refresh_from_db()
    assert (step.name, active.notes) == ("Credit manager", "")
    assert list(step.users.values_list("username", flat=True)) == ["approver"]


def test_a_draft_is_activated_after_a_confirmation(as_administrator, draft, approver):
    draft.steps.create(position=1, name="Manager").users.set([approver])
    url = reverse("admin:approvals_version_activate", args=[draft.pk])
    page = as_administrator.get(url)
    assert "Anna Approver" in page.content.decode()
    draft.refresh_from_db()
    assert draft.state == VersionState.DRAFT
    as_administrator.post(url, {"seen": page.context["seen"]})
    draft.refresh_from_db()
    assert draft.state == VersionState.ACTIVE


def test_what_changed_since_the_confirmation_was_shown_is_not_activated(
    as_administrator, draft, approver
):
    draft.steps.create(position=1, name="Manager").users.set([approver])
    url = reverse("admin:approvals_version_activate", args=[draft.pk])
    seen = as_administrator.get(url).context["seen"]
    draft.steps.update(name="Anybody")
    for data in ({"seen": seen}, {}):
        as_administrator.post(url, data)
        assert texts(as_administrator) == [
            "The draft has changed since you were asked. Look at it again."
        ]
    draft.refresh_from_db()
    assert draft.state == VersionState.DRAFT


def test_activating_from_the_drafts_page_saves_what_was_typed_first(as_administrator, draft):
    assert 'name="_activate"' in as_administrator.get(version_page(draft)).content.decode()
    form = version_form(draft, {"name": "Manager", "order": "1"}) | {
        "_activate": "Save and activate"
    }
    response = as_administrator.post(version_page(draft), form)
    assert response.url == reverse("admin:approvals_version_activate", args=[draft.pk])
    assert draft.steps.get().name == "Manager"


def test_what_keeps_a_draft_from_being_activated_is_told(as_administrator, draft):
    url = reverse("admin:approvals_version_activate", args=[draft.pk])
    assert 'value="Activate"' not in as_administrator.get(url).content.decode()
    as_administrator.post(url)
    assert texts(as_administrator) == ["There is no step. Add one and say who decides it."]
    draft.refresh_from_db()
    assert draft.state == VersionState.DRAFT


def test_retiring_the_active_version_warns_while_approvals_are_on(
    as_administrator, active, govern_fields
):
    govern_fields("name")
    as_administrator.post(reverse("admin:approvals_version_retire", args=[active.pk]))
    active.refresh_from_db()
    assert active.state == VersionState.RETIRED
    told = texts(as_administrator)
    assert (told[0], "no workflow is active" in told[1]) == ("Version 1 is retired.", True)


def test_edit_makes_the_next_draft_and_opens_it(as_administrator, active):
    url = reverse("admin:approvals_workflow_edit", args=[active.workflow_id])
    assert as_administrator.get(url).status_code == 405
    response = as_administrator.post(url)
    made = WorkflowVersion.objects.get(number=2)
    assert response["Location"] == version_page(made)
    assert made.steps.count() == 2
    assert as_administrator.post(url)["Location"] == version_page(made)


def test_changing_a_workflow_is_noted(as_administrator, active):
    url = reverse("admin:approvals_workflow_change", args=[active.workflow_id])
    as_administrator.post(url, {"name": "Customers", "position": "3", "description": ""})
    event = WorkflowEvent.objects.filter(verb=Verb.WORKFLOW_CHANGED).last()
    assert event.comment == "Customers\norder: 1 → 3"


def test_a_draft_can_be_deleted_and_that_is_noted(as_administrator, draft):
    draft.steps.create(position=1, name="Manager")
    as_administrator.post(version_page(draft, "delete"), {"post": "yes"})
    assert not WorkflowVersion.objects.exists()
    event = WorkflowEvent.objects.filter(verb=Verb.WORKFLOW_CHANGED).last()
    assert "version 1 removed: Draft" in event.comment


def test_a_version_that_was_ever_active_is_never_deleted(as_administrator, active, administrator):
    refused = as_administrator.post(version_page(active, "delete"), {"post": "yes"}, follow=True)
    assert "A version that has been activated never changes." in refused.content.decode()
    workflows.retire(active, by=administrator)
    refused = as_administrator.post(version_page(active, "delete"), {"post": "yes"}, follow=True)
    assert "A version that has been activated never changes." in refused.content.decode()
    workflow_url = reverse("admin:approvals_workflow_delete", args=[active.workflow_id])
    assert as_administrator.post(workflow_url, {"post": "yes"}).status_code == 403
    assert WorkflowVersion.objects.count() == 1


def test_an_auditor_reads_workflows_and_changes_nothing(workflow, as_auditor):
    urls = [
        "/admin/approvals/workflow/",
        reverse("admin:approvals_workflow_change", args=[workflow.workflow_id]),
        version_page(workflow),
    ]
    for url in urls:
        assert as_auditor.get(url).status_code == 200
    posts = [
        (reverse("admin:approvals_workflow_edit", args=[workflow.workflow_id]), {}),
        (reverse("admin:approvals_version_activate", args=[workflow.pk]), {}),
        (reverse("admin:approvals_version_retire", args=[workflow.pk]), {}),
        ("/admin/approvals/workflow/add/", {"name": "C", "position": "1"}),
        (urls[1], {"name": "Mine", "position": "1"}),
    ]
    for url, data in posts:
        assert as_auditor.post(url, data).status_code == 403
    workflow.refresh_from_db()
    assert workflow.state == VersionState.ACTIVE
    assert Workflow.objects.count() == 1


def test_who_may_not_administer_workflows_is_not_offered_to(client, person, workflow):
    user = person("half", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__contains="workflow"))
    user.user_permissions.remove(Permission.objects.get(codename="administer_workflow"))
    client.force_login(user)
    assert client.get("/admin/approvals/workflow/add/").status_code == 403
    html = client.get(reverse("admin:approvals_workflow_change", args=[workflow.workflow_id]))
    assert 'name="_save"' not in html.content.decode()


@pytest.mark.parametrize("path", [PARAMETERS, "/admin/approvals/workflow/"])
def test_our_admin_pages_hold_no_inline_code(as_administrator, path):
    html = as_administrator.get(path).content.decode()
    assert "<style" not in html
    assert "style=" not in html
    assert "<script>" not in html
    assert " onclick" not in html
