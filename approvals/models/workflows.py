"""Accounts receivable workflows: what an administrator configures."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from .conditions import Conditional, ConditionRow
from .one_by_one import OneByOne


class Workflow(models.Model):
    """A workflow of the type *Proposed customer change workflow*."""

    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.TextField(_("description"), blank=True)
    position = models.PositiveIntegerField(
        _("order"),
        default=1,
        help_text=_("The first workflow whose active version's condition holds is used."),
    )
    is_default = models.BooleanField(
        _("default"),
        default=False,
        help_text=_("Used where the condition of no other active workflow holds."),
    )

    objects = OneByOne.as_manager()

    class Meta:
        verbose_name = _("Accounts receivable workflow")
        verbose_name_plural = _("Accounts receivable workflows")
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["content_type"],
                condition=models.Q(is_default=True),
                name="one_default_workflow",
            ),
        ]

    def __str__(self):
        return self.name


class VersionState(models.TextChoices):
    """Where a workflow version stands."""

    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class WorkflowVersion(Conditional):
    """One version of a workflow: its activation condition, automatic actions and steps.

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

    @property
    def full_name(self) -> str:
        """The workflow and the version, in words."""
        names = {"workflow": self.workflow, "number": self.number}
        return gettext("%(workflow)s, version %(number)s") % names

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
    MAJORITY = "majority", _("Majority of approvers: more than half")
    PERCENTAGE = "percentage", _("Percentage of approvers")
    ALL = "all", _("All approvers: each must approve, one rejection rejects")


class Assignment(models.TextChoices):
    """Who gets a step's work items."""

    PARTICIPANTS = "participants", _("Users and groups")
    MANAGERS = "managers", _("The originator's managers")


class ManagerTake(models.TextChoices):
    """Which of the managers that were found get a work item."""

    ALL = "all", _("All managers found")
    LAST = "last", _("Only the last manager found")


class TimeUnit(models.TextChoices):
    """What a time limit counts."""

    HOURS = "hours", _("Hours")
    WORKING_DAYS = "working_days", _("Working days")


class FinalAction(models.TextChoices):
    """What happens when the last time limit has passed. Time never approves."""

    ADMINISTRATORS = "administrators", _("Reassign to administrators")
    REJECT = "reject", _("Reject")
    REQUEST_CHANGE = "request_change", _("Request change")


