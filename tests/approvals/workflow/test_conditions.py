"""Conditions: what each row means."""

import datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from django.db import models

from approvals import registry
from approvals.models import Kind, Match, Origin
from approvals.workflow import condition_rows, conditions

from .rows import CUSTOMER, changed, facts, holds, limit, owner, row


def test_without_rows_a_condition_always_holds():
    evaluation = conditions.evaluate(owner(), facts())
    assert (evaluation.holds, evaluation.rows, evaluation.reason) == (True, (), "")


@pytest.mark.parametrize(("match", "expected"), [(Match.ALL, False), (Match.ANY, True)])
def test_rows_are_combined_by_all_or_any(match, expected):
    rows = (
        row("new", "iban", "is_not", "NL91ABNA0417164300"),
        row("change", "credit_limit", "present"),
    )
    evaluation = conditions.evaluate(owner(*rows, match=match), limit("1", "2"))
    assert [result.holds for result in evaluation.rows] == [False, True]
    assert evaluation.holds is expected
    assert evaluation.reason == "Does not hold: New value of IBAN is not NL91ABNA0417164300"


def test_a_field_is_among_the_changes_or_not():
    assert holds(limit("1", "2"), "change", "credit_limit", "present")
    assert not holds(limit("1", "2"), "change", "iban", "present")
    assert holds(limit("1", "2"), "change", "iban", "absent")
    assert not holds(limit("1", "2"), "change", "credit_limit", "absent")


@pytest.mark.parametrize("subject", ["old", "new"])
@pytest.mark.parametrize(
    ("operator", "value"),
    [("is", "5"), ("is_not", "5"), ("empty", ""), ("less", "5"), ("one_of", "5, 6")],
)
def test_a_row_about_a_change_does_not_hold_where_the_field_is_not_changed(
    subject, operator, value
):
    assert not holds(facts(), subject, "credit_limit", operator, value)


@pytest.mark.parametrize("subject", ["raised", "lowered"])
def test_what_is_not_changed_is_not_raised_or_lowered(subject):
    assert not holds(facts(), subject, "credit_limit", "at_least", "0")


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is", "1000", True),
        ("is", "1000.00", True),
        ("is", "999", False),
        ("is_not", "999", True),
        ("one_of", "5, 1000.0", True),
        ("one_of", "5, 6", False),
        ("empty", "", False),
        ("not_empty", "", True),
        ("more", "999.99", True),
        ("more", "1000", False),
        ("at_least", "1000", True),
        ("at_least", "1000.01", False),
        ("less", "1000", False),
        ("less", "1000.01", True),
        ("at_most", "1000", True),
        ("at_most", "999.99", False),
    ],
)
def test_numbers_are_compared_by_what_they_are_worth(operator, value, expected):
    assert holds(limit("5", "1000.00"), "new", "credit_limit", operator, value) is expected
    assert holds(limit("1000.00", "5"), "old", "credit_limit", operator, value) is expected
    current = facts(record={"credit_limit": Decimal("1000.00")})
    assert holds(current, "record", "credit_limit", operator, value) is expected


@pytest.mark.parametrize("operator", ["more", "at_least", "less", "at_most", "is"])
def test_an_empty_number_is_neither_more_nor_less_than_anything(operator):
    name = "payment_terms_base_days"
    assert not holds(changed(name, 5, None), "new", name, operator, "0")
    assert not holds(changed(name, None, 5), "old", name, operator, "0")
    assert not holds(facts(record={name: None}), "record", name, operator, "0")


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("more", True), ("at_least", True), ("less", False), ("at_most", False), ("is", False)],
)
def test_no_credit_limit_is_more_than_any(operator, expected):
    row = ("credit_limit", operator, "9999999999999")
    assert holds(limit("5", None), "new", *row) is expected
    assert holds(limit(None, "5"), "old", *row) is expected
    assert holds(facts(record={"credit_limit": None}), "record", *row) is expected


def test_an_empty_value_is_empty_and_is_not_everything():
    assert holds(limit("5", None), "new", "credit_limit", "empty")
    assert holds(limit("5", None), "new", "credit_limit", "is_not", "0")
    assert holds(changed("iban", "NL91ABNA0417164300", ""), "new", "iban", "empty")
    assert not holds(changed("iban", "NL91ABNA0417164300", ""), "old", "iban", "empty")


