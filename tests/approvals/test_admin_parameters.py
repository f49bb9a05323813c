"""The page of parameters and enabled fields in Django admin."""

from approvals import parameters, registry
from approvals.models import ApprovalParameters, Behavior, Verb, WorkflowEvent
from customers.models import Customer

from .setup_pages import texts

PARAMETERS = "/admin/approvals/approvalparameters/1/change/"
FIELD = "customers.customer-{}".format


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


def test_new_customers_and_the_calendar_are_set_on_the_page(as_administrator):
    page = as_administrator.get(PARAMETERS).content.decode()
    assert "New customers need approval" in page
    assert '<option value="NL">Netherlands (NL)</option>' in page
    data = switches(as_administrator) | {"approve_new_records": "1", "calendar_country": "DE"}
    as_administrator.post(PARAMETERS, data | {"calendar_region": "by"})
    row = ApprovalParameters.objects.get()
    assert (row.approve_new_records, row.calendar_country, row.calendar_region) == (
        True,
        "DE",
        "BY",
    )
    assert texts(as_administrator) == [
        "New customers need approval: No → Yes; Calendar of working days: (empty) → DE; "
        "Region of the calendar: (empty) → BY"
    ]
    as_administrator.post(PARAMETERS, switches(as_administrator) | {"calendar_region": ""})
    assert ApprovalParameters.objects.get().calendar_region == ""


def test_a_region_that_the_country_does_not_have_is_refused_with_those_it_has(
    as_administrator, administrator
):
    data = switches(as_administrator) | {"calendar_country": "DE", "calendar_region": "ZZ"}
    page = as_administrator.post(PARAMETERS, data).content.decode()
    assert "The country has no region “ZZ”. It has: BB, BE," in page
    assert ApprovalParameters.objects.get().calendar_country == ""
    parameters.set_parameters(
        Customer, by=administrator, calendar_country="DE", calendar_region="BY"
    )
    # Another country alone would leave the region of the old one.
    data = switches(as_administrator) | {"calendar_country": "FR"}
    assert "no region “BY”" in as_administrator.post(PARAMETERS, data).content.decode()
    assert ApprovalParameters.objects.get().calendar_country == "DE"