class WorkflowStep(Conditional):
    """One step of the approval element.

    Managers: manager_start 1 is the originator's manager, 2 that one's manager, and so
    on; the way up ends after manager_levels of them (empty: at the top), and with the
    first one who is a member of manager_stop_group. time_limit and remind_after are
    counted in time_unit from when the step starts.
    """

    version = models.ForeignKey(WorkflowVersion, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField(_("order"))
    name = models.CharField(_("name"), max_length=100)
    instructions = models.TextField(
        _("instructions"), blank=True, help_text=_("Shown to the approver beside the changes.")
    )
    assignment = models.CharField(
        _("assignment"), max_length=20, choices=Assignment, default=Assignment.PARTICIPANTS
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
    manager_start = models.PositiveSmallIntegerField(
        _("first level"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("1 is the originator's own manager."),
    )
    manager_levels = models.PositiveSmallIntegerField(
        _("number of levels"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: up to the top."),
    )
    manager_stop_group = models.ForeignKey(
        Group,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("stop at a member of"),
        help_text=_("The way up ends with the first manager who belongs to this group."),
    )
    manager_take = models.CharField(
        _("managers"), max_length=10, choices=ManagerTake, default=ManagerTake.ALL
    )
    policy = models.CharField(
        _("completion policy"), max_length=10, choices=Policy, default=Policy.SINGLE
    )
    percentage = models.PositiveSmallIntegerField(
        _("percentage"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    time_limit = models.PositiveIntegerField(
        _("time limit"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(8760)],
    )
    time_unit = models.CharField(
        _("time unit"), max_length=20, choices=TimeUnit, default=TimeUnit.WORKING_DAYS
    )
    remind_after = models.PositiveIntegerField(
        _("reminder after"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(8760)],
    )
    final_action = models.CharField(
        _("last action"), max_length=20, choices=FinalAction, default=FinalAction.ADMINISTRATORS
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


class EscalationKind(models.TextChoices):
    """To whom overdue work items go."""

    USER = "user", _("A person")
    GROUP = "group", _("A group")
    MANAGER = "manager", _("The manager of whoever has it")


class EscalationLevel(models.Model):
    """One level of a step's escalation path; time_limit is counted in the step's unit."""

    step = models.ForeignKey(WorkflowStep, models.CASCADE, related_name="escalation_levels")
    position = models.PositiveIntegerField(_("order"))
    kind = models.CharField(
        _("to"), max_length=10, choices=EscalationKind, default=EscalationKind.MANAGER
    )
    user = models.ForeignKey(
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
    time_limit = models.PositiveIntegerField(
        _("time limit"), validators=[MinValueValidator(1), MaxValueValidator(8760)]
    )

    class Meta:
        verbose_name = _("escalation level")
        verbose_name_plural = _("escalation path")
        ordering = ["step", "position"]
        constraints = [
            models.UniqueConstraint(fields=["step", "position"], name="escalation_position"),
        ]

    def __str__(self):
        return f"{self.step.version}: {self.step}, {self.position}"


class AutomaticDecision(models.TextChoices):
    """What an automatic action decides."""

    APPROVE = "approve", _("Approve")
    REJECT = "reject", _("Reject")


class AutomaticAction(Conditional):
    """Approves or rejects at once, without a person, where its condition holds.

    One that approves takes only proposals whose every change its rows speak of.
    """

    version = models.ForeignKey(WorkflowVersion, models.CASCADE, related_name="automatic_actions")
    position = models.PositiveIntegerField(_("order"), default=1)
    name = models.CharField(
        _("name"), max_length=100, help_text=_("The history names the rule by it.")
    )
    decision = models.CharField(
        _("decision"), max_length=10, choices=AutomaticDecision, default=AutomaticDecision.REJECT
    )

    class Meta:
        verbose_name = _("automatic action")
        verbose_name_plural = _("automatic actions")
        ordering = ["version", "position", "id"]

    def __str__(self):
        return self.name

    @property
    def announcement(self) -> str:
        """What it does with a proposal that it takes, in words."""
        if self.decision == AutomaticDecision.APPROVE:
            text = _("The rule “%(rule)s” approves these changes at once: they are applied.")
        else:
            text = _("The rule “%(rule)s” rejects these changes at once.")
        return str(text) % {"rule": self.name}


class VersionCondition(ConditionRow):
    """A row of the activation condition of a workflow version."""

    version = models.ForeignKey(WorkflowVersion, models.CASCADE, related_name="conditions")

    class Meta(ConditionRow.Meta):
        verbose_name = _("activation condition")
        verbose_name_plural = _("activation condition")

    def __str__(self):
        return f"{self.version}"


class StepCondition(ConditionRow):
    """A row of the condition of a step."""

    step = models.ForeignKey(WorkflowStep, models.CASCADE, related_name="conditions")

    class Meta(ConditionRow.Meta):
        verbose_name = _("condition of the step")
        verbose_name_plural = _("condition of the step")

    def __str__(self):
        return f"{self.step.version}: {self.step}"


class AutomaticCondition(ConditionRow):
    """A row of the condition of an automatic action."""

    action = models.ForeignKey(AutomaticAction, models.CASCADE, related_name="conditions")

    class Meta(ConditionRow.Meta):
        verbose_name = _("condition of the automatic action")
        verbose_name_plural = _("condition of the automatic action")

    def __str__(self):
        return f"{self.action.version}: {self.action}"
