"""Accounts receivable parameters > Customer approval, and which fields are enabled."""

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _


class Behavior(models.TextChoices):
    """Data entity behavior: what an import may do to governed fields."""

    ALLOW = "allow", _("Allow changes without approval")
    REJECT = "reject", _("Reject changes")
    PROPOSE = "propose", _("Create change proposals")


class ApprovalParameters(models.Model):
    """The one row of parameters; `post_migrate` makes it."""

    enabled = models.BooleanField(_("Enable customer approvals"), default=False)
    entity_behavior = models.CharField(
        _("Data entity behavior"), max_length=10, choices=Behavior, default=Behavior.REJECT
    )
    approve_new_records = models.BooleanField(
        _("New customers need approval"),
        default=False,
        help_text=_("A new customer is held, not for use, until an approver releases it."),
    )
    calendar_country = models.CharField(
        _("calendar of working days"),
        max_length=2,
        blank=True,
        default="",
        help_text=_("Country whose weekends and public holidays working days leave out."),
    )
    calendar_region = models.CharField(
        _("region of the calendar"), max_length=20, blank=True, default=""
    )

    class Meta:
        verbose_name = _("Accounts receivable parameters")
        verbose_name_plural = _("Accounts receivable parameters")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="parameters_are_one_row"),
        ]

    def __str__(self):
        return str(_("Accounts receivable parameters"))


class FieldEnablement(models.Model):
    """Enable (per field): one row per field that has ever been switched."""

    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    field = models.CharField(_("field"), max_length=100)
    enabled = models.BooleanField(_("Enable"), default=False)

    class Meta:
        verbose_name = _("field enablement")
        verbose_name_plural = _("field enablements")
        constraints = [
            models.UniqueConstraint(fields=["content_type", "field"], name="enablement_per_field"),
        ]

    def __str__(self):
        return self.field
