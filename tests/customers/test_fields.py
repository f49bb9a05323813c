"""Canonical spellings and the standards that fields follow."""

import re

import pytest
from django.core.exceptions import ValidationError

from customers.fields import (
    CodeField,
    IBANField,
    KeyField,
    MultilineField,
    PhoneField,
    SWIFTField,
    VATField,
    WebAddressField,
)

HIDDEN = ["a\u200bb", "a\u202eb", "a\u0000b", "a\tb", "a\ufeffb", "a\u00adb"]
HIDDEN += ["a\u3164", "a\ufe0f", "\u2800", "a\U000e0100"]


def taken(field, value):
    """What `field` makes of `value`, checked."""
    return field.clean(value, None)


def reasons(field, value):
    """Why `field` refuses `value`."""
    with pytest.raises(ValidationError) as caught:
        taken(field, value)
    return " ".join(caught.value.messages)


@pytest.mark.parametrize(
    ("field", "written", "canonical"),
    [
        (IBANField(max_length=34), " nl91 abna 0417 1643 00 ", "NL91ABNA0417164300"),
        (IBANField(max_length=34), "GB82-WEST-1234-5698-7654-32", "GB82WEST12345698765432"),
        (SWIFTField(max_length=11), "abna nl2a", "ABNANL2A"),
        (SWIFTField(max_length=11), "DEUT DE FF 500", "DEUTDEFF500"),
        (VATField(max_length=20), "nl 0044.95.445.b01", "NL004495445B01"),
        (VATField(max_length=20), "CHE-107.787.577 IVA", "CHE107787577IVA"),
        (PhoneField(max_length=40), " (201) 555-0100 ", "(201) 555-0100"),
        (CodeField(max_length=10), " VIP 1 ", "VIP 1"),
        (CodeField(max_length=10), "A\u030a1", "\u00c51"),
        (KeyField(max_length=20), " 10 b/7 ", "10 b/7"),
        (MultilineField(max_length=250), " Unit 1\r\nMain Street 2\n", "Unit 1\nMain Street 2"),
    ],
)
def test_spelling_variants_become_one_value(field, written, canonical):
    assert taken(field, written) == canonical
    assert taken(field, canonical) == canonical


@pytest.mark.parametrize("field", [CodeField(null=True), IBANField(null=True), MultilineField()])
def test_nothing_stays_nothing(field):
    assert field.to_python(None) is None


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("NL91ABNA0417164301", "check digits"),
        ("NL91ABNA041716430", "length|check digits|form"),
        ("QQ91ABNA0417164300", "unknown|check digits"),
        ("NL91ABNA041716430\uff10", "form"),
    ],
)
def test_a_wrong_iban_is_refused_with_the_reason(number, reason):
    assert re.search(reason, reasons(IBANField(max_length=34), number))


@pytest.mark.parametrize(
    "number",
    ["BE68 5390 0754 7034", "BE83 1388 1173 5115", "ES91 2100 0418 4502 0005 1332"],
)
def test_an_iban_of_a_bank_that_no_list_has_is_taken(number):
    assert taken(IBANField(max_length=34), number) == number.replace(" ", "")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("BE41091811735141", "check digits"),
        ("ES1512341234171234567890", "check digits"),
        ("BE6853900754703", "check digits"),
    ],
)
def test_the_check_digits_of_its_country_count_too(number, reason):
    assert reason in reasons(IBANField(max_length=34), number)


@pytest.mark.parametrize("number", ["ABNANL2", "ABNANL2A5", "1BNANL2A", "ABNAQQ2A"])
def test_a_wrong_swift_code_is_refused(number):
    assert reasons(SWIFTField(max_length=11), number)


@pytest.mark.parametrize("number", ["N", "1" * 21, "NL€04495445B01", "=1+2", "N L\u00df1"])
def test_a_vat_number_of_the_wrong_form_is_refused(number):
    assert reasons(VATField(max_length=30), number) == "Use 2 to 20 letters and digits."


@pytest.mark.parametrize("number", ["1+23456L", "AB&0101011A1", "8Z49289F"])
def test_signs_that_real_vat_numbers_hold_are_taken(number):
    assert taken(VATField(max_length=20), number) == number


@pytest.mark.parametrize(
    "number", ["+31 20 123 45 67", "020/1234.567", "555-0100 ext. 12", "555-0100x12", "112"]
)
def test_telephone_numbers_are_kept_as_written(number):
    assert taken(PhoneField(max_length=40), number) == number


@pytest.mark.parametrize("number", ["12", "1" * 21, "call me", "=1+1", "555#1", "٠١٢٣"])
def test_what_is_no_telephone_number_is_refused(number):
    assert reasons(PhoneField(max_length=40), number)


@pytest.mark.parametrize("field", [CodeField(max_length=10), KeyField(max_length=10)])
@pytest.mark.parametrize("value", HIDDEN)
def test_codes_have_no_characters_that_nobody_sees(field, value):
    assert reasons(field, value)


@pytest.mark.parametrize("field", [CodeField(max_length=10), KeyField(max_length=10)])
@pytest.mark.parametrize("value", ["a\u00a0b", "\u3000a\u2003b "])
def test_every_blank_in_a_code_is_an_ordinary_one(field, value):
    assert taken(field, value) == "a b"


@pytest.mark.parametrize("start", "=+-@＝＋－＠")
def test_keys_are_no_formulas(start):
    assert "must not begin" in reasons(KeyField(max_length=10), f"{start}1")


@pytest.mark.parametrize("value", ["", "   "])
def test_keys_are_never_empty(value):
    assert reasons(KeyField(max_length=10), value)


def test_text_of_several_lines_has_a_greatest_length():
    field = MultilineField(max_length=5)
    assert taken(field, "12\n45") == "12\n45"
    assert reasons(field, "12\n456")


@pytest.mark.parametrize("address", ["https://example.com/a?b=1", "http://example.com"])
def test_web_addresses_are_taken_in_full(address):
    assert taken(WebAddressField(max_length=255), address) == address


@pytest.mark.parametrize("address", ["www.example.com", "ftp://example.com", "javascript:alert(1)"])
def test_web_addresses_are_never_guessed(address):
    assert reasons(WebAddressField(max_length=255), address)


def test_the_form_adds_no_scheme_to_a_web_address():
    assert WebAddressField(max_length=255).formfield().clean("www.a.com") == "www.a.com"
