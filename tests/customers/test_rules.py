"""Rules across the fields of one customer."""

import socket

import pycountry
import pytest

from customers.rules import rules

NOTHING = {
    "tax_exempt_number": "",
    "country": None,
    "iban": "",
    "swift": "",
    "credit_limit": None,
    "credit_limit_mandatory": False,
}


def broken(**values):
    """The rules that a customer with these values breaks."""
    return list(rules(NOTHING | values))


def test_an_empty_customer_breaks_no_rule():
    assert broken() == []


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("NL", "NL004495445B01"),
        ("NL", "004495445B01"),
        ("GR", "EL094259216"),
        ("GR", "094259216"),
        ("GB", "GB980780684"),
        ("GB", "XI980780684"),
        ("MC", "FR53000004605"),
        ("NO", "NO995525828MVA"),
    ],
)
def test_a_vat_number_of_the_country_is_taken_with_or_without_prefix(country, number):
    assert broken(country=country, tax_exempt_number=number) == []


def test_a_vat_number_with_wrong_check_digits_is_named():
    (rule,) = broken(country="NL", tax_exempt_number="NL004495446B01")
    assert rule.fields == ("tax_exempt_number", "country")
    assert rule.message.endswith("NL: The check digits are wrong.")


def test_a_vat_number_of_another_country_breaks_the_rule():
    (rule,) = broken(country="NL", tax_exempt_number="DE136695976")
    assert "NL" in rule.message


@pytest.mark.parametrize("country", ["US", None])
def test_a_vat_number_is_not_judged_where_no_standard_is_known(country):
    assert broken(country=country, tax_exempt_number="ANYTHING1") == []


def test_every_country_judges_any_number_without_stumbling():
    for country in pycountry.countries:
        for number in ("00", "1+23456L", "AB&0101011A1", "Ñ" * 20, "9" * 20, "Z" * 9):
            broken(country=country.alpha_2, tax_exempt_number=number)


def test_no_vat_check_asks_the_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("The network was asked.")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for country in pycountry.countries:
        broken(country=country.alpha_2, tax_exempt_number="123456789")


def test_the_iban_and_the_swift_code_are_of_one_country():
    assert broken(iban="NL91ABNA0417164300", swift="ABNANL2A") == []
    (rule,) = broken(iban="NL91ABNA0417164300", swift="DEUTDEFF500")
    assert rule.fields == ("iban", "swift")
    assert "NL" in rule.message
    assert "DE" in rule.message


@pytest.mark.parametrize("half", ["iban", "swift"])
def test_one_of_iban_and_swift_code_alone_breaks_no_rule(half):
    both = {"iban": "NL91ABNA0417164300", "swift": "DEUTDEFF500"}
    assert broken(**{half: both[half]}) == []


def test_a_territory_may_have_the_iban_of_its_mainland():
    assert broken(iban="GB82WEST12345698765432", swift="WESTJESH") == []
    assert broken(iban="GB82WEST12345698765432", swift="WESTRESH") != []


@pytest.mark.parametrize("limit", [0, 1000])
def test_a_mandatory_credit_limit_needs_a_limit(limit):
    assert broken(credit_limit_mandatory=True, credit_limit=limit) == []
    (rule,) = broken(credit_limit_mandatory=True)
    assert rule.fields == ("credit_limit_mandatory", "credit_limit")


def test_rules_ask_the_database_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        broken(country="NL", tax_exempt_number="1", iban="NL91", swift="DEUTDEFF")
