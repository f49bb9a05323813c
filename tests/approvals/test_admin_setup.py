"""Setup and inquiry in Django admin: parameters, workflows, and what is for reading only."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import parameters, proposals, registry, workflows
from approvals.models import (
    ApprovalParameters,
    Behavior,
    Proposal,
    Verb,
    VersionState,
    Workflow,
    WorkflowEvent,
    WorkflowVersion,
)
from customers.models import Customer
from tests.customers.factories import customer

from .helpers import edit

PARAMETERS = "/admin/approvals/approvalparameters/1/change/"
FIELD = "customers.customer-{}".format
LABEL = "Proposed customer change workflow"


@pytest.fixture
def as_administrator(client, administrator):
    client.force_login(administrator)
    return client


@pytest.fixture
def as_auditor(client, auditor):
    auditor.is_staff = True
    auditor.save()
    client.force_login(auditor)
    return client


@pytest.fixture
def draft(administrator, as_administrator):
    """The draft of a workflow made on the page."""
    as_administrator.post("/admin/approvals/workflow/add/", {"name": "Credit", "position": "1"})
    return WorkflowVersion.objects.get()


def switches(client):
    """What a browser would send back if nobody touched the parameters page."""
    context = client.get(PARAMETERS).context
    data = {}
    for form in [context["parameters"], *context["enablements"]]:
        for bound in form:
            data[bound.html_initial_name] = str(bound.value())
            if bound.value() is not False:
                data[bound.html_name] = "on" if bound.value() is True else bound.value()
    return data


def texts(client, url="/admin/"):
    return [str(message) for message in client.get(url).context["messages"]]


def version_page(version, page="change"):
    return reverse(f"admin:approvals_workflowversion_{page}", args=[version.pk])


def steps_form(*steps, initial=0, notes=""):
    """The version page's form: a dict for each step."""
    data = {
        "notes": notes,
        "steps-TOTAL_FORMS": len(steps),
        "steps-INITIAL_FORMS": initial,
        "steps-MIN_NUM_FORMS": 0,
        "steps-MAX_NUM_FORMS": 1000,
    }
    for number, step in enumerate(steps):
        data |= {f"steps-{number}-{name}": value for name, value in step.items()}
        data.setdefault(f"steps-{number}-policy", "single")
    return data


# Parameters


def test_the_list_of_parameters_leads_to_the_one_page(as_administrator):
    response = as_administrator.get("/admin/approvals/approvalparameters/")
    assert response["Location"] == PARAMETERS


def test_every_field_of_the_customer_form_can_be_enabled(as_administrator):
    html = as_administrator.get(PARAMETERS).content.decode()
    for name in registry.get(Customer).fields:
        assert f'type="checkbox" name="{FIELD(name)}"' in html
    for behavior in Behavior:
        assert str(behavior.label) in html
        assert str(parameters.EXPLANATIONS[behavior]) in html


def test_switches_are_set_and_recorded(as_administrator, workflow):
    data = switches(as_administrator) | {"enabled": "1", "entity_behavior": "propose"}
    as_administrator.post(PARAMETERS, data | {FIELD("name"): "on", FIELD("iban"): "on"})
    row = ApprovalParameters.objects.get()
    assert (row.enabled, row.entity_behavior) == (True, Behavior.PROPOSE)
    assert parameters.enabled_fields(Customer) == {"name", "iban"}
    verbs = [Verb.PARAMETER_CHANGED, Verb.ENABLEMENT_CHANGED]
    assert WorkflowEvent.objects.filter(verb__in=verbs).count() == 4
    assert texts(as_administrator) == [
        "Enable customer approvals: No → Yes; "
        "Data entity behavior: Reject changes → Create change proposals; "
        "Enable Name: No → Yes; Enable IBAN: No → Yes"
    ]


def test_saving_an_untouched_page_switches_nothing(as_administrator, administrator):
    parameters.set_parameters(Customer, by=administrator, fields={"name": True})
    before = WorkflowEvent.objects.count()
    as_administrator.post(PARAMETERS, switches(as_administrator))
    assert WorkflowEvent.objects.count() == before
    assert texts(as_administrator) == ["You have switched nothing."]


def test_what_another_administrator_switched_meanwhile_stays_and_is_told(
    as_administrator, administrator, workflow
):
    data = switches(as_administrator)
    parameters.set_parameters(
        Customer, by=administrator, enabled=True, fields={"name": True, "city": True}
    )
    as_administrator.post(PARAMETERS, data | {FIELD("iban"): "on"})
    assert ApprovalParameters.objects.get().enabled
    assert parameters.enabled_fields(Customer) == {"name", "city", "iban"}
    assert texts(as_administrator) == [
        "Enable IBAN: No → Yes",
        "While you had this page open, somebody else has switched: "
        "Enable customer approvals, Name, City.",
    ]


def test_the_page_warns_while_approvals_are_on_without_an_active_workflow(
    as_administrator, administrator
):
    parameters.set_parameters(Customer, by=administrator, enabled=True, fields={"name": True})
    html = as_administrator.get(PARAMETERS).content.decode()
    assert "no workflow is active" in html
    assert "/admin/approvals/workflow/" in html


def test_an_auditor_sees_the_switches_and_cannot_set_them(as_auditor):
    html = as_auditor.get(PARAMETERS).content.decode()
    assert html.count("disabled") >= len(registry.get(Customer).fields)
    assert 'type="submit" value="Save"' not in html
    assert as_auditor.post(PARAMETERS, {"enabled": "1"}).status_code == 403


