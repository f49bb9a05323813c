"""Accounts receivable workflows: what an administrator configures."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


class Workflow(models.Model):
    """A workflow of the type *Proposed customer change workflow*."""

    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.TextField(_("description"), blank=True)
    position = models.PositiveIntegerField(
        _("order"), default=1, help_text=_("The first workflow with an active version is used.")
    )

    class Meta:
        verbose_name = _("Accounts receivable workflow")
        verbose_name_plural = _("Accounts receivable workflows")
        ordering = ["position", "name"]

    def __str__(self):
        return self.name


class VersionState(models.TextChoices):
    """Where a workflow version stands."""

    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class WorkflowVersion(models.Model):
    """One version of a workflow; it holds the approval element's steps.

    A version that has been activated never changes again.
    """

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    state = FSMField(_("state"), choices=VersionState.choices, default=VersionState.DRAFT)
    notes = models.TextField(_("notes"), blank=True)
    activated_at = models.DateTimeField(_("activated"), null=True, editable=False)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("workflow version")
        verbose_name_plural = _("workflow versions")
        ordering = ["workflow", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="version_number"),
            models.UniqueConstraint(
                fields=["workflow"], condition=models.Q(state="active"), name="one_active_version"
            ),
            models.UniqueConstraint(
                fields=["workflow"], condition=models.Q(state="draft"), name="one_draft_version"
            ),
        ]

    def __str__(self):
        return f"{self.workflow} {self.number}"

    @transition(
        field=state,
        source=VersionState.DRAFT,
        target=VersionState.ACTIVE,
        permission="approvals.administer_workflow",
    )
    def activate(self):
        """Put the version into force."""

    @transition(
        field=state,
        source=VersionState.ACTIVE,
        target=VersionState.RETIRED,
        permission="approvals.administer_workflow",
    )
    def retire(self):
        """Take the version out of force; running proposals keep it."""


class Policy(models.TextChoices):
    """Completion policy: how many approvals complete a step."""

    SINGLE = "single", _("Single approver: the first decision decides")
    ALL = "all", _("All approvers: each must approve, one rejection rejects")


class WorkflowStep(models.Model):
    """One step of the approval element."""

    version = models.ForeignKey(WorkflowVersion, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField(_("order"))
    name = models.CharField(_("name"), max_length=100)
    instructions = models.TextField(
        _("instructions"), blank=True, help_text=_("Shown to the approver beside the changes.")
    )
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("users")
    )
    groups = models.ManyToManyField(
        Group,
        blank=True,
        related_name="+",
        verbose_name=_("groups"),
        help_text=_("Whoever is a member when the step starts."),
    )
    policy = models.CharField(
        _("completion policy"), max_length=10, choices=Policy, default=Policy.SINGLE
    )

    class Meta:
        verbose_name = _("workflow step")
        verbose_name_plural = _("workflow steps")
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="step_position"),
        ]

    def __str__(self):
        return self.name
