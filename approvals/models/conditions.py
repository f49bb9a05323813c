"""Conditions: rows that a person can read, never code."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _


class Match(models.TextChoices):
    """How the rows of a condition are combined."""

    ALL = "all", _("All of the rows hold")
    ANY = "any", _("Any of the rows holds")


class Subject(models.TextChoices):
    """What a row of a condition looks at."""

    CHANGE = "change", _("Proposed change")
    OLD = "old", _("Old value")
    NEW = "new", _("New value")
    RAISED = "raised", _("Raised by")
    LOWERED = "lowered", _("Lowered by")
    RECORD = "record", _("Customer's current value")
    ORIGIN = "origin", _("Origin")
    ORIGINATOR = "originator", _("Originator")
    ORIGINATOR_GROUP = "originator_group", _("Originator's group")
    KIND = "kind", _("Kind of proposal")


class Operator(models.TextChoices):
    """How a row compares what it looks at."""

    PRESENT = "present", _("is among the changes")
    ABSENT = "absent", _("is not among the changes")
    IS = "is", _("is")
    IS_NOT = "is_not", _("is not")
    ONE_OF = "one_of", _("is one of (separated by commas)")
    CONTAINS = "contains", _("contains")
    EMPTY = "empty", _("is empty")
    NOT_EMPTY = "not_empty", _("is not empty")
    MORE = "more", _("more than")
    AT_LEAST = "at_least", _("at least")
    LESS = "less", _("less than")
    AT_MOST = "at_most", _("at most")
    MORE_PERCENT = "more_percent", _("more than … %")
    AT_LEAST_PERCENT = "at_least_percent", _("at least … %")
    AT_MOST_PERCENT = "at_most_percent", _("at most … %")


class Conditional(models.Model):
    """Base of what applies only while its condition holds; without rows it always does."""

    match = models.CharField(_("condition"), max_length=3, choices=Match, default=Match.ALL)

    class Meta:
        abstract = True


class ConditionRow(models.Model):
    """Base of one row of a condition. Which columns count depends on the subject."""

    subject = models.CharField(_("what"), max_length=20, choices=Subject, default=Subject.CHANGE)
    field = models.CharField(_("field"), max_length=100, blank=True)
    operator = models.CharField(
        _("comparison"), max_length=20, choices=Operator, default=Operator.PRESENT
    )
    value = models.TextField(_("value"), blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    group = models.ForeignKey(
        Group, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("group")
    )

    class Meta:
        abstract = True
        ordering = ["id"]
