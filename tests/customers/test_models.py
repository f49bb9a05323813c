"""The customer's fields and what the database itself keeps."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError

from approvals import registry
from approvals.models import NeverDeleted
from customers.models import Country, Customer, CustomerGroup, PaymentTerms

from .factories import customer

GOVERNED = registry.get(Customer)
OFFERED_BY_THE_REFERENCE = {
    "name",
    "credit_limit",
    "credit_limit_mandatory",
    "credit_rating",
    "tax_group",
    "tax_exempt_number",
    "customer_group",
    "payment_terms",
    "payment_method",
    "payment_specification",
    "payment_terms_base_days",
    "cash_discount",
    "bank_account",
    "invoice_account",
    "exclude_interest_charge",
    "exclude_collection_fee",
}


def refused(**values):
    """The fields that a customer with these values is refused for."""
    row = Customer(account="X1", name="X", customer_group_id="10", currency_id="EUR", **values)
    with pytest.raises(ValidationError) as caught:
        row.clean_fields(exclude=["created_at", "modified_at"])
    return set(caught.value.error_dict)


def test_every_field_but_the_account_is_in_one_group():
    own = {"id", "account", "folded_key", "revision", "held", "created_at", "modified_at"}
    stored = {field.name for field in Customer._meta.concrete_fields}
    assert set(GOVERNED.fields) == stored - own


def test_all_sixteen_fields_of_the_reference_can_be_governed():
    assert set(GOVERNED.fields) >= OFFERED_BY_THE_REFERENCE


def test_the_groups_follow_the_fasttabs():
    assert [str(heading) for heading in GOVERNED.groups] == [
        "General",
        "Addresses and contact",
        "Credit and collections",
        "Payment",
        "Invoice and delivery",
        "Sales defaults",
        "Tax and identification",
        "Bank",
    ]


@pytest.mark.parametrize("field", GOVERNED.fields.values(), ids=str)
def test_text_is_never_null_and_all_else_has_a_meaning_for_empty(field):
    is_text = isinstance(field, models.CharField | models.TextField)
    assert not (is_text and field.null)
    assert (
        field.blank
        or field.name
        in {
            "name",
            "customer_group",
            "currency",
            "party_type",
            "on_hold",
            "use_cash_discount",
            "invoice_address",
        }
        or isinstance(field, models.BooleanField)
    )


@pytest.mark.parametrize("field", GOVERNED.fields.values(), ids=str)
def test_references_lead_nowhere_back_and_are_protected(field):
    if field.remote_field:
        assert field.remote_field.on_delete is models.PROTECT
        assert field.remote_field.hidden


def test_a_new_customer_has_the_companys_currency(settings):
    settings.COMPANY_CURRENCY = "SEK"
    assert Customer().currency_id == "SEK"


@pytest.mark.parametrize(
    "values",
    [
        {"credit_limit": Decimal("-0.01")},
        {"credit_limit": Decimal("10") ** 13},
        {"payment_terms_base_days": 1000},
        {"payment_terms_base_days": -1},
        {"on_hold": "Maybe"},
        {"party_type": ""},
        {"language": "en us"},
        {"email": "nobody"},
        {"country_id": "QQ"},
        {"invoice_account_id": "nobody"},
        {"street": "x" * 251},
    ],
    ids=str,
)
def test_values_out_of_bounds_are_refused(db, values):
    assert refused(**values) == {name.removesuffix("_id") for name in values}


@pytest.mark.parametrize(("account", "other"), [("C-1", "C-1"), ("C-1", "c-1"), ("Ä", "ä")])
def test_accounts_differ_in_more_than_case(db, account, other):
    customer(account)
    with pytest.raises(IntegrityError), transaction.atomic():
        customer(other)


def test_a_customer_reads_as_account_and_name(db):
    assert str(customer("C-1", name="Acme")) == "C-1 Acme"


def test_references_hold_codes(db):
    payer = customer("PAYER")
    row = customer("C-1", country="NL", payment_terms="Net30", invoice_account="PAYER")
    stored = Customer.objects.values("country", "payment_terms", "invoice_account").get(pk=row.pk)
    assert stored == {"country": "NL", "payment_terms": "Net30", "invoice_account": "PAYER"}
    assert row.invoice_account == payer


def test_customers_are_never_deleted(db):
    row = customer()
    for delete in (row.delete, Customer.objects.all().delete):
        with pytest.raises(NeverDeleted):
            delete()


def test_nobody_can_be_given_the_right_to_delete_customers(db):
    names = Permission.objects.filter(content_type__model="customer").values_list("codename")
    assert {name for (name,) in names} == {
        f"{verb}_customer" for verb in ("add", "change", "view", "import", "export")
    }


def test_reference_data_in_use_is_not_deleted(db):
    customer(payment_terms="Net30")
    with pytest.raises(ProtectedError):
        PaymentTerms.objects.get(pk="Net30").delete()


def test_codes_of_a_table_differ_in_more_than_case(db):
    with pytest.raises(ValidationError, match="exists already"):
        PaymentTerms(code="NET30", name="Other").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentTerms.objects.create(code="NET30", name="Other")


def test_inactive_codes_are_kept_but_not_offered(db):
    CustomerGroup.objects.filter(pk="20").update(active=False)
    assert "20" not in CustomerGroup.objects.choosable().values_list("pk", flat=True)
    assert CustomerGroup.objects.filter(pk="20").exists()
    customer("C-1", customer_group="20").clean_fields()


@pytest.mark.parametrize("code", ["nl", "N", "NLD", "1A"])
def test_countries_have_codes_of_two_capitals(db, code):
    with pytest.raises(ValidationError):
        Country(code=code, alpha3="QQQ", name="Nowhere").full_clean()


def test_reference_data_reads_as_code_and_name():
    assert str(CustomerGroup(code="10", name="Companies")) == "10 – Companies"
