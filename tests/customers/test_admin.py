"""Customers in Django admin go through the door."""

import pytest
from django.urls import reverse

from approvals.changes import change_records
from approvals.models import Origin, ProposedChange, WorkflowEvent
from approvals.outcomes import BROWSER, Change
from customers.models import Customer

from .factories import customer

ADD = "/admin/customers/customer/add/"


@pytest.fixture
def staff_clerk(person, client):
    """A clerk who may enter the admin, logged in."""
    user = person("staff_clerk", "Clerk", is_staff=True)
    client.force_login(user)
    return user


@pytest.fixture
def record(db):
    return customer("C-1", name="Nordic Tools", city="Oslo", credit_limit="1000.00")


def page(record):
    return reverse("admin:customers_customer_change", args=[record.pk])


def shown(client, url):
    """What a browser would send back if nobody touched the form at `url`."""
    form = client.get(url).context["adminform"].form
    data = {"seen": form.seen} if form.seen else {}
    for bound in form:
        widget = bound.field.hidden_widget()
        widget.is_localized = bound.field.localize
        value = widget.format_value(bound.value()) or ""
        data[bound.html_initial_name] = data[bound.html_name] = value
        if value == "False":
            del data[bound.html_name]
    return data


def save(client, record, **changes):
    return client.post(page(record), shown(client, page(record)) | changes)


def texts(response):
    return [str(message) for message in response.context["messages"]]


def test_a_direct_change_is_saved_and_told(client, staff_clerk, record):
    response = client.post(page(record), shown(client, page(record)) | {"city": "Bergen"})
    assert response.status_code == 302
    record.refresh_from_db()
    assert record.city == "Bergen"
    assert texts(client.get(page(record))) == ["Saved: City."]
    event = WorkflowEvent.objects.get(field="city")
    assert (event.actor, event.origin) == (staff_clerk, Origin.ADMIN)


def test_a_governed_change_is_proposed_and_leads_to_proposed_changes(
    client, staff_clerk, record, govern_fields
):
    govern_fields("credit_limit")
    response = save(client, record, city="Bergen", credit_limit="5,000.00")
    assert response["Location"] == reverse("customers:proposed_changes", args=[record.pk])
    record.refresh_from_db()
    assert (record.city, str(record.credit_limit)) == ("Bergen", "1000.00")
    change = ProposedChange.objects.get()
    assert (change.field, change.original, change.value) == ("credit_limit", "1000.00", "5000.00")


def test_a_form_that_nobody_touched_changes_nothing(client, staff_clerk, record):
    before = record.revision
    events = WorkflowEvent.objects.count()
    save(client, record)
    record.refresh_from_db()
    assert (record.revision, WorkflowEvent.objects.count()) == (before, events)
    assert texts(client.get(page(record))) == ["Nothing was changed."]


def test_what_the_door_refuses_stands_beside_the_field(client, staff_clerk, record):
    response = save(client, record, iban="NL00 ABNA 0417 1643 00")
    assert response.status_code == 200
    form = response.context["adminform"].form
    assert form.errors["iban"] == ["The check digits are wrong."]
    record.refresh_from_db()
    assert record.iban == ""


def test_what_is_refused_between_check_and_save_stands_beside_the_field_too(
    client, staff_clerk, record, govern_fields, monkeypatch
):
    """The first check sees nothing; then the door itself refuses."""
    from customers import admin

    real, calls = admin.plan_changes, []

    def blind_once(*args, **kwargs):
        calls.append(1)
        outcomes = real(*args, **kwargs)
        if len(calls) == 1:
            outcomes[0].errors.clear()
        return outcomes

    monkeypatch.setattr(admin, "plan_changes", blind_once)
    response = save(client, record, iban="NL00 ABNA 0417 1643 00")
    assert len(calls) == 2
    assert response.status_code == 200
    assert "iban" in response.context["adminform"].form.errors


def test_nobody_saves_over_another_unseen(client, staff_clerk, clerk, record):
    data = shown(client, page(record))
    others = Change("C-1", {"city": "Bergen", "name": "Nordic Tools AS"})
    change_records(Customer, [others], by=clerk, source=BROWSER)
    response = client.post(page(record), data | {"city": "Tromsø"})
    form = response.context["adminform"].form
    assert form.errors["city"] == ["Somebody else has meanwhile set it to “Bergen”."]
    assert form["city"].value() == "Tromsø"
    assert form["name"].value() == "Nordic Tools AS"
    record.refresh_from_db()
    assert record.city == "Bergen"


