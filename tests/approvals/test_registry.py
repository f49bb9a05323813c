"""The register of governed models."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from approvals import registry
from customers.models import Customer


@pytest.mark.parametrize("name", ["name", "on_hold", "account", "nothing"])
def test_only_a_number_can_be_without_limit_when_it_is_empty(name):
    groups = {"General": ("name", "on_hold", "credit_limit")}
    texts = {"workflow_type": "", "element": ""}
    with pytest.raises(ImproperlyConfigured, match=f"'{name}'"):
        registry.govern(Customer, key="account", groups=groups, unlimited=(name,), **texts)


def test_an_empty_credit_limit_is_no_limit_and_other_empty_numbers_are_just_empty():
    assert registry.get(Customer).unlimited == {"credit_limit"}
