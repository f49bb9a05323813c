"""The customer master and the reference tables its fields refer to."""

from .customer import Customer
from .reference import (
    Country,
    Currency,
    CustomerGroup,
    DeliveryTerms,
    PaymentMethod,
    PaymentTerms,
    ReferenceData,
    TaxGroup,
)

__all__ = [
    "Country",
    "Currency",
    "Customer",
    "CustomerGroup",
    "DeliveryTerms",
    "PaymentMethod",
    "PaymentTerms",
    "ReferenceData",
    "TaxGroup",
]