def test_who_has_seen_both_may_save_again_and_keeps_the_others_work(
    client, staff_clerk, clerk, record
):
    data = shown(client, page(record))
    others = Change("C-1", {"city": "Bergen", "name": "Nordic Tools AS"})
    change_records(Customer, [others], by=clerk, source=BROWSER)
    form = client.post(page(record), data | {"city": "Tromsø"}).context["adminform"].form
    client.post(page(record), form.data.dict() | {"seen": form.seen})
    record.refresh_from_db()
    assert (record.city, record.name) == ("Tromsø", "Nordic Tools AS")


def test_a_second_click_on_save_asks_nothing(client, staff_clerk, record, govern_fields):
    govern_fields("credit_limit")
    data = shown(client, page(record)) | {"city": "Bergen", "credit_limit": "2500"}
    for _click in range(2):
        response = client.post(page(record), data)
        assert response["Location"] == reverse("customers:proposed_changes", args=[record.pk])
    told = texts(client.get(response["Location"]))
    assert told[-1] == "Already proposed with this value: Credit limit."
    assert ProposedChange.objects.count() == 1


def test_an_unreadable_number_hides_no_other_error(client, staff_clerk, record):
    response = save(client, record, credit_limit="1.5.3", iban="NL00NOPE", city="Bergen")
    found = response.context["adminform"].form.errors
    assert set(found) == {"credit_limit", "iban"}
    record.refresh_from_db()
    assert record.city == "Oslo"


def test_the_account_of_a_customer_cannot_be_edited(client, staff_clerk, record):
    assert "account" not in client.get(page(record)).context["adminform"].form.fields
    save(client, record, account="C-2", city="Bergen")
    record.refresh_from_db()
    assert (record.account, record.city) == ("C-1", "Bergen")


def test_governed_fields_are_marked_and_name_what_is_proposed(
    client, staff_clerk, record, govern_fields
):
    govern_fields("credit_limit", "name")
    save(client, record, name="<b>Tools</b>")
    html = client.get(page(record)).content.decode()
    assert html.count("Changes need approval.") == 2
    assert "Proposed: &lt;b&gt;Tools&lt;/b&gt;" in html
    assert "<b>Tools</b>" not in html


def test_a_new_customer_is_created_through_the_door(client, staff_clerk, record):
    data = shown(client, ADD) | {
        "account": "C-7",
        "name": "Delta",
        "customer_group": record.customer_group_id,
    }
    response = client.post(ADD, data)
    made = Customer.objects.get(account="C-7")
    assert response["Location"] == page(made)
    assert WorkflowEvent.objects.get(verb="created").origin == Origin.ADMIN


def test_a_new_customer_that_the_door_refuses_is_not_created(client, staff_clerk, record):
    data = shown(client, ADD) | {"account": "c-1", "name": "Delta"}
    response = client.post(ADD, data)
    assert set(response.context["adminform"].form.errors) >= {"account"}
    assert Customer.objects.count() == 1


def test_customers_are_never_deleted(client, staff_clerk, admin_client, record):
    url = reverse("admin:customers_customer_delete", args=[record.pk])
    for visitor in (client, admin_client):
        assert visitor.post(url, {"post": "yes"}).status_code == 403
        listed = visitor.get("/admin/customers/customer/").content.decode()
        assert "delete_selected" not in listed
    assert Customer.objects.count() == 1


def test_an_auditor_reads_a_customer_and_saves_nothing(client, auditor, record):
    auditor.is_staff = True
    auditor.save()
    client.force_login(auditor)
    response = client.get(page(record))
    assert response.status_code == 200
    assert 'name="_save"' not in response.content.decode()
    assert client.post(page(record), {"city": "Bergen"}).status_code == 403


@pytest.mark.parametrize("group", ["Administrator", "Approver"])
def test_who_may_not_edit_customers_may_not_here(client, person, record, group):
    client.force_login(person("somebody", group, is_staff=True))
    assert client.post(page(record), {"city": "Bergen"}).status_code == 403
    assert client.get(ADD).status_code == 403


def test_the_list_finds_by_account_and_name(client, staff_clerk, record):
    customer("D-1", name="Delta")
    for words in ("C-1", "nordic"):
        html = client.get("/admin/customers/customer/", {"q": words}).content.decode()
        assert "Nordic Tools" in html
        assert "Delta" not in html


def test_history_leads_to_the_customers_own(client, staff_clerk, record):
    response = client.get(reverse("admin:customers_customer_history", args=[record.pk]))
    assert response["Location"] == reverse("customers:history", args=[record.pk])


def test_the_history_of_an_unknown_customer_is_not_found(client, staff_clerk):
    for unknown in ("999", "abc"):
        assert client.get(f"/admin/customers/customer/{unknown}/history/").status_code == 404
