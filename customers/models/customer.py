"""The customer: one row of the receivables master."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from approvals.models import GovernedModel
from approvals.values import shown

from ..fields import (
    CodeField,
    IBANField,
    KeyField,
    MultilineField,
    PhoneField,
    SWIFTField,
    VATField,
    WebAddressField,
)
from .reference import (
    Country,
    Currency,
    CustomerGroup,
    DeliveryTerms,
    PaymentMethod,
    PaymentTerms,
    TaxGroup,
)


def company_currency() -> str:
    """The currency a new customer has unless somebody says otherwise."""
    return settings.COMPANY_CURRENCY


def text(label, length, kind=models.CharField, **options):
    """An optional text of at most `length` characters."""
    return kind(label, max_length=length, blank=True, default="", **options)


def code(label, length=10, **options):
    """An optional code."""
    return text(label, length, CodeField, **options)


def refers_to(model, label, **options):
    """A reference to a row that can't be deleted while it is in use.

    It has no index of its own: the columns that lists filter by have one with the account.
    """
    options = {"on_delete": models.PROTECT, "related_name": "+", "db_index": False, **options}
    return models.ForeignKey(model, verbose_name=label, **options)


def may_refer_to(model, label, **options):
    """An optional reference."""
    return refers_to(model, label, null=True, blank=True, **options)


def yes_no(label, **options):
    """A yes or no, no unless said otherwise."""
    return models.BooleanField(label, default=False, **options)


class Customer(GovernedModel):
    """A customer. Written only through `approvals.changes`, which also validates it."""

    class PartyType(models.TextChoices):
        """What kind of party the customer is."""

        ORGANIZATION = "Organization", _("Organization")
        PERSON = "Person", _("Person")

    class OnHold(models.TextChoices):
        """What is stopped for the customer."""

        NO = "No", _("No")
        INVOICE = "Invoice", _("Invoice")
        ALL = "All", _("All")
        PAYMENT = "Payment", _("Payment")
        REQUISITION = "Requisition", _("Requisition")
        NEVER = "Never", _("Never")

    class UseCashDiscount(models.TextChoices):
        """When the cash discount is given."""

        NORMAL = "Normal", _("Normal")
        ALWAYS = "Always", _("Always")
        NEVER = "Never", _("Never")

    class InvoiceAddress(models.TextChoices):
        """Whose address the invoice carries."""

        INVOICE_ACCOUNT = "InvoiceAccount", _("Invoice account")
        ORDER_ACCOUNT = "OrderAccount", _("Order account")

    account = KeyField(
        _("Customer account"),
        max_length=20,
        unique=True,
        help_text=_("Never changes once given."),
    )

    name = models.CharField(_("Name"), max_length=200)
    search_name = text(_("Search name"), 60)
    party_type = models.CharField(
        _("Type"), max_length=20, choices=PartyType, default=PartyType.ORGANIZATION
    )
    # Required, but empty on a new customer that is held while its group waits for approval.
    customer_group = refers_to(CustomerGroup, _("Customer group"), null=True)
    statistics_group = code(_("Statistics group"))
    language = code(
        _("Language"),
        validators=[
            RegexValidator(r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,6})*\Z", _("Use a code such as en-us."))
        ],
        help_text=_("Language of documents, such as en-us."),
    )
    known_as = text(_("Known as"), 100)
    notes = text(_("Notes"), 4000, MultilineField)

    street = text(_("Street"), 250, MultilineField)
    city = text(_("City"), 60)
    state = code(_("State"))
    postal_code = code(_("ZIP/postal code"))
    county = code(_("County"))
    country = may_refer_to(Country, _("Country/region"))
    contact_person = text(_("Primary contact"), 100)
    phone = text(_("Telephone"), 40, PhoneField)
    fax = text(_("Fax"), 40, PhoneField)
    email = text(_("Email"), 254, models.EmailField)
    url = text(
        _("URL"), 255, WebAddressField, help_text=_("In full, beginning with http:// or https://.")
    )

    credit_limit = models.DecimalField(
        _("Credit limit"),
        max_digits=15,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("In the customer's currency. Empty: no limit is set."),
    )
    credit_limit_mandatory = yes_no(
        _("Mandatory credit limit"), help_text=_("The credit limit is checked on every order.")
    )
    credit_rating = code(_("Credit rating"))
    on_hold = models.CharField(
        _("Invoicing and delivery on hold"), max_length=20, choices=OnHold, default=OnHold.NO
    )
    exclude_interest_charge = yes_no(_("Exclude from interest charge calculation"))
    exclude_collection_fee = yes_no(_("Exclude from collection fee calculation"))
    write_off_reason = code(_("Write-off reason"))

    payment_terms = may_refer_to(PaymentTerms, _("Terms of payment"))
    payment_method = may_refer_to(PaymentMethod, _("Method of payment"))
    payment_specification = code(_("Payment specification"))
    payment_schedule = code(_("Payment schedule"))
    payment_day = code(_("Payment day"))
    payment_terms_base_days = models.PositiveSmallIntegerField(
        _("Payment terms base days"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(999)],
        help_text=_("Days added before the terms of payment begin, 0 to 999."),
    )
    cash_discount = code(_("Cash discount"), help_text=_("Code of the cash discount."))
    use_cash_discount = models.CharField(
        _("Use cash discount"),
        max_length=20,
        choices=UseCashDiscount,
        default=UseCashDiscount.NORMAL,
    )

    invoice_account = may_refer_to(
        "self",
        _("Invoice account"),
        to_field="account",
        help_text=_("The customer who is invoiced. Empty: this customer."),
    )
    invoice_address = models.CharField(
        _("Invoice address"),
        max_length=20,
        choices=InvoiceAddress,
        default=InvoiceAddress.INVOICE_ACCOUNT,
    )
    delivery_street = text(_("Delivery street"), 250, MultilineField)
    delivery_city = text(_("Delivery city"), 60)
    delivery_state = code(_("Delivery state"))
    delivery_postal_code = code(_("Delivery ZIP/postal code"))
    delivery_country = may_refer_to(Country, _("Delivery country/region"))
    delivery_terms = may_refer_to(DeliveryTerms, _("Delivery terms"))
    delivery_mode = code(_("Mode of delivery"))
    warehouse = code(_("Warehouse"))
    site = code(_("Site"))
    electronic_invoice = yes_no(_("Electronic invoice"))

    currency = refers_to(Currency, _("Currency"), default=company_currency)
    price_group = code(_("Price group"))
    line_discount_group = code(_("Line discount group"))
    multiline_discount_group = code(_("Multiline discount group"))
    total_discount_group = code(_("Total discount group"))
    commission_group = code(_("Commission group"))
    sales_district = code(_("Sales district"), 20)
    sales_segment = code(_("Segment"), 20)
    line_of_business = code(_("Line of business"), 20)
    prices_include_tax = yes_no(_("Prices include sales tax"))
    sales_order_pool = code(_("Sales order pool"))
    one_time_customer = yes_no(_("One-time customer"))
    vendor_account = code(
        _("Vendor account"), 20, help_text=_("The same party's account as a vendor.")
    )

    tax_group = may_refer_to(TaxGroup, _("Sales tax group"))
    tax_exempt_number = text(
        _("Tax exempt number"), 20, VATField, help_text=_("The VAT number; checked by country.")
    )
    organization_number = code(_("Organization number"), 30)
    identification_number = code(_("Identification number"), 50)

    bank_account = code(_("Bank account"), 20, help_text=_("Code of the customer's bank account."))
    bank_name = text(_("Bank name"), 60)
    iban = text(_("IBAN"), 34, IBANField)
    swift = text(_("SWIFT"), 11, SWIFTField)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["account"]
        default_permissions = ("add", "change", "view")
        permissions = [
            ("import_customer", "Can import customers"),
            ("export_customer", "Can export customers"),
        ]
        indexes = [
            models.Index(fields=["name", "account"], name="customer_by_name"),
            models.Index(fields=["customer_group", "account"], name="customer_by_group"),
            models.Index(fields=["country", "account"], name="customer_by_country"),
            models.Index(fields=["on_hold", "account"], name="customer_by_hold"),
            models.Index(fields=["credit_limit", "account"], name="customer_by_credit_limit"),
            models.Index(fields=["account"], condition=models.Q(held=True), name="held_customers"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(held=True)
                | (models.Q(customer_group__isnull=False) & ~models.Q(name="")),
                name="required_unless_held",
            ),
        ]

    def __str__(self):
        return shown(f"{self.account} {self.name or _('(new customer)')}")

    def get_absolute_url(self):
        """The customer's page."""
        return reverse("customers:detail", args=[self.pk])
