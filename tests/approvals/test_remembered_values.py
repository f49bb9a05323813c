"""What texts and numbers came to is remembered, and remembered right."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from approvals.values import normalise
from customers.models import Customer


def field(name):
    return Customer._meta.get_field(name)


def test_a_text_keeps_the_spelling_of_each_number():
    assert [normalise(field("city"), Decimal(n)) for n in ("1.0", "1.00")] == ["1.0", "1.00"]


def test_a_number_that_is_none_is_refused():
    for text in ("NaN", "sNaN", "Infinity"):
        with pytest.raises(ValidationError):
            normalise(field("credit_limit"), Decimal(text))