@pytest.mark.parametrize(
    ("old", "new", "operator", "value", "expected"),
    [
        ("1000", "1200", "more", "200", False),
        ("1000", "1200.01", "more", "200", True),
        ("1000", "1200", "at_least", "200", True),
        ("1000", "1199.99", "at_least", "200", False),
        ("1000", "1200", "more_percent", "20", False),
        ("1000", "1200.01", "more_percent", "20", True),
        ("1000", "1200", "at_least_percent", "20", True),
        ("1000", "1199.99", "at_least_percent", "20", False),
        ("1000", "800", "more", "0", False),
        ("0", "0.01", "more_percent", "900", True),
        (None, "0.01", "more_percent", "0", False),
        (None, "500", "at_least", "0", False),
        ("500", None, "at_least", "999999", True),
        ("500", None, "more_percent", "999999", True),
        ("500", None, "at_most", "999999", False),
        ("1000", "1050", "at_most", "50", True),
        ("1000", "1050.01", "at_most", "50", False),
        ("1000", "1050", "at_most_percent", "5", True),
        ("1000", "1050.01", "at_most_percent", "5", False),
        ("1000", "999", "at_most", "50", False),
        ("0", "1", "at_most_percent", "999999", False),
        ("0", None, "at_most_percent", "999999", False),
    ],
)
def test_raised_by_an_amount_or_a_percentage(old, new, operator, value, expected):
    assert holds(limit(old, new), "raised", "credit_limit", operator, value) is expected


@pytest.mark.parametrize(
    ("old", "new", "operator", "value", "expected"),
    [
        ("1000", "800", "more", "200", False),
        ("1000", "799.99", "more", "200", True),
        ("1000", "800", "at_least_percent", "20", True),
        ("1000", "800", "more_percent", "20", False),
        ("1000", "1200", "more", "0", False),
        ("1000", "0", "at_least_percent", "100", True),
        (None, "1.00", "more", "9999999", True),
        (None, "1200", "at_least_percent", "100", True),
        (None, "0", "more_percent", "9999999", True),
        (None, "1200", "at_most", "9999999", False),
        (None, "1200", "at_most_percent", "9999999", False),
    ],
)
def test_lowered_by_an_amount_or_a_percentage(old, new, operator, value, expected):
    assert holds(limit(old, new), "lowered", "credit_limit", operator, value) is expected


def test_a_limit_that_is_taken_away_is_not_a_lowered_one():
    """Else "approve automatically what lowers the limit" would approve "no limit at all"."""
    for operator in ("more", "at_least", "at_most", "more_percent", "at_most_percent"):
        assert not holds(limit("1000", None), "lowered", "credit_limit", operator, "0")


@pytest.mark.parametrize(
    ("old", "new", "subject", "operator", "value", "expected"),
    [
        (None, 30, "raised", "at_least", "30", True),
        (None, 30, "raised", "more", "30", False),
        (None, 1, "raised", "more_percent", "900", True),
        (None, 1, "raised", "at_most_percent", "900", False),
        (30, None, "lowered", "at_least", "30", True),
        (30, None, "lowered", "more", "30", False),
        (30, None, "lowered", "at_least_percent", "100", True),
        (30, None, "raised", "at_least", "0", False),
        (None, 0, "raised", "at_least", "0", False),
    ],
)
def test_an_empty_number_that_is_no_limit_counts_as_0_in_a_step(
    old, new, subject, operator, value, expected
):
    name = "payment_terms_base_days"
    assert holds(changed(name, old, new), subject, name, operator, value) is expected


def new_customer(limit):
    """A new customer with a credit limit; None leaves it empty, as it is by default."""
    changes = {} if limit is None else {"credit_limit": (None, Decimal(limit))}
    record = {"credit_limit": limit and Decimal(limit)}
    return facts(kind=Kind.NEW, changes=changes, record=record)


@pytest.mark.parametrize(
    ("limit", "subject", "operator", "value", "expected"),
    [
        ("500", "raised", "at_least", "500", True),
        ("500", "raised", "more", "500", False),
        ("500", "lowered", "at_least", "0", False),
        ("500", "old", "at_least", "0", False),
        (None, "raised", "more", "9999999", True),
        (None, "raised", "more_percent", "9999999", True),
        (None, "raised", "at_most", "9999999", False),
        (None, "new", "at_least", "100000", True),
        (None, "new", "at_most", "100000", False),
        (None, "record", "more", "100000", True),
        (None, "lowered", "at_least", "0", False),
    ],
)
def test_a_new_customer_gets_his_limit_from_nothing_and_none_is_beyond_all(
    limit, subject, operator, value, expected
):
    assert holds(new_customer(limit), subject, "credit_limit", operator, value) is expected


def test_what_else_a_new_customer_leaves_empty_is_not_changed():
    known = facts(kind=Kind.NEW)
    assert not holds(known, "new", "payment_terms_base_days", "empty")
    assert not holds(known, "change", "credit_limit", "present")


def test_whole_numbers_are_raised_too():
    assert holds(changed("payment_terms_base_days", 10, 31), "raised",
                 "payment_terms_base_days", "more", "20")  # fmt: skip
    assert holds(changed("payment_terms_base_days", 0, 1), "raised",
                 "payment_terms_base_days", "more_percent", "1000")  # fmt: skip


class Contract(models.Model):
    """A model with a date; no table is made for it."""

    ends = models.DateField("End date", null=True, blank=True)

    class Meta:
        app_label = "conditions_test"
        managed = False

    def __str__(self):
        return str(self.ends)


