"""Headers: ours, Customers V3's, and all others."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.imports.files import FileRefused
from customers.imports.columns import FIELDS, NOT_KEPT
from customers.models import Customer
from customers.resources import CustomerResource
from tests.customers.factories import customer

from .helpers import outcomes, reasons, stored, take

pytestmark = pytest.mark.django_db


def test_the_entity_has_212_columns_each_kept_or_not():
    assert len(FIELDS) + len(NOT_KEPT) == 212
    assert not set(FIELDS) & set(NOT_KEPT)


def test_every_column_that_is_kept_leads_to_a_field_or_a_part_of_one():
    parts = {"company", "first_name", "middle_name", "last_name_prefix", "last_name"}
    assert set(FIELDS.values()) - parts <= set(CustomerResource().fields)


def test_our_headers_are_recognised_in_any_case(steward):
    customer("C1")
    take(steward, "Account, NAME ", "C1,New name")
    assert stored("C1", "name") == "New name"


def test_headers_of_the_reference_are_recognised_in_any_case(steward):
    customer("C1")
    take(steward, "CustomerAccount,ORGANIZATIONNAME,creditlimit", "C1,New name,5")
    assert stored("C1", "name", "credit_limit") == ("New name", 5)


def test_columns_of_the_reference_that_are_not_kept_are_listed_as_ignored(steward):
    customer("C1")
    job = take(steward, "CUSTOMERACCOUNT,PERSONHOBBIES", "C1,chess")
    assert job.facts["ignored"] == ["PERSONHOBBIES"]
    assert outcomes(job) == {2: "unchanged"}


def test_an_unknown_column_refuses_the_file(steward):
    with pytest.raises(FileRefused, match="Unknown columns: shoe_size"):
        take(steward, "account,shoe_size", "C1,44")


def test_an_unknown_column_is_ignored_where_the_importer_says_so(steward):
    customer("C1")
    job = take(steward, "account,name,shoe_size", "C1,New,44", ignore_unknown_columns=True)
    assert job.facts["unknown"] == ["shoe_size"]
    assert stored("C1", "name") == "New"


@pytest.mark.parametrize(
    "header", ["id", "revision", "folded_key", "created_at", "state", "approved_by", "proposal"]
)
def test_an_internal_column_is_unknown_and_never_does_anything(steward, header):
    row = customer("C1")
    with pytest.raises(FileRefused):
        take(steward, f"account,{header}", "C1,999")
    take(steward, f"account,{header}", "C1,999", ignore_unknown_columns=True)
    assert Customer.objects.get(account="C1", pk=row.pk).revision == row.revision


def test_a_file_without_accounts_is_refused(steward):
    with pytest.raises(FileRefused, match="account"):
        take(steward, "name", "Acme")


def test_a_header_that_is_there_twice_is_refused(steward):
    with pytest.raises(FileRefused, match="more than once"):
        take(steward, "account,name,Name", "C1,a,b")


def test_two_columns_for_one_field_have_to_agree(steward):
    customer("C1", name="Old")
    customer("C2", name="Old")
    customer("C3", name="Old")
    job = take(
        steward, "account,name,ORGANIZATIONNAME", "C1,Acme,Other", "C2,Acme,Acme ", "C3,,Acme"
    )
    assert reasons(job) == {2: [("name", "The columns name, ORGANIZATIONNAME disagree.")]}
    assert [stored(key, "name") for key in ("C1", "C2", "C3")] == ["Old", "Acme", "Acme"]


@pytest.mark.parametrize("code", ["NL", "nl", "NLD", "nld"])
def test_a_country_is_read_by_its_code_of_two_or_three_letters(steward, code):
    customer("C1")
    take(steward, "account,country", f"C1,{code}")
    assert stored("C1", "country") == "NL"


@pytest.mark.parametrize("code", ["Netherlands", "N", "ZZ", "ZZZ", "N1", "528"])
def test_a_country_that_is_no_code_fails(steward, code):
    customer("C1")
    job = take(steward, "account,country", f"C1,{code}")
    assert [field for field, _reason in reasons(job)[2]] == ["country"]


def test_country_columns_of_the_reference_have_to_agree(steward):
    customer("C1")
    customer("C2")
    header = "CUSTOMERACCOUNT,ADDRESSCOUNTRYREGIONID,ADDRESSCOUNTRYREGIONISOCODE"
    job = take(steward, header, "C1,USA,US", "C2,USA,NL")
    assert stored("C1", "country") == "US"
    assert list(reasons(job)) == [3]
    assert stored("C2", "country") is None


def test_a_person_is_named_by_the_parts_of_the_name(steward):
    customer("C1")
    customer("C2")
    parts = "PERSONFIRSTNAME,PERSONLASTNAMEPREFIX,PERSONLASTNAME"
    header = f"CUSTOMERACCOUNT,PARTYTYPE,ORGANIZATIONNAME,{parts}"
    take(steward, header, "C1,Person,,Anna,van der,Berg", "C2,Organization,Acme,Anna,,Berg")
    assert stored("C1", "name", "party_type") == ("Anna van der Berg", "Person")
    assert stored("C2", "name", "party_type") == ("Acme", "Organization")


def test_parts_of_a_name_without_a_type_of_party_are_not_guessed_at(steward):
    customer("C1", name="Old")
    job = take(steward, "CUSTOMERACCOUNT,PERSONFIRSTNAME", "C1,Anna")
    assert outcomes(job) == {2: "failed"}
    assert stored("C1", "name") == "Old"


PERSON = "CUSTOMERACCOUNT,PARTYTYPE,PERSONFIRSTNAME,PERSONLASTNAMEPREFIX,PERSONLASTNAME"


@pytest.fixture
def johan(db):
    """A customer whose name no file that leaves a part out may shorten."""
    return customer("P1", name="Johan van Dijk", party_type="Person")


@pytest.mark.parametrize(
    "file, named",
    [
        ((f"{PERSON},CREDITLIMIT", "P1,Person,,van,Dijk,5"), "PERSONFIRSTNAME"),
        ((f"{PERSON},CREDITLIMIT", "P1,Person,Johan,,Dijk,5"), "PERSONLASTNAMEPREFIX"),
        ((f"{PERSON},CREDITLIMIT", "P1,Person,,,Dijk,5"), "PERSONFIRSTNAME, PERSONLASTNAMEPREFIX"),
        (("CUSTOMERACCOUNT,PARTYTYPE,PERSONFIRSTNAME", "P1,Person,Jo"), "PERSONLASTNAME"),
    ],
)
def test_a_name_of_which_parts_are_missing_is_not_put_together(steward, johan, file, named):
    job = take(steward, *file)
    [(field, reason)] = reasons(job)[2]
    assert field == "name"
    assert reason.endswith(f": {named}.")
    assert stored("P1", "name", "credit_limit") == ("Johan van Dijk", None)


def test_a_name_of_which_every_part_is_empty_is_left_alone(steward, johan):
    job = take(steward, f"{PERSON},CREDITLIMIT", "P1,Person,,,,5")
    assert outcomes(job) == {2: "updated"}
    assert stored("P1", "name", "credit_limit") == ("Johan van Dijk", 5)


def test_empty_parts_say_nothing_where_the_others_are_the_whole_name(steward):
    file = (f"{PERSON},CUSTOMERGROUPID", "N1,Person,Anna,,Berg,10")
    customer("C1", customer_group="10")
    assert outcomes(take(steward, *file)) == {2: "created"}
    assert stored("N1", "name") == "Anna Berg"
    assert outcomes(take(steward, *file)) == {2: "unchanged"}


def test_empty_parts_are_cleared_where_the_importer_says_so(steward, johan):
    job = take(steward, PERSON, "P1,Person,Johan,,Dijk", empty_clears=True)
    assert outcomes(job) == {2: "updated"}
    assert stored("P1", "name") == "Johan Dijk"


def test_a_name_in_one_piece_needs_no_parts_and_must_not_disagree_with_them(steward, johan):
    customer("P2", name="Old", party_type="Person")
    header = f"{PERSON},ORGANIZATIONNAME"
    job = take(
        steward, header, "P1,Person,Piet,,Pietersen,Jan Jansen", "P2,Person,Jan,,Jansen,Jan Jansen"
    )
    assert outcomes(job) == {2: "failed", 3: "updated"}
    assert "disagree" in reasons(job)[2][0][1]
    assert stored("P1", "name") == "Johan van Dijk"
    assert stored("P2", "name") == "Jan Jansen"


def test_looking_at_stored_names_takes_one_statement_for_many_rows(steward):
    for number in range(30):
        customer(f"P{number}", name="Johan van Dijk", party_type="Person")
    counts = []
    for rows in (1, 2, 30):  # the first one fills Django's caches
        with CaptureQueriesContext(connection) as captured:
            take(steward, PERSON, *(f"P{number},Person,Jo,,Dijk" for number in range(rows)))
        counts.append(len(captured))
    assert counts[1] == counts[2]


COMPANIES = ("CUSTOMERACCOUNT,ORGANIZATIONNAME,DataAreaId", "C1,One,usmf", "C1,Two,GBSI")


def test_a_file_of_several_companies_is_refused_until_one_is_chosen(steward):
    customer("C1")
    with pytest.raises(FileRefused, match="GBSI, USMF"):
        take(steward, *COMPANIES)
    job = take(steward, *COMPANIES, company="gbsi")
    assert stored("C1", "name") == "Two"
    assert job.rows == 1


def test_a_company_that_is_not_in_the_file_refuses_it(steward):
    with pytest.raises(FileRefused, match="no rows of company DEMF"):
        take(steward, *COMPANIES, company="DEMF")
    with pytest.raises(FileRefused, match="none"):
        take(steward, "account,name", "C1,x", company="DEMF")


def test_a_file_of_one_company_is_taken_as_it_is(steward):
    customer("C1")
    take(steward, "account,name,dataareaid", "C1,One,USMF")
    assert stored("C1", "name") == "One"


def test_a_row_of_no_company_fails_where_the_others_have_one(steward):
    customer("C1")
    customer("C2")
    job = take(steward, "account,name,dataareaid", "C1,One,USMF", "C2,Two,")
    assert list(reasons(job)) == [3]
