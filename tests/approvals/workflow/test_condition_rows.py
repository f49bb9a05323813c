"""Rows of conditions: how they read, and what is wrong with them."""

import pytest
from django.contrib.auth.models import Group, User
from django.utils import translation

from approvals.models import Match, Operator, Subject
from approvals.outcomes import Refused
from approvals.workflow import conditions
from customers.models import Country

from .rows import CUSTOMER, limit, owner, row


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("change", "iban", "present"), "IBAN is among the changes"),
        (("change", "iban", "absent"), "IBAN is not among the changes"),
        (
            ("raised", "credit_limit", "more_percent", "20"),
            "Credit limit raised by more than 20 %",
        ),
        (("lowered", "credit_limit", "at_least", "5000"), "Credit limit lowered by at least 5,000"),
        (("raised", "credit_limit", "more", "0.5"), "Credit limit raised by more than 0.5"),
        (("new", "credit_limit", "less", "50"), "New value of Credit limit is less than 50.00"),
        (("old", "name", "contains", "Ltd"), "Old value of Name contains “Ltd”"),
        (("record", "country", "is", "NL"), "Country/region of the customer is NL"),
        (("record", "party_type", "one_of", "Person"), "Type of the customer is Person"),
        (("record", "one_time_customer", "is", "1"), "One-time customer of the customer is Yes"),
        (("record", "iban", "empty"), "IBAN of the customer is empty"),
        (("origin", "", "is", "import"), "Origin is Import"),
        (("origin", "", "one_of", "import,browser"), "Origin is Browser or Import"),
        (("kind", "", "is_not", "new"), "Kind of proposal is not New customer"),
        (("new", "credit_limit", "is", "much"), "New value of Credit limit is much"),
        (("new", "gone", "is", "x"), "New value of gone is x"),
    ],
)  # fmt: skip
def test_a_row_reads_as_a_sentence(args, text):
    assert conditions.describe(owner(row(*args)), CUSTOMER) == text


def test_people_and_groups_are_named():
    person = User(pk=7, first_name="Clara", last_name="Clerk")
    described = owner(
        row("originator", person=person),
        row("originator_group", operator="is_not", group=Group(pk=1, name="Clerk")),
        match=Match.ANY,
    )
    assert conditions.describe(described, CUSTOMER) == (
        "Any of: Originator is Clara Clerk; Originator's group is not Clerk"
    )


def test_a_condition_is_described_in_one_line():
    rows = row("change", "iban", "present"), row("origin", "", "is", "import")
    assert conditions.describe(owner(), CUSTOMER) == "Always"
    assert conditions.describe(owner(*rows), CUSTOMER) == (
        "All of: IBAN is among the changes; Origin is Import"
    )


def test_values_are_shown_in_the_readers_language():
    with translation.override("nl"):
        text = conditions.describe(owner(row("new", "credit_limit", "more", "5000")), CUSTOMER)
    assert text.endswith("5.000,00")


