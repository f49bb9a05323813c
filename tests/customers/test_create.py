"""New customers in the browser."""

import pytest
from django.urls import reverse

from approvals.models import ProposedChange, Verb, WorkflowEvent
from customers.models import Customer
from tests.approvals.helpers import live
from tests.write_paths.rendered import form_on

from .factories import customer

NEW = reverse("customers:create")


@pytest.fixture
def save(client, clerk):
    """A function that opens the empty form, types into fields, saves, and returns the next page."""
    client.force_login(clerk)

    def send(**typed):
        form = form_on(client.get(NEW), "customer-form")
        for name, text in (
            {"account": "N-1", "name": "New", "customer_group": "10"} | typed
        ).items():
            form.type(name, text)
        return form.send(client, NEW)

    return send


def texts(response):
    return [str(message) for message in response.context["messages"]]


def errors(response):
    return {name: list(found) for name, found in response.context["form"].errors.items()}


def test_a_new_customer_is_created_under_the_account_typed(save, settings):
    response = save(credit_limit="1,500", city="Oslo", notes="a\nb")
    created = Customer.objects.get()
    assert response.redirect_chain[-1][0] == created.get_absolute_url()
    assert texts(response) == ["Customer N-1 has been created."]
    assert (live("N-1", "credit_limit"), live("N-1", "city")) == ("1500.00", "Oslo")
    assert live("N-1", "notes") == "a\nb"
    assert live("N-1", "currency") == settings.COMPANY_CURRENCY
    assert WorkflowEvent.objects.get(record_key="N-1").verb == Verb.CREATED


def test_a_new_customer_needs_no_approval_and_no_field_is_marked(save, client, govern_fields):
    govern_fields("credit_limit", "name")
    assert "Needs approval" not in client.get(NEW).content.decode()
    save(credit_limit="1500")
    assert live("N-1", "credit_limit") == "1500.00"
    assert not ProposedChange.objects.exists()


def test_an_account_that_exists_is_refused_whatever_the_case(save):
    customer("n-1")
    assert "exists already" in errors(save())["account"][0]
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("account", ["", "  ", "=1+1", "a\u200bb", "x" * 21])
def test_a_senseless_account_is_refused_at_its_field(save, account):
    assert list(errors(save(account=account))) == ["account"]
    assert not Customer.objects.exists()


def test_required_fields_are_marked(client, clerk):
    client.force_login(clerk)
    form = client.get(NEW).context["form"]
    required = {name for name, field in form.fields.items() if field.required}
    assert {"account", "name", "customer_group", "currency"} < required
    assert not required & {"credit_limit", "country", "iban", "electronic_invoice"}


def test_required_fields_say_so_and_what_was_typed_stays(save):
    response = save(name="", customer_group="", city="Oslo")
    assert set(errors(response)) == {"name", "customer_group"}
    assert response.context["form"]["city"].value() == "Oslo"


@pytest.mark.parametrize(
    "sent", [{}, {"account": "\x00"}, {"account": ["A", "B"]}, {"account": "A", "name": "\x00"}]
)
def test_hostile_input_is_never_an_error_of_the_program(client, clerk, sent):
    client.force_login(clerk)
    assert client.post(NEW, sent).status_code == 200
    assert not Customer.objects.exists()


def test_whoever_may_not_create_is_refused(client, person):
    client.force_login(person("ann", "Approver"))
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, {"account": "A"}).status_code == 403


def test_countries_stand_in_the_order_of_their_names(client, clerk):
    client.force_login(clerk)
    form = client.get(NEW).context["form"]
    codes = [code for code, _name in form.fields["country"].widget.choices]
    assert codes[:4] == ["", "AF", "AX", "AL"]
    assert codes.index("DE") < codes.index("NL") < codes.index("CH")