def test_a_clerk_does_not_see_the_parameters(client, clerk):
    clerk.is_staff = True
    clerk.save()
    client.force_login(clerk)
    assert client.get(PARAMETERS).status_code == 403


# Workflows


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
    form = steps_form(
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
    form = steps_form(
        {"id": first.pk, "name": "A", "order": "3"},
        {"id": second.pk, "name": "B", "order": "2", "DELETE": "on"},
        {"id": third.pk, "name": "C", "order": "1"},
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
    form = steps_form(
        {"id": first.pk, "name": "A", "order": "1"},
        {"id": second.pk, "name": "Bee", "order": "2"},
        initial=2,
    )
    as_administrator.post(version_page(draft), form)
    assert list(draft.steps.values_list("position", "name")) == [(1, "A"), (2, "Bee")]


def test_a_step_needs_a_name(as_administrator, draft):
    response = as_administrator.post(
        version_page(draft), steps_form({"name": "", "order": "1", "instructions": "Look."})
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
    form = steps_form({"id": step.pk, "name": "Whoever", "order": "1"}, initial=1, notes="Mine")
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
    html = as_administrator.get(url).content.decode()
    assert "Anna Approver" in html
    draft.refresh_from_db()
    assert draft.state == VersionState.DRAFT
    as_administrator.post(url)
    draft.refresh_from_db()
    assert draft.state == VersionState.ACTIVE


def test_activating_from_the_drafts_page_saves_what_was_typed_first(as_administrator, draft):
    assert 'name="_activate"' in as_administrator.get(version_page(draft)).content.decode()
    form = steps_form({"name": "Manager", "order": "1"}) | {"_activate": "Save and activate"}
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
    assert as_administrator.post(version_page(active, "delete"), {"post": "yes"}).status_code == 403
    workflows.retire(active, by=administrator)
    assert as_administrator.post(version_page(active, "delete"), {"post": "yes"}).status_code == 403
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


# Inquiry

READ_ONLY = ["proposal", "proposedchange", "workitem", "decision", "importjob", "workflowevent"]


@pytest.fixture
def decided(workflow, govern_fields, clerk, approver):
    """A proposal that was submitted and approved in its first step."""
    from approvals.changes import change_records
    from approvals.decisions import Vote, decide
    from approvals.models import Action, Proposal, WorkItem
    from approvals.outcomes import BROWSER, Change
    from approvals.proposals import submit
    from tests.customers.factories import customer

    govern_fields("name")
    customer("C-1", name="Old name")
    change_records(Customer, [Change("C-1", {"name": "New name"})], by=clerk, source=BROWSER)
    proposal = submit(Proposal.objects.get().pk, by=clerk)
    item = WorkItem.objects.get()
    decide([Vote(item.pk, proposal.revision)], Action.APPROVE, by=approver)
    return proposal


@pytest.mark.parametrize("model", READ_ONLY)
@pytest.mark.parametrize("role", ["administrator", "auditor", "superuser"])
def test_what_happened_is_for_reading_only(client, decided, request, model, role):
    user = request.getfixturevalue("admin_user" if role == "superuser" else role)
    user.is_staff = True
    user.save()
    client.force_login(user)
    listing = reverse(f"admin:approvals_{model}_changelist")
    response = client.get(listing, {"q": "C-1"})
    assert response.status_code == 200
    assert client.get(f"{listing}add/").status_code == 403
    for row in response.context["cl"].result_list:
        page = f"{listing}{row.pk}/change/"
        assert client.get(page).status_code == 200
        assert client.post(page, {}).status_code == 403
        assert client.post(f"{listing}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_history_shows_values_as_people_read_them(as_auditor, decided):
    html = as_auditor.get("/admin/approvals/workflowevent/").content.decode()
    assert "Enable Name" in html
    assert "Enable customer approvals" in html
    assert "Old name" in html


def test_a_proposal_is_found_by_its_account(as_auditor, decided):
    for words, count in (("C-1", 1), ("C-2", 0)):
        response = as_auditor.get("/admin/approvals/proposal/", {"q": words})
        assert response.context["cl"].result_count == count


def test_the_lists_take_a_constant_number_of_queries(
    as_auditor, decided, django_assert_max_num_queries, clerk
):
    from approvals.changes import change_records
    from approvals.outcomes import BROWSER, Change
    from tests.customers.factories import customer

    for number in range(2, 12):
        customer(f"C-{number}")
        change = Change(f"C-{number}", {"name": "New name"})
        change_records(Customer, [change], by=clerk, source=BROWSER)
    for model in READ_ONLY:
        with django_assert_max_num_queries(12):
            as_auditor.get(reverse(f"admin:approvals_{model}_changelist"))


@pytest.mark.parametrize("path", [PARAMETERS, "/admin/approvals/workflow/"])
def test_our_admin_pages_hold_no_inline_code(as_administrator, path):
    html = as_administrator.get(path).content.decode()
    assert "<style" not in html
    assert "style=" not in html
    assert "<script>" not in html
    assert " onclick" not in html


def test_the_page_of_a_proposal_costs_the_same_however_many_decide(
    client, clerk, person, auditor, workflow, govern_fields
):
    govern_fields("credit_limit")
    auditor.is_staff = True
    auditor.save()
    client.force_login(auditor)

    def queries(count):
        people = [person(f"approver{count}-{n}", "Approver") for n in range(count)]
        workflow.steps.get(position=1).users.set(people)
        key = customer(credit_limit="1").account
        edit(clerk, key, credit_limit="5")
        proposal = proposals.submit(Proposal.objects.get(record_key=key).pk, by=clerk)
        url = reverse("admin:approvals_proposal_change", args=[proposal.pk])
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    assert queries(1) == queries(8)
