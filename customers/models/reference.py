"""Reference tables: what a customer's fields may refer to.

Their code is the primary key and never changes, so that history stays readable.
"""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ..fields import KeyField


class ReferenceQuerySet(models.QuerySet):
    """Rows of a reference table."""

    def choosable(self):
        """The rows that may be chosen as a new value."""
        return self.filter(active=True)


class ReferenceData(models.Model):
    """A code and its name. An inactive one stays where it is in use and is not chosen anew."""

    code = KeyField(_("code"), max_length=20, primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Clear it to keep the code where it is in use and offer it no more."),
    )

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                Lower("code"),
                name="%(class)s_code_any_case",
                violation_error_message=_("This code exists already, perhaps in another case."),
            )
        ]

    def __str__(self):
        return f"{self.code} – {self.name}"


class CustomerGroup(ReferenceData):
    """Customers that are posted and reported alike."""

    class Meta(ReferenceData.Meta):
        verbose_name = _("customer group")
        verbose_name_plural = _("customer groups")


class PaymentTerms(ReferenceData):
    """When a customer has to pay."""

    net_days = models.PositiveSmallIntegerField(_("net days"), null=True, blank=True)

    class Meta(ReferenceData.Meta):
        verbose_name = _("terms of payment")
        verbose_name_plural = _("terms of payment")


class PaymentMethod(ReferenceData):
    """How a customer pays."""

    class Meta(ReferenceData.Meta):
        verbose_name = _("method of payment")
        verbose_name_plural = _("methods of payment")


class DeliveryTerms(ReferenceData):
    """Who carries cost and risk on the way to the customer."""

    class Meta(ReferenceData.Meta):
        verbose_name = _("terms of delivery")
        verbose_name_plural = _("terms of delivery")


class TaxGroup(ReferenceData):
    """Customers that are charged sales tax alike."""

    class Meta(ReferenceData.Meta):
        verbose_name = _("sales tax group")
        verbose_name_plural = _("sales tax groups")


class Currency(ReferenceData):
    """A currency by its ISO 4217 code."""

    code = KeyField(
        _("code"),
        max_length=3,
        primary_key=True,
        validators=[RegexValidator(r"\A[A-Z]{3}\Z", _("Use three capital letters."))],
    )

    class Meta(ReferenceData.Meta):
        verbose_name = _("currency")
        verbose_name_plural = _("currencies")


class Country(ReferenceData):
    """A country or region by its ISO 3166 code."""

    code = KeyField(
        _("code"),
        max_length=2,
        primary_key=True,
        validators=[RegexValidator(r"\A[A-Z]{2}\Z", _("Use two capital letters."))],
    )
    alpha3 = models.CharField(
        _("three-letter code"),
        max_length=3,
        unique=True,
        validators=[RegexValidator(r"\A[A-Z]{3}\Z", _("Use three capital letters."))],
    )

    class Meta(ReferenceData.Meta):
        verbose_name = _("country/region")
        verbose_name_plural = _("countries/regions")
