"""Text is taken only as everybody sees it, and spelt in one way."""

import sys
import unicodedata

import pytest
from django.core.exceptions import ValidationError

from approvals.changes import change_records
from approvals.outcomes import BROWSER, Change
from approvals.values import clean_text, normalise
from customers.models import Customer
from tests.unseen import BLANKS, CODES, IGNORABLE, is_unseen


def refusal(text, **options):
    """Why a text is refused."""
    with pytest.raises(ValidationError) as caught:
        clean_text(text, **options)
    return caught.value.messages[0]


def test_the_list_is_whole():
    # So many code points Unicode says there are.
    assert sum(last - first + 1 for first, last in IGNORABLE) == 4174


def test_no_character_that_nobody_sees_is_taken():
    # NFC spells a few characters as others: those count that are left.
    taken = []
    for code in range(sys.maxunicode + 1):
        char = unicodedata.normalize("NFC", chr(code))
        if is_unseen(char[0]):
            try:
                taken.append(f"U+{code:04X} as {clean_text(f'Shop{char}x')!r}")
            except ValidationError as error:
                assert f"U+{code:04X}" in error.messages[0]
    assert not taken


def test_every_other_character_is_taken():
    refused = []
    for code in range(sys.maxunicode + 1):
        if not (is_unseen(chr(code)) or chr(code) in "\n\r\t"):
            try:
                clean_text(f"a{chr(code)}b")
            except ValidationError:
                refused.append(hex(code))
    assert not refused


def test_it_is_refused_alone_and_in_text_of_several_lines():
    for code in sorted(CODES):
        assert f"U+{code:04X}" in refusal(chr(code))
        assert f"U+{code:04X}" in refusal(f"größer\n\t{chr(code)}x", multiline=True)


@pytest.mark.parametrize("blank", [chr(code) for code in BLANKS])
def test_a_blank_of_another_kind_is_an_ordinary_one(blank):
    assert clean_text(f"{blank}Shop{blank}AG{blank} ") == "Shop AG"
    assert clean_text(f"{blank}Shop{blank}AG\r\n{blank}", multiline=True) == "Shop AG"
    assert clean_text(blank) == ""


def test_there_are_no_other_blanks():
    others = {code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Zs"}
    assert others == {0x20, *BLANKS}


@pytest.mark.parametrize("emoji", ["☎\ufe0f", "👩\u200d🔧"])
def test_a_refused_emoji_is_called_one(emoji):
    assert "emoji" in refusal(f"Shop {emoji}")
    assert "emoji" not in refusal("Shop\u3164")


@pytest.mark.parametrize("name", ["größer", "大きい", "Ελλάδα", "👍", "प्रिय", "עברית"])
def test_names_in_other_languages_are_taken(name):
    assert clean_text(name) == name


def test_a_required_field_is_not_filled_with_a_blank():
    with pytest.raises(ValidationError, match="required"):
        normalise(Customer._meta.get_field("name"), "\u3000\u00a0")


@pytest.mark.parametrize("name", ["\u3164", "Shop\U000e0100", "\u2800"])
def test_no_customer_gets_a_name_that_cannot_be_read(clerk, name):
    [outcome] = change_records(
        Customer,
        [Change("S-9", {"name": name, "customer_group": "10"}, new=True)],
        by=clerk,
        source=BROWSER,
    )
    assert [error.field for error in outcome.errors] == ["name"]
    assert not Customer.objects.exists()
