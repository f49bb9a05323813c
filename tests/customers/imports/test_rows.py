"""One row: its key, its cells, what it may refer to."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DataError, connection

from approvals import changes
from approvals.models import WorkflowEvent
from customers.models import Customer, CustomerGroup, PaymentTerms
from tests.customers.factories import customer

from .helpers import outcomes, reasons, stored, take

pytestmark = pytest.mark.django_db

NEW = "account,name,customer_group"


@pytest.fixture(autouse=True)
def group(db):
    CustomerGroup.objects.get_or_create(code="10", defaults={"name": "Companies"})


def test_a_bad_value_fails_the_whole_row_and_no_other(steward):
    customer("C1", city="City", credit_limit="1")
    customer("C2", city="City", credit_limit="1")
    job = take(steward, "account,city,credit_limit", "C1,New,abc", "C2,New,2")
    assert outcomes(job) == {2: "failed", 3: "updated"}
    assert stored("C1", "city", "credit_limit") == ("City", 1)


def test_a_row_is_told_everything_that_is_wrong_with_it(steward):
    customer("C1")
    job = take(
        steward,
        "account,credit_limit,email,customer_group,iban",
        "C1,1e5,not-an-address,NOWHERE,NL00BANK0123456789",
    )
    fields = [field for field, _reason in reasons(job)[2]]
    assert set(fields) == {"credit_limit", "email", "customer_group", "iban"}
    assert len(fields) == 4


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("email", "not-an-address"),
        ("customer_group", "NOWHERE"),
        ("credit_limit", "1,000.00"),
        ("credit_limit", "-1"),
        ("credit_limit", "1.005"),
        ("credit_limit_mandatory", "maybe"),
        ("on_hold", "Perhaps"),
        ("payment_terms_base_days", "1000"),
        ("payment_terms_base_days", "2.0"),
        ("phone", "call me"),
        ("url", "www.example.com"),
        ("city", "a\u202eb"),
        ("city", "x" * 61),
        ("language", "e n"),
    ],
)
def test_a_value_is_never_guessed(steward, name, cell):
    customer("C1")
    before = Customer.objects.values().get(account="C1")
    job = take(steward, f"account,{name}", f'C1,"{cell}"')
    assert [field for field, _reason in reasons(job)[2]] == [name]
    assert Customer.objects.values().get(account="C1") == before


def test_a_code_that_is_no_longer_offered_fails(steward):
    customer("C1")
    PaymentTerms.objects.create(code="OLD", name="Old", active=False)
    job = take(steward, "account,payment_terms", "C1,OLD")
    assert outcomes(job) == {2: "failed"}


def test_a_row_with_too_few_or_too_many_cells_fails(steward):
    customer("C1", name="Old", city="City")
    customer("C2", name="Old", city="City")
    customer("C3", name="Old", city="City")
    job = take(steward, "account,name,city", "C1,New", "C2,New,Town,extra", "C3,New,Town")
    assert outcomes(job) == {2: "failed", 3: "failed", 4: "updated"}
    assert stored("C1", "name") == stored("C2", "name") == "Old"


def test_a_column_that_is_not_there_leaves_the_field_alone(steward):
    customer("C1", city="City")
    take(steward, "account,name", "C1,New")
    assert stored("C1", "name", "city") == ("New", "City")


def test_an_empty_cell_leaves_the_field_alone(steward):
    customer("C1", city="City", credit_limit="5")
    job = take(steward, "account,city,credit_limit", "C1,, ")
    assert outcomes(job) == {2: "unchanged"}
    assert stored("C1", "city", "credit_limit") == ("City", 5)


def test_an_empty_cell_clears_the_field_where_the_importer_says_so(steward):
    customer("C1", city="City", credit_limit="5")
    take(steward, "account,city,credit_limit", "C1,,", empty_clears=True)
    assert stored("C1", "city", "credit_limit") == ("", None)


@pytest.mark.parametrize(
    "name", ["name", "customer_group", "currency", "on_hold", "one_time_customer"]
)
def test_a_required_field_cannot_be_cleared(steward, name):
    customer("C1", city="City")
    job = take(steward, f"account,city,{name}", "C1,New,", empty_clears=True)
    assert [field for field, _reason in reasons(job)[2]] == [name]
    assert stored("C1", "city") == "City"


def test_values_that_differ_only_in_spelling_are_no_change(steward):
    customer("C1", credit_limit="1000", name="Acme", swift="ABNANL2A", electronic_invoice=True)
    job = take(
        steward,
        "account,credit_limit,name,swift,electronic_invoice",
        " C1 ,1000.00, Acme ,abna nl 2a,TRUE",
    )
    assert outcomes(job) == {2: "unchanged"}


@pytest.mark.parametrize("empty_clears", [False, True])
def test_a_new_customer_takes_the_defaults_for_empty_cells(steward, settings, empty_clears):
    settings.COMPANY_CURRENCY = "SEK"
    header = f"{NEW},currency,party_type,on_hold,one_time_customer,country,credit_limit"
    job = take(steward, header, "N1,New,10,,,,,,", empty_clears=empty_clears)
    assert outcomes(job) == {2: "created"}
    assert stored(
        "N1", "currency", "party_type", "on_hold", "one_time_customer", "country", "credit_limit"
    ) == ("SEK", "Organization", "No", False, None, None)


def test_a_new_customer_without_what_is_required_fails_naming_the_fields(steward):
    job = take(steward, NEW, "N1,,")
    assert {field for field, _reason in reasons(job)[2]} == {"name", "customer_group"}
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "key",
    ["", "  ", "=C1", "+C1", "-C1", "@C1", "a\tb", "a\u200bb", "a\u202eb", "x" * 21, "\uff1dC1"],
)
def test_a_key_that_nobody_should_see_is_never_created(steward, key):
    job = take(steward, NEW, f'"{key}",New,10')
    assert [field for field, _reason in reasons(job)[2]] == ["account"]
    assert not Customer.objects.exists()


def test_a_key_that_differs_only_in_case_fails_naming_the_existing_one(steward):
    customer("ÅbC-1", name="Old")
    job = take(steward, NEW, "åBC-1,New,10")
    assert "ÅbC-1" in reasons(job)[2][0][1]
    assert list(Customer.objects.values_list("account", "name")) == [("ÅbC-1", "Old")]


def test_the_same_account_twice_fails_the_later_rows_naming_the_first(steward):
    customer("C1")
    job = take(
        steward, NEW, "C1,First,10", "c1,Second,10", "C1,Third,10", "N1,First,10", "n1,Second,10"
    )
    assert outcomes(job) == {2: "updated", 3: "failed", 4: "failed", 5: "created", 6: "failed"}
    assert ["2" in reasons(job)[3][0][1], "2" in reasons(job)[4][0][1]] == [True, True]
    assert "5" in reasons(job)[6][0][1]
    assert stored("C1", "name") == "First"
    assert stored("N1", "name") == "First"


def test_the_same_account_is_noticed_across_batches(steward, monkeypatch):
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    job = take(steward, NEW, "N1,First,10", "N1,Second,10")
    assert outcomes(job) == {2: "created", 3: "failed"}


def test_the_same_account_twice_fails_even_where_the_first_row_failed(steward):
    job = take(steward, NEW, "N1,First,NOWHERE", "N1,Second,10")
    assert outcomes(job) == {2: "failed", 3: "failed"}


def test_update_only_fails_rows_of_customers_that_are_not_there(steward):
    customer("C1")
    job = take(steward, NEW, "C1,New,10", "N1,New,10", update_only=True)
    assert outcomes(job) == {2: "updated", 3: "failed"}
    assert not Customer.objects.filter(account="N1").exists()


@pytest.mark.parametrize("batch", [2000, 1])
def test_a_row_may_refer_to_a_customer_that_an_earlier_row_creates(steward, monkeypatch, batch):
    monkeypatch.setattr("approvals.imports.resources.BATCH", batch)
    customer("C1")
    file = (f"{NEW},invoice_account", "N1,New,10,", "N2,New,10,N1", "C1,New,10,N2", "N3,New,10,N3")
    preview = take(steward, *file, dry_run=True)
    job = take(steward, *file)
    assert outcomes(preview) == outcomes(job)
    assert outcomes(job) == {2: "created", 3: "created", 4: "updated", 5: "created"}
    assert stored("N2", "invoice_account") == "N1"
    assert stored("C1", "invoice_account") == "N2"


@pytest.mark.parametrize("batch", [2000, 1])
def test_a_row_may_not_refer_to_a_customer_whose_row_failed(steward, monkeypatch, batch):
    monkeypatch.setattr("approvals.imports.resources.BATCH", batch)
    file = (f"{NEW},invoice_account", "N1,New,NOWHERE,", "N2,New,10,N1", "N3,New,10,N2")
    for dry_run in (True, False):
        assert set(outcomes(take(steward, *file, dry_run=dry_run)).values()) == {"failed"}
    assert not Customer.objects.exists()


def test_a_decimal_comma_is_read_where_the_importer_chose_it(steward):
    customer("C1")
    customer("C2")
    job = take(steward, "account;credit_limit", "C1;1000,50", "C2;1000.50", decimal_separator=",")
    assert stored("C1", "credit_limit") == 1000.5
    assert outcomes(job)[3] == "failed"


def test_cells_may_hold_several_lines(steward):
    customer("C1")
    take(steward, "account,street", 'C1,"1 Way\r\nBehind the shed"')
    assert stored("C1", "street") == "1 Way\nBehind the shed"


def test_who_may_not_import_imports_nothing(clerk):
    customer("C1", name="Old")
    with pytest.raises(PermissionDenied):
        take(clerk, "account,name", "C1,New")
    assert stored("C1", "name") == "Old"


def test_the_history_names_the_import(steward):
    customer("C1")
    job = take(steward, "account,name", "C1,New")
    event = WorkflowEvent.objects.get(record_key="C1", field="name")
    assert (event.actor, event.origin, event.import_job) == (steward, "import", job)


@pytest.fixture
def no_room(monkeypatch):
    """The database has no room for the customer "BAD"."""
    real = changes.change_records

    def refuse(model, wanted, **how):
        if any(change.key == "BAD" for change in wanted):
            raise DataError("no room")
        return real(model, wanted, **how)

    monkeypatch.setattr(changes, "change_records", refuse)


def test_where_the_database_refuses_a_row_the_others_go_on(steward, no_room):
    for key in ("C1", "BAD", "C3"):
        customer(key)
    job = take(steward, "account,name", "C1,New", "BAD,New", "C3,New")
    assert outcomes(job) == {2: "updated", 3: "failed", 4: "updated"}
    assert "no room" in reasons(job)[3][0][1]


def test_where_the_database_refuses_a_row_a_known_one_still_refers_to_a_new_one(steward, no_room):
    customer("C1")
    file = (f"{NEW},invoice_account", "C1,New,10,N1", "BAD,New,10,", "N0,New,10,", "N1,New,10,")
    job = take(steward, *file)
    assert outcomes(job) == {2: "updated", 3: "failed", 4: "created", 5: "created"}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="whoever writes is alone there")
def test_a_reference_that_only_the_commit_would_refuse_fails_its_row(steward, monkeypatch):
    customer("C1")
    customer("C2")
    monkeypatch.setattr("approvals.batch.missing_references", lambda *args, **kwargs: set())
    job = take(steward, "account,city,payment_terms", "C1,Town,", "C2,Town,NOWHERE")
    assert outcomes(job) == {2: "updated", 3: "failed"}
    assert stored("C2", "city") == ""