@pytest.mark.parametrize(
    ("args", "column", "text"),
    [
        (("new", "", "is", "1"), "field", "Choose the field"),
        (("new", "shoe_size", "is", "1"), "field", "no field “shoe_size”"),
        (("new", "account", "is", "1"), "field", "no field “account”"),
        (("new", "credit_limit", "present"), "operator", "does not suit"),
        (("new", "credit_limit", "contains", "1"), "operator", "does not suit"),
        (("new", "name", "more", "1"), "operator", "does not suit"),
        (("new", "credit_limit_mandatory", "empty"), "operator", "does not suit"),
        (("raised", "name", "more", "1"), "operator", "suits only numbers and dates"),
        (("raised", "credit_limit", "is", "1"), "operator", "does not suit"),
        (("origin", "", "more", "1"), "operator", "does not suit"),
        (("whatever", "", "is", "1"), "operator", "suits only"),
        (("new", "credit_limit", "is", " "), "value", "Give the value"),
        (("new", "credit_limit", "is", "much"), "value", "“much” is not a number"),
        (("new", "credit_limit", "is", "1e999999999"), "value", "too many digits"),
        (("new", "credit_limit", "is", "NaN"), "value", "not a finite number"),
        (("new", "credit_limit", "one_of", "1, much"), "value", "“much” is not a number"),
        (("new", "credit_limit", "one_of", " , "), "value", "separated by commas"),
        (("raised", "credit_limit", "more_percent", "-1"), "value", "greater than or equal to 0"),
        (("raised", "credit_limit", "more", "a lot"), "value", "is not a number"),
        (("new", "on_hold", "is", "Sometimes"), "value", "not one of the choices"),
        (("new", "credit_limit_mandatory", "is", "maybe"), "value", "1 for yes"),
        (("new", "name", "contains", "a\u200bb"), "value", "U+200B"),
        (("origin", "", "is", "pigeon"), "value", "not one of browser, admin"),
        (("originator", "", "is"), "person", "Choose the person"),
        (("originator_group", "", "is"), "group", "Choose the group"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_by_column(args, column, text):
    errors = conditions.errors_of(row(*args), CUSTOMER)
    assert list(errors) == [column]
    [message] = conditions.problems_of(row(*args), CUSTOMER)
    assert text in message
    assert errors[column] == [message]


def test_a_reference_code_has_to_exist(db):
    Country.objects.get_or_create(code="NL", defaults={"name": "Netherlands"})
    assert conditions.problems_of(row("record", "country", "is", "NL"), CUSTOMER) == []
    found = conditions.problems_of(row("record", "country", "one_of", "NL, QQ, ZZ"), CUSTOMER)
    assert found == [f"“{code}” is not in the list of countries/regions." for code in ("QQ", "ZZ")]


def test_the_comparisons_offered_are_those_that_are_taken():
    """Each field with each comparison offered for it can be read, once its value is right."""
    values = {"credit_limit": "5", "name": "x", "on_hold": "All", "exclude_interest_charge": "1"}
    for subject in ("change", "old", "new", "raised", "lowered", "record"):
        for name, value in values.items():
            for operator in conditions.operators_for(subject, CUSTOMER.fields[name]):
                assert conditions.errors_of(row(subject, name, operator, value), CUSTOMER) == {}


def test_every_subject_has_comparisons_and_every_comparison_a_subject():
    offered = {subject: set(conditions.operators_for(subject)) for subject in Subject}
    assert all(offered.values())
    assert set().union(*offered.values()) == set(Operator)


@pytest.mark.parametrize(
    "args", [("new", "shoe_size", "is", "1"), ("new", "credit_limit", "more", "much")]
)
def test_a_row_that_cannot_be_read_is_refused_and_never_guessed(args):
    with pytest.raises(Refused, match="cannot be read"):
        conditions.evaluate(owner(row(*args)), limit("1", "2"))


def test_a_row_is_read_once_however_many_proposals_meet_it(monkeypatch):
    read = []
    real = conditions.condition_rows.read
    monkeypatch.setattr(
        conditions.condition_rows, "read", lambda *args: read.append(1) or real(*args)
    )
    condition = owner(row("new", "credit_limit", "more", "1"))
    found = [conditions.evaluate(condition, limit("1", n)).holds for n in range(5)]
    assert found == [False, False, True, True, True]
    assert len(read) == 1


def test_a_row_is_worded_once_in_each_language(monkeypatch):
    worded = []
    real = conditions.condition_rows.text_of
    monkeypatch.setattr(
        conditions.condition_rows, "text_of", lambda *args: worded.append(1) or real(*args)
    )
    condition = owner(row("new", "credit_limit", "more", "5000"))
    reasons = {conditions.evaluate(condition, limit("1", "2")).reason for _time in range(5)}
    assert len(reasons) == len(worded) == 1
    with translation.override("nl"):
        assert conditions.evaluate(condition, limit("1", "2")).reason not in reasons
