"""Reference tables: seeded from standards, loaded from files, kept by people."""

import time
from io import StringIO

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.urls import reverse

from customers.admin_reference import ReferenceAdmin
from customers.models import (
    Country,
    Currency,
    CustomerGroup,
    DeliveryTerms,
    PaymentMethod,
    PaymentTerms,
    TaxGroup,
)
from customers.reference import seed
from tests.approvals.helpers import edit
from tests.unguarded import unguarded

from .factories import customer

TABLES = (Country, Currency, CustomerGroup, DeliveryTerms, PaymentMethod, PaymentTerms, TaxGroup)


@pytest.fixture
def load(db, tmp_path):
    """A function that imports lines of text, and returns (exit status, what was said)."""

    def run(table, *lines, encoding="utf-8"):
        file = tmp_path / "codes.csv"
        file.write_bytes("\r\n".join(lines).encode(encoding, "surrogateescape"))
        said = StringIO()
        try:
            call_command("import_reference_data", table, str(file), stdout=said, stderr=said)
        except CommandError as error:
            return error.returncode, f"{said.getvalue()}{error}"
        return 0, said.getvalue()

    return run


def names(model):
    return dict(model.objects.values_list("code", "name"))


@pytest.mark.parametrize("model", TABLES)
def test_every_seeded_row_is_valid(db, model):
    assert model.objects.exists()
    for row in model.objects.all():
        row.clean_fields()


def test_countries_and_currencies_are_those_of_iso(db):
    assert Country.objects.count() == 249
    assert Country.objects.get(code="NL").alpha3 == "NLD"
    assert {"EUR", "USD", "XOF"} <= set(names(Currency))
    assert not {"XAU", "XXX", "XTS", "CHE", "UYI"} & set(names(Currency))


def test_terms_of_delivery_are_the_eleven_incoterms(db):
    assert DeliveryTerms.objects.count() == 11


def test_seeding_again_changes_nothing_and_brings_nothing_back(db):
    Country.objects.filter(code="NL").update(name="Holland", active=False)
    TaxGroup.objects.exclude(code="EU").delete()
    seed()
    assert (names(Country)["NL"], Country.objects.get(code="NL").active) == ("Holland", False)
    assert list(names(TaxGroup)) == ["EU"]


def test_seeding_is_quick(db):
    for model in TABLES:
        model.objects.all().delete()
    start = time.perf_counter()
    seed()
    assert time.perf_counter() - start < 0.5


@pytest.mark.django_db(transaction=True)
def test_the_tables_are_full_again_after_a_flush():
    Country.objects.all().delete()
    with unguarded():
        call_command("flush", interactive=False, verbosity=0)
    assert Country.objects.count() == 249


def test_a_file_creates_updates_and_leaves_alone(load):
    said = load("customer-groups", "Code,NAME,active", "7,Gift shops,", "20,Majors,no", "30,,yes")
    assert said == (0, "customer-groups: 1 created, 1 updated, 1 unchanged\n")
    assert names(CustomerGroup)["7"] == "Gift shops"
    assert CustomerGroup.objects.get(code="7").active
    assert (names(CustomerGroup)["20"], CustomerGroup.objects.get(code="20").active) == (
        "Majors",
        False,
    )


def test_the_same_file_changes_nothing_the_second_time(load):
    lines = ("code;name;net_days", "Net21;Net 21 days;21", "30M;Thirty days, end of month;")
    assert load("payment-terms", *lines)[1] == "payment-terms: 2 created, 0 updated, 0 unchanged\n"
    assert load("payment-terms", *lines)[1] == "payment-terms: 0 created, 0 updated, 2 unchanged\n"
    assert PaymentTerms.objects.get(code="Net21").net_days == 21


def test_every_fault_is_named_and_nothing_is_written(load):
    before = names(PaymentTerms)
    status, said = load(
        "payment-terms",
        "code,name,active,net_days",
        "A,Good,yes,1",
        ",No code,,",
        "B,,,",
        "A,Again,,",
        "C,Bad word,perhaps,many",
        "D,Too few",
        "net30,Other case,,",
        '"=1",Formula,,',
    )
    assert status == 1
    starts = [
        "Row 3, code: This field is required.",
        "Row 4, name: This field cannot be blank.",
        "Row 5, code: Row 2 has it too.",
        "Row 6, active: “perhaps” is neither yes nor no",
        "Row 6, net_days: “many” is not a whole number",
        "Row 7: The row has 2 cells",
        "Row 8, code: This code exists already, perhaps in another case.",
        "Row 9, code: It must not begin with =, +, - or @.",
        "8 faults; nothing was imported.",
    ]
    for line, start in zip(said.splitlines(), starts, strict=True):
        assert line.startswith(start)
    assert names(PaymentTerms) == before


def test_a_country_needs_its_three_letter_code(load):
    assert load("countries", "code,name", "XK,Kosovo")[0] == 1
    assert load("countries", "code,name,alpha3", "XK,Kosovo,XKX")[0] == 0


def test_two_rows_can_not_share_a_three_letter_code(load):
    status, said = load("countries", "code,name,alpha3", "XK,Kosovo,XKX", "XJ,Other,XKX")
    assert (status, Country.objects.filter(alpha3="XKX").count()) == (1, 0)
    assert "Row 3, alpha3" in said


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "empty"),
        (["code"], "Columns are missing: name"),
        (["code,name,colour"], "Unknown columns: colour"),
        (["code,name,Name"], "more than once"),
        (["code,name", "1,F\udcf6rs"], "UTF-8"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(load, lines, reason):
    status, said = load("tax-groups", *lines)
    assert status == 2
    assert reason in said


def test_a_byte_order_mark_is_no_part_of_the_header(load):
    assert load("tax-groups", "code\tname", "1\tFörsäljning", encoding="utf-8-sig")[0] == 0
    assert names(TaxGroup)["1"] == "Försäljning"


def test_a_missing_file_is_refused(db):
    with pytest.raises(CommandError) as caught:
        call_command("import_reference_data", "currencies", "/nowhere.csv")
    assert caught.value.returncode == 2


def test_the_code_is_read_only_once_made(rf):
    pages = ReferenceAdmin(CustomerGroup, admin.site)
    assert pages.get_readonly_fields(rf.get("/")) == ()
    assert pages.get_readonly_fields(rf.get("/"), CustomerGroup(code="10")) == ("code",)


@pytest.mark.parametrize("model", TABLES)
def test_administrators_see_each_table(admin_client, model):
    base = f"admin:customers_{model._meta.model_name}"
    row = model.objects.first()
    for url in (reverse(f"{base}_changelist"), reverse(f"{base}_change", args=[row.pk])):
        page = admin_client.get(url)
        assert page.status_code == 200
        assert row.code in page.content.decode()


@pytest.mark.parametrize(
    ("field", "lists"),
    [
        ("payment_terms", "terms of payment."),
        ("payment_method", "methods of payment."),
        ("tax_group", "sales tax groups."),
        ("customer_group", "customer groups."),
        ("currency", "currencies."),
        ("country", "countries/regions."),
        ("delivery_terms", "terms of delivery."),
        ("invoice_account", "customers, or is held until approved."),
    ],
)
def test_a_code_that_nobody_knows_is_named_with_its_list(clerk, field, lists):
    code = "QQQ" if field == "currency" else "QQ"
    outcome = edit(clerk, customer().account, **{field: code})
    found = [error.message for error in outcome.errors]
    assert found == [f"“{code}” is not in the list of {lists}"]