CONTRACT = registry.Governed(Contract, "id", {"": ("ends",)}, "", "")


def moved_end(old, new):
    day = datetime.date
    pair = tuple(None if d is None else day(2026, 1, 1) + datetime.timedelta(d) for d in (old, new))
    return facts(governed=CONTRACT, changes={"ends": pair}, record={"ends": pair[0]})


@pytest.mark.parametrize(
    ("old", "new", "operator", "value", "expected"),
    [
        (0, 31, "more", "30", True),
        (0, 30, "more", "30", False),
        (0, 30, "at_least", "30", True),
        (30, 0, "at_least", "0", False),
        (None, 0, "more", "9999", True),
        (0, None, "at_least", "0", False),
    ],
)
def test_dates_are_raised_by_days(monkeypatch, old, new, operator, value, expected):
    monkeypatch.setattr(registry.Governed, "proposable", registry.Governed.fields)
    assert holds(moved_end(old, new), "raised", "ends", operator, value) is expected


def test_a_date_that_is_taken_away_is_lowered_by_any_number_of_days(monkeypatch):
    monkeypatch.setattr(registry.Governed, "proposable", registry.Governed.fields)
    assert holds(moved_end(0, None), "lowered", "ends", "more", "9999")
    assert not holds(moved_end(0, None), "lowered", "ends", "at_most", "9999")


def test_dates_are_compared_with_iso_dates_and_read_in_days():
    assert holds(moved_end(0, 31), "new", "ends", "more", "2026-01-31")
    assert not holds(moved_end(0, 30), "new", "ends", "more", "2026-01-31")
    condition = owner(row("raised", "ends", "more", "30"))
    assert conditions.describe(condition, CONTRACT) == "End date raised by more than 30 days"


@pytest.mark.parametrize(
    ("value", "expected"), [("acme", True), ("ACME B", True), (" B.V. ", True), ("x", False)]
)
def test_a_text_contains_another_whatever_the_case(value, expected):
    assert holds(changed("name", "", "The Acme B.V."), "new", "name", "contains", value) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is", "ACME b.v.", True),
        ("is", "Acme", False),
        ("is_not", "acme B.V.", False),
        ("is_not", "Acme", True),
        ("one_of", "Other, ACME b.v.", True),
        ("one_of", "Other, Acme", False),
    ],
)
def test_a_text_is_another_whatever_the_case(operator, value, expected):
    assert holds(changed("name", "", "Acme B.V."), "new", "name", operator, value) is expected
    known = facts(record={"name": "acme b.v."})
    assert holds(known, "record", "name", operator, value) is expected


def test_a_text_to_compare_with_reads_as_it_was_written():
    for operator in ("is", "contains"):
        assert "Acme B.V." in condition_rows.text_of(
            row("new", "name", operator, "Acme B.V."), CUSTOMER
        )


def test_texts_are_compared_in_one_spelling():
    assert holds(changed("name", "", "Caf\u00e9"), "new", "name", "is", " Cafe\u0301 ")
    assert holds(changed("name", "", "CAF\u00c9"), "new", "name", "contains", "cafe\u0301")
    assert holds(changed("iban", "", "NL91ABNA0417164300"), "new", "iban", "is",
                 "nl91 abna 0417 1643 00")  # fmt: skip


def test_a_yes_or_no_and_a_choice_are_compared_by_their_codes():
    assert holds(changed("credit_limit_mandatory", False, True), "new",
                 "credit_limit_mandatory", "is", "1")  # fmt: skip
    assert holds(changed("on_hold", "No", "All"), "new", "on_hold", "one_of", "All, Invoice")


def test_the_customers_current_value_is_not_the_proposed_one():
    known = facts(changes={"country": ("NL", "DE")}, record={"country": "NL"})
    assert holds(known, "record", "country", "is", "NL")
    assert not holds(known, "record", "country", "is", "DE")
    assert not holds(facts(record={"country": None}), "record", "country", "is", "NL")
    assert holds(facts(record={"country": None}), "record", "country", "is_not", "NL")


def test_origin_and_kind():
    imported = facts(origin=Origin.IMPORT, kind=Kind.NEW)
    assert holds(imported, "origin", operator="is", value="import")
    assert holds(imported, "origin", operator="one_of", value="Browser, Import")
    assert not holds(imported, "origin", operator="is_not", value="import")
    assert holds(imported, "kind", operator="is", value="new")
    assert not holds(imported, "kind", operator="is", value="change")


def test_originator_and_his_groups():
    known = facts(originator=7, groups=frozenset({3}))
    person, other = User(pk=7), User(pk=8)
    assert holds(known, "originator", person=person)
    assert not holds(known, "originator", person=other)
    assert holds(known, "originator", operator="is_not", person=other)
    assert holds(known, "originator_group", group=Group(pk=3))
    assert not holds(known, "originator_group", group=Group(pk=4))
    assert holds(known, "originator_group", operator="is_not", group=Group(pk=4))
