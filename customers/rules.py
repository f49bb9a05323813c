"""Rules across the fields of one customer."""

from collections.abc import Iterable, Mapping
from functools import cache

from django.utils.translation import gettext as _
from stdnum.util import get_cc_module

from approvals.registry import Rule

from .fields import fault

# Territories whose banks have a SWIFT code of their own and the IBAN of another country,
# as the IBAN registry lists them.
IBAN_COUNTRY = {
    **dict.fromkeys(("GG", "IM", "JE"), "GB"),
    **dict.fromkeys(("BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "TF", "WF", "YT"), "FR"),
    "AX": "FI",
}


def rules(values: Mapping) -> Iterable[Rule]:
    """The rules that `values` (field name -> value, references as codes) break.

    Runs once per imported row and asks the database nothing.
    """
    broken = (vat_number(values), bank(values), mandatory_limit(values))
    return [rule for rule in broken if rule]


def vat_number(values: Mapping) -> Rule | None:
    """A VAT number is one of the customer's country, with or without its prefix."""
    number, country = values.get("tax_exempt_number"), values.get("country")
    standard = vat_standard(country) if number and country else None
    if standard and (reason := fault(standard, number)):
        message = _("The tax exempt number is not one of %(country)s: %(reason)s")
        return Rule(
            ("tax_exempt_number", "country"), message % {"country": country, "reason": reason}
        )
    return None


@cache
def vat_standard(country: str):
    """The python-stdnum module for a country's VAT numbers; None where it has none."""
    return get_cc_module(country.lower(), "vat")


def bank(values: Mapping) -> Rule | None:
    """The IBAN and the SWIFT code name a bank of one country."""
    iban, swift = values.get("iban"), values.get("swift")
    if not (iban and swift) or IBAN_COUNTRY.get(swift[4:6], swift[4:6]) == iban[:2]:
        return None
    message = _("The IBAN is of %(iban)s, the SWIFT code of %(swift)s.")
    return Rule(("iban", "swift"), message % {"iban": iban[:2], "swift": swift[4:6]})


def mandatory_limit(values: Mapping) -> Rule | None:
    """A mandatory credit limit needs a credit limit."""
    if not values.get("credit_limit_mandatory") or values.get("credit_limit") is not None:
        return None
    return Rule(
        ("credit_limit_mandatory", "credit_limit"),
        _("A mandatory credit limit needs a credit limit."),
    )
