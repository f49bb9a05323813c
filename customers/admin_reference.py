"""Django admin for the reference tables."""

from django.contrib import admin

from approvals.admin.visible import VisibleText

from .models import (
    Country,
    Currency,
    CustomerGroup,
    DeliveryTerms,
    PaymentMethod,
    PaymentTerms,
    TaxGroup,
)


@admin.register(CustomerGroup, PaymentMethod, DeliveryTerms, TaxGroup, Currency)
class ReferenceAdmin(VisibleText, admin.ModelAdmin):
    """A reference table: the code is given once and stays."""

    list_display = ("code", "name", "active")
    list_filter = ("active",)
    search_fields = ("code", "name")

    def get_readonly_fields(self, request, obj=None):
        """The code of a row that exists can't be edited: customers and history refer to it."""
        return ("code",) if obj else ()


@admin.register(PaymentTerms)
class PaymentTermsAdmin(ReferenceAdmin):
    """Terms of payment, with their days."""

    list_display = ("code", "name", "net_days", "active")


@admin.register(Country)
class CountryAdmin(ReferenceAdmin):
    """Countries and regions, with both ISO codes."""

    list_display = ("code", "alpha3", "name", "active")
    search_fields = ("code", "alpha3", "name")
