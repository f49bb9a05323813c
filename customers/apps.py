"""The customer master as a Django app; it puts customers under approval."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

# Heading -> fields, in the order of the form. Exactly these can be set and governed.
GROUPS = (
    (
        _("General"),
        (
            "name",
            "search_name",
            "party_type",
            "customer_group",
            "statistics_group",
            "language",
            "known_as",
            "notes",
        ),
    ),
    (
        _("Addresses and contact"),
        (
            "street",
            "city",
            "state",
            "postal_code",
            "county",
            "country",
            "contact_person",
            "phone",
            "fax",
            "email",
            "url",
        ),
    ),
    (
        _("Credit and collections"),
        (
            "credit_limit",
            "credit_limit_mandatory",
            "credit_rating",
            "on_hold",
            "exclude_interest_charge",
            "exclude_collection_fee",
            "write_off_reason",
        ),
    ),
    (
        _("Payment"),
        (
            "payment_terms",
            "payment_method",
            "payment_specification",
            "payment_schedule",
            "payment_day",
            "payment_terms_base_days",
            "cash_discount",
            "use_cash_discount",
        ),
    ),
    (
        _("Invoice and delivery"),
        (
            "invoice_account",
            "invoice_address",
            "delivery_street",
            "delivery_city",
            "delivery_state",
            "delivery_postal_code",
            "delivery_country",
            "delivery_terms",
            "delivery_mode",
            "warehouse",
            "site",
            "electronic_invoice",
        ),
    ),
    (
        _("Sales defaults"),
        (
            "currency",
            "price_group",
            "line_discount_group",
            "multiline_discount_group",
            "total_discount_group",
            "commission_group",
            "sales_district",
            "sales_segment",
            "line_of_business",
            "prices_include_tax",
            "sales_order_pool",
            "one_time_customer",
            "vendor_account",
        ),
    ),
    (
        _("Tax and identification"),
        (
            "tax_group",
            "tax_exempt_number",
            "organization_number",
            "identification_number",
        ),
    ),
    (_("Bank"), ("bank_account", "bank_name", "iban", "swift")),
)


class CustomersConfig(AppConfig):
    """Customer master data and its reference tables."""

    name = "customers"
    verbose_name = _("Customers")

    def ready(self):
        """Put customers under approval and have the reference tables seeded."""
        from approvals.registry import govern

        from .imports.jobs import work
        from .models import Customer
        from .reference import seed_after_migrate
        from .rules import rules

        post_migrate.connect(seed_after_migrate, sender=self)
        govern(
            Customer,
            key="account",
            groups=dict(GROUPS),
            workflow_type=_("Proposed customer change workflow"),
            element=_("Workflow approval for proposed customer change"),
            rules=rules,
            work_on_import=work,
            unlimited=("credit_limit",),
        )
