"""Text is taken only as everybody sees it, and spelt in one way."""

import sys
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from approvals import proposals
from approvals.changes import change_records
from approvals.models import Proposal, State, Verb, WorkflowEvent
from approvals.outcomes import BROWSER, Change
from approvals.values import clean_text, normalise
from customers.models import Customer
from tests.approvals.helpers import decide_url, edit, live, vote
from tests.customers.factories import customer
from tests.unguarded import unguarded
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


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000"])
def test_a_name_that_was_stored_with_another_blank_is_no_change(clerk, blank):
    customer("S-1", name=f"Shop{blank}AG")
    assert edit(clerk, "S-1", name=f"Shop{blank}AG").direct == []
    assert edit(clerk, "S-1", name="Shop AG").direct == []
    assert [change.new for change in edit(clerk, "S-1", name="Shop SE").direct] == ["Shop SE"]


@pytest.mark.parametrize(
    ("old", "reason"), [("New\u00a0Shop", "another spelling"), ("New\u3164Shop", "U+3164")]
)
def test_a_value_that_waited_since_before_comes_back_and_can_be_set_again(
    clerk, approver, second_approver, workflow, govern_fields, old, reason
):
    govern_fields("name")
    customer("S-1", name="Shop")
    edit(clerk, "S-1", name="New Shop")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    with unguarded():
        proposal.changes.update(value=old)

    vote(approver, proposal)
    vote(second_approver, proposal)
    proposal.refresh_from_db()
    assert (proposal.state, live("S-1", "name")) == (State.CHANGE_REQUESTED, "Shop")
    assert reason in WorkflowEvent.objects.get(verb=Verb.CONFLICT).comment

    edit(clerk, "S-1", name="New Shop")
    assert proposals.submit(proposal.pk, by=clerk).changes.get().value == "New Shop"


@pytest.fixture
def stored_before(clerk, workflow, govern_fields):
    """A proposal of a customer, submitted, with values as an older version took them."""
    govern_fields("name", "notes")
    customer("S-1", name="Shop\u3164", notes="Old\r\nnote")
    edit(clerk, "S-1", name="New Shop", notes="New note")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    with unguarded():
        proposal.changes.filter(field="name").update(value="New Shop\U000e0100")
        proposal.changes.filter(field="notes").update(value="New\n\tnote\u202e")
    return proposal


@pytest.mark.parametrize("page", ["proposed", "decide", "history"])
def test_a_place_that_nobody_sees_has_a_sign_where_it_was_stored_before(
    client, clerk, approver, stored_before, page
):
    pk = stored_before.object_id
    someone, url = {
        "proposed": (clerk, reverse("customers:proposed_changes", args=[pk])),
        "decide": (approver, decide_url(stored_before, approver)),
        "history": (clerk, reverse("customers:history", args=[pk])),
    }[page]
    client.force_login(someone)
    html = client.get(url).content.decode()
    assert not set("\u3164\U000e0100\u202e") & set(html)
    assert "Shop�" in html
    if page != "history":
        assert "New Shop�" in html and "New<br>\tnote�" in html and "Old<br>note" in html
