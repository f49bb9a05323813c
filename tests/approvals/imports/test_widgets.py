"""Cells of a file as values: nothing is guessed."""

from decimal import Decimal

import pytest

from approvals.imports.widgets import (
    ChoiceWidget,
    DecimalWidget,
    TextWidget,
    WholeNumberWidget,
    YesNoWidget,
    widget_for,
)
from customers.models import Customer


@pytest.mark.parametrize("text", ["yes", "YES", "Yes", "true", "TRUE", "1", " yes "])
def test_yes_is_read_in_any_case(text):
    assert YesNoWidget().clean(text) is True


@pytest.mark.parametrize("text", ["no", "No", "false", "FALSE", "0", " 0 "])
def test_no_is_read_in_any_case(text):
    assert YesNoWidget().clean(text) is False


@pytest.mark.parametrize("text", ["y", "n", "ja", "on", "2", "t", "-", "0.0", "None"])
def test_no_other_word_stands_for_yes_or_no(text):
    with pytest.raises(ValueError, match="neither yes nor no"):
        YesNoWidget().clean(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000", "1000"),
        ("1000.50", "1000.50"),
        ("-3", "-3"),
        (" 7 ", "7"),
        ("+1.0", "1"),
        (".5", "0.5"),
    ],
)
def test_numbers_have_a_decimal_point(text, number):
    assert DecimalWidget().clean(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "1,000",
        "1,000.00",
        "1.000,50",
        "1 000",
        "1e5",
        "NaN",
        "Infinity",
        "٣",
        "1_000",
        "$5",
        "5%",
        ".",
    ],
)
def test_grouping_exponents_and_other_digits_are_no_numbers(text):
    with pytest.raises(ValueError, match="decimal point"):
        DecimalWidget().clean(text)


def test_a_decimal_comma_is_read_only_where_the_importer_chose_it():
    widget = DecimalWidget()
    widget.separator = ","
    assert widget.clean("1000,50") == Decimal("1000.50")
    for text in ("1000.50", "1.000,50"):
        with pytest.raises(ValueError, match="decimal comma"):
            widget.clean(text)


@pytest.mark.parametrize("text", ["1.0", "1.5", "1,000", "five", "1_0", "٣", "1" * 31])
def test_whole_numbers_have_no_decimals(text):
    with pytest.raises(ValueError, match="whole number"):
        WholeNumberWidget().clean(text)


@pytest.mark.parametrize("text", ["BANK", "bank", "Bank transfer", " BANK "])
def test_a_choice_is_read_by_code_or_label(text):
    assert ChoiceWidget([("BANK", "Bank transfer"), ("CASH", "Cash")]).clean(text) == "BANK"


def test_an_unknown_choice_fails_naming_those_there_are():
    with pytest.raises(ValueError, match="BANK, CASH"):
        ChoiceWidget([("BANK", "Bank transfer"), ("CASH", "Cash")]).clean("Wire")


def test_a_message_shows_no_invisible_or_endless_text():
    with pytest.raises(ValueError) as failure:
        YesNoWidget().clean("a\u202eb\u3164c" + "x" * 500)
    assert "“a�b�cx" in str(failure.value)
    assert len(str(failure.value)) < 150


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", TextWidget),
        ("credit_limit", DecimalWidget),
        ("credit_limit_mandatory", YesNoWidget),
        ("on_hold", ChoiceWidget),
        ("payment_terms_base_days", WholeNumberWidget),
        ("customer_group", TextWidget),
    ],
)
def test_each_kind_of_field_has_its_widget(name, kind):
    assert type(widget_for(Customer._meta.get_field(name))) is kind


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("credit_limit", Decimal("1000.00"), "1000.00"),
        ("credit_limit", None, ""),
        ("credit_limit_mandatory", False, "No"),
        ("on_hold", "All", "All"),
        ("payment_terms_base_days", 0, "0"),
        ("country", None, ""),
    ],
)
def test_what_is_written_can_be_read_again(name, value, text):
    widget = widget_for(Customer._meta.get_field(name))
    assert widget.render(value) == text
    assert not text or widget.clean(text) == value
