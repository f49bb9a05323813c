"""Editing a customer in the browser: what is sent, what is said, who is warned."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from approvals import proposals
from approvals.models import Behavior, ProposedChange, WorkflowEvent
from customers.forms import parse_number
from customers.models import Customer, PaymentTerms
from tests.approvals.helpers import edit, import_source, live
from tests.unguarded import ungoverned
from tests.write_paths.rendered import form_on

from .factories import customer


@pytest.fixture
def record(db):
    return customer("C-1", name="Nordic Tools", city="Oslo", credit_limit="1000.00")


@pytest.fixture
def other(person):
    return person("carl", "Clerk", first_name="Carl", last_name="Other")


@pytest.fixture
def url(client, clerk, record):
    client.force_login(clerk)
    return reverse("customers:edit", args=[record.pk])


@pytest.fixture
def opened(client, url):
    """A function that opens the form as a browser shows it."""
    return lambda: form_on(client.get(url), "customer-form")


@pytest.fixture
def save(client, url, opened):
    """A function that opens the form, types into fields, saves, and returns the next page."""

    def send(form=None, **typed):
        form = form or opened()
        for name, text in typed.items():
            form.type(name, text)
        return form.send(client, url)

    return send


def texts(response):
    return [str(message) for message in response.context["messages"]]


def notes(response):
    tabs = response.context["tabs"]
    return {f["field"].name: f["note"] for tab in tabs for f in tab["fields"] if f.get("note")}


def errors(response):
    return {name: list(found) for name, found in response.context["form"].errors.items()}


def test_a_direct_change_is_saved_and_named(save, record):
    response = save(city="Bergen", phone="+47 55 12 34 56")
    assert response.redirect_chain[-1][0] == record.get_absolute_url()
    assert texts(response) == ["Saved: City, Telephone."]
    assert live("C-1", "city") == "Bergen"


def test_saving_an_untouched_form_changes_nothing(save, record):
    before = Customer.objects.filter(pk=record.pk).values().get()
    assert texts(save()) == ["Nothing was changed."]
    assert Customer.objects.filter(pk=record.pk).values().get() == before
    assert not WorkflowEvent.objects.filter(record_key=record.account).exists()


def test_only_what_the_person_changed_is_sent(save, opened, record, other):
    form = opened()
    Customer.objects.filter(pk=record.pk).update(city="Changed under the form")
    save(form, phone="555 1234")
    assert live("C-1", "city") == "Changed under the form"
    assert live("C-1", "phone") == "555 1234"


def test_a_governed_change_leads_to_proposed_changes_with_what_was_saved_on_top(
    save, govern_fields, record
):
    govern_fields("credit_limit")
    response = save(credit_limit="2,500.00", city="Bergen")
    assert response.redirect_chain[-1][0] == reverse("customers:proposed_changes", args=[record.pk])
    saved, proposed = texts(response)
    assert saved == "Saved: City."
    assert proposed.startswith("Needs approval: Credit limit.")
    assert live("C-1", "credit_limit") == "1000.00"
    assert ProposedChange.objects.get().value == "2500.00"


def test_governed_fields_are_marked_before_anyone_types(client, url, govern_fields):
    govern_fields("credit_limit", "iban")
    tabs = client.get(url).context["tabs"]
    marked = {f["field"].name for tab in tabs for f in tab["fields"] if f["governed"]}
    assert marked == {"credit_limit", "iban"}


def test_a_proposed_value_stands_beside_the_live_one(save, opened, client, url, govern_fields):
    govern_fields("credit_limit")
    save(credit_limit="2500")
    response = client.get(url)
    assert opened().values["credit_limit"] == "1,000.00"
    assert notes(response)["credit_limit"].startswith("Proposed: 2,500.00")


def test_saving_the_form_again_leaves_the_proposal_alone(save, govern_fields):
    govern_fields("credit_limit")
    save(credit_limit="2500")
    save(city="Bergen")
    assert ProposedChange.objects.get(outcome="").value == "2500.00"


def test_the_value_that_is_proposed_already_is_named_as_such(save, govern_fields):
    govern_fields("credit_limit")
    save(credit_limit="2500")
    assert texts(save(credit_limit="2500")) == ["Already proposed with this value: Credit limit."]


def test_a_field_pending_approval_shows_who_submitted_and_refuses_another_value(
    save, client, url, clerk, govern_fields, workflow
):
    govern_fields("credit_limit")
    save(credit_limit="2500")
    proposals.submit(ProposedChange.objects.get().proposal_id, by=clerk)
    note = notes(client.get(url))["credit_limit"]
    assert note.startswith("Pending approval: 2,500.00 (submitted by Clara Clerk")
    response = save(credit_limit="3000")
    assert "Recall it first" in errors(response)["credit_limit"][0]
    assert response.context["form"].fields["credit_limit"].widget.attrs["autofocus"]


def test_errors_stand_at_their_fields_and_nothing_is_saved(save):
    response = save(iban="NL00 BANK 0123 4567 89", city="Bergen")
    assert list(errors(response)) == ["iban"]
    assert "Nothing was saved." in response.content.decode()
    assert response.context["form"]["city"].value() == "Bergen"
    assert live("C-1", "city") == "Oslo"


def test_a_required_field_cannot_be_emptied(save):
    assert errors(save(name="")) == {"name": ["This field is required."]}


def test_a_broken_rule_across_fields_stands_at_a_field_that_was_changed(save):
    response = save(country="NL", tax_exempt_number="NL000000000B00")
    assert list(errors(response)) == ["tax_exempt_number"]


@pytest.mark.parametrize(
    "typed", ["1,50", "1.000,00", "1 000", "1,0000", "1e3", "NaN", "٣", "1.", ""]
)
def test_numbers_are_never_guessed(save, typed):
    response = save(credit_limit=typed)
    if typed:
        assert errors(response)["credit_limit"] == ["Enter a number such as 1,234.50."]
        assert live("C-1", "credit_limit") == "1000.00"
    else:
        assert live("C-1", "credit_limit") is None


@pytest.mark.parametrize(
    "language, typed, number",
    [
        ("en", "1,500", "1500"),
        ("en", "1234567.5", "1234567.5"),
        ("nl", "1.500", "1500"),
        ("nl", "1,5", "1.5"),
        ("sv", "12 345,50", "12345.50"),
        ("sv", "12\u00a0345,50", "12345.50"),
        ("en", "-0.5", "-0.5"),
    ],
)
def test_numbers_are_read_as_the_language_writes_them(language, typed, number):
    with translation.override(language):
        assert parse_number(typed) == Decimal(number)


@pytest.mark.parametrize("language, shown", [("nl", "1.000,00"), ("sv", "1\u00a0000,00")])
def test_a_form_in_another_language_reads_what_it_shows(save, opened, settings, language, shown):
    settings.LANGUAGE_CODE, settings.LANGUAGES = language, [(language, language)]
    assert opened().values["credit_limit"] == shown
    save()
    assert live("C-1", "credit_limit") == "1000.00"
    save(credit_limit="2500,5")
    assert live("C-1", "credit_limit") == "2500.50"


def test_whole_numbers_are_not_cut(save):
    assert (
        "whole number" in errors(save(payment_terms_base_days="1.5"))["payment_terms_base_days"][0]
    )
    save(payment_terms_base_days="30")
    assert live("C-1", "payment_terms_base_days") == "30"


@pytest.mark.parametrize("field", ["credit_limit", "payment_terms_base_days"])
def test_a_number_of_very_many_digits_is_not_even_read(save, field):
    assert errors(save(**{field: "9" * 50})) == {field: ["The number has too many digits."]}


def test_a_field_that_was_not_sent_is_not_meant(client, url, opened):
    sent = {"version": opened().values["version"], "initial-name": "Nordic Tools"}
    client.post(url, sent | {"city": "Bergen"})
    assert (live("C-1", "name"), live("C-1", "city")) == ("Nordic Tools", "Bergen")


def test_boxes_can_be_ticked_and_cleared(client, url, opened):
    form = opened()
    form.tick("electronic_invoice", True)
    form.send(client, url)
    assert live("C-1", "electronic_invoice") == "1"
    form = opened()
    form.tick("electronic_invoice", False)
    form.send(client, url)
    assert live("C-1", "electronic_invoice") == "0"


def test_line_ends_of_the_browser_are_no_change(save):
    save(notes="first\nsecond")
    assert live("C-1", "notes") == "first\nsecond"
    assert texts(save()) == ["Nothing was changed."]


def test_codes_that_are_no_longer_offered_stay_where_they_are(save, opened, record):
    PaymentTerms.objects.create(code="OLD", name="Old terms", active=False)
    PaymentTerms.objects.create(code="GONE", name="Gone terms", active=False)
    Customer.objects.filter(pk=record.pk).update(payment_terms="OLD")
    offered = opened().options["payment_terms"]
    assert "OLD" in offered
    assert "GONE" not in offered
    assert texts(save(city="Bergen")) == ["Saved: City."]


def test_an_invoice_account_must_exist(save):
    assert "C-9" in errors(save(invoice_account="C-9"))["invoice_account"][0]


def test_who_saves_over_anothers_work_is_shown_both_and_loses_nothing(save, opened, other):
    form = opened()
    edit(other, "C-1", city="Bergen", phone="555 1234")
    response = save(form, city="Trondheim", email="ap@nordic.example")
    assert "Carl Other saved this customer" in texts(response)[0]
    assert texts(response)[0].endswith("Changed meanwhile: City, Telephone.")
    assert live("C-1", "city") == "Bergen"
    assert live("C-1", "email") == ""
    found = notes(response)
    assert "Bergen (Carl Other" in found["city"]
    assert "555 1234 (Carl Other" in found["phone"]
    again = form_on(response, "customer-form")
    assert again.values["city"] == "Trondheim"
    assert again.values["email"] == "ap@nordic.example"
    assert again.values["phone"] == "555 1234"
    assert texts(save(again)) == ["Saved: City, Email."]
    assert live("C-1", "city") == "Trondheim"
    assert live("C-1", "phone") == "555 1234"


def test_a_proposal_that_somebody_made_meanwhile_counts_as_anothers_work(
    save, opened, other, govern_fields
):
    govern_fields("credit_limit")
    form = opened()
    edit(other, "C-1", credit_limit="7000")
    response = save(form, credit_limit="9000")
    assert "7,000.00 (Carl Other" in notes(response)["credit_limit"]
    assert ProposedChange.objects.get(outcome="").value == "7000.00"
    save(form_on(response, "customer-form"))
    assert ProposedChange.objects.get(outcome="").value == "9000.00"


def test_a_box_that_somebody_ticked_meanwhile_stays_ticked(save, opened, other):
    form = opened()
    edit(other, "C-1", electronic_invoice=True)
    response = save(form, city="Bergen")
    save(form_on(response, "customer-form"))
    assert live("C-1", "electronic_invoice") == "1"
    assert live("C-1", "city") == "Bergen"


def test_an_error_keeps_the_version_that_the_person_saw(save, opened, other):
    form = opened()
    edit(other, "C-1", city="Bergen")
    response = save(form, credit_limit="nonsense", city="Trondheim")
    assert "credit_limit" in errors(response)
    again = save(form_on(response, "customer-form"), credit_limit="5")
    assert "Carl Other saved" in texts(again)[0]
    assert live("C-1", "city") == "Bergen"


def test_a_second_click_on_save_asks_nothing(save, opened, govern_fields):
    govern_fields("credit_limit")
    form = opened()
    save(form, city="Bergen", credit_limit="2500")
    assert texts(save(form)) == ["Already proposed with this value: Credit limit."]
    assert live("C-1", "city") == "Bergen"


def test_an_untouched_form_asks_nothing_whatever_others_saved(save, opened, other):
    form = opened()
    edit(other, "C-1", city="Bergen")
    assert texts(save(form)) == ["Nothing was changed."]
    assert live("C-1", "city") == "Bergen"


def test_a_form_without_a_version_is_out_of_date(client, url):
    response = client.post(url, {"city": "Bergen"})
    assert "Nothing of yours has been saved yet" in texts(response)[0]
    assert live("C-1", "city") == "Oslo"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"version": "x", "newest_event": "-1"},
        {"city": "\x00", "initial-city": "\x00"},
        {"city": ["Bergen", "Trondheim"], "newest_event": "9" * 5000},
        {"credit_limit": "9" * 5000, "payment_terms_base_days": "9" * 5000},
        {"notes": "x" * 500_000, "name": "y" * 500_000},
        {"name": "\u202eevil", "customer_group": "\ud7ff", "party_type": "Robot"},
        {"folded_key": "x", "revision": "7", "account": "HACK", "id": "7"},
        {"initial-city": "\ufffe", "electronic_invoice": "perhaps"},
    ],
)
@pytest.mark.parametrize("versioned", [True, False])
def test_hostile_input_is_never_an_error_of_the_program(client, url, opened, sent, versioned):
    version = {"version": opened().values["version"]} if versioned else {}
    response = client.post(url, version | sent, follow=True)
    assert response.status_code == 200
    assert Customer.objects.get().account == "C-1"
    assert live("C-1", "name") == "Nordic Tools"


def test_a_rule_that_waits_for_its_other_half_only_warns(save, record, govern_fields):
    govern_fields("country")
    with ungoverned():
        Customer.objects.filter(pk=record.pk).update(country="SE")
    response = save(tax_exempt_number="NL004495445B01")
    assert any("tax exempt number" in text.lower() for text in texts(response)[1:])


def test_whoever_may_not_edit_is_refused(client, person, record, url):
    client.force_login(person("ann", "Approver"))
    assert client.get(url).status_code == 403
    assert client.post(url, {"version": "1", "city": "Bergen"}).status_code == 403
    assert client.post(url, {"credit_limit": "nonsense"}).status_code == 403
    assert live("C-1", "city") == "Oslo"


def test_who_may_only_import_edits_what_he_imported_and_nothing_else(
    client, url, save, steward, govern_fields, workflow
):
    govern_fields("credit_limit", behavior=Behavior.PROPOSE)
    client.force_login(steward)
    assert client.get(url).status_code == 403
    source = import_source(steward, Behavior.PROPOSE)
    [pk] = edit(steward, "C-1", source=source, credit_limit="2500").proposals
    proposals.recall(pk, by=steward)
    save(credit_limit="3000")
    assert ProposedChange.objects.get(outcome="").value == "3000.00"
    assert "only change what you imported" in errors(save(city="Bergen"))["city"][0]


def test_an_unknown_customer_is_not_found(client, url):
    for pk in (999_999, 10**18 - 1):
        assert client.get(f"/customers/{pk}/edit/").status_code == 404


def test_the_number_of_queries_does_not_grow_with_what_is_proposed(
    client, url, clerk, govern_fields
):
    names = ["credit_rating", "price_group", "site", "warehouse", "state", "county"]
    govern_fields(*names)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        return len(captured)

    edit(clerk, "C-1", **dict.fromkeys(names[:2], "A"))
    client.get(url)
    few = queries()
    edit(clerk, "C-1", **dict.fromkeys(names[2:], "A"))
    for number in range(20):
        customer(f"D-{number}")
    assert queries() == few


def test_an_unreadable_number_hides_no_other_error(save, record):
    found = errors(save(credit_limit="1.5.3", iban="NL00NOPE", email="nobody", city="Bergen"))
    assert set(found) == {"credit_limit", "iban", "email"}
    assert len(found["credit_limit"]) == 1
    assert live("C-1", "city") != "Bergen"
