"""People: who reports to whom, and who stands in for whom."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from .one_by_one import OneByOne


class ReportingLine(models.Model):
    """A person's manager."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="reporting_line"
    )
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("manager")
    )

    objects = OneByOne.as_manager()

    class Meta:
        verbose_name = _("manager")
        verbose_name_plural = _("managers")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(person=models.F("manager")), name="nobody_manages_himself"
            ),
        ]

    def __str__(self):
        return f"{self.person} → {self.manager}"


class Substitution(models.Model):
    """Between two days, both included, a substitute may decide on behalf of a person."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="substitutions",
        verbose_name=_("person"),
    )
    substitute = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="substitute_for",
        verbose_name=_("substitute"),
    )
    starts = models.DateField(_("first day"))
    ends = models.DateField(_("last day"))
    workflow = models.ForeignKey(
        "approvals.Workflow",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("workflow"),
        help_text=_("Empty: everything."),
    )

    objects = OneByOne.as_manager()

    class Meta:
        verbose_name = _("substitution")
        verbose_name_plural = _("substitutions")
        ordering = ["starts", "id"]
        indexes = [
            models.Index(fields=["substitute", "starts", "ends"], name="substitutions_in_force")
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends__gte=models.F("starts")), name="substitution_has_days"
            ),
            models.CheckConstraint(
                condition=~models.Q(person=models.F("substitute")), name="nobody_replaces_himself"
            ),
        ]

    def __str__(self):
        return f"{self.person} → {self.substitute}, {self.starts} – {self.ends}"

    def clean(self):
        """Refuse days in the wrong order and a person as his own substitute."""
        if self.starts and self.ends and self.ends < self.starts:
            raise ValidationError({"ends": _("The last day comes before the first day.")})
        if self.person_id and self.person_id == self.substitute_id:
            raise ValidationError({"substitute": _("Nobody is his own substitute.")})
