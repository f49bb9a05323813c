"""What runs: steps entered, work items that wait, decisions taken."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class RunState(models.TextChoices):
    """Where a step of a running proposal stands."""

    RUNNING = "running", _("Running")
    APPROVED = "approved", _("Approved")
    STOPPED = "stopped", _("Stopped")


class StepRun(models.Model):
    """A step that a proposal has entered, and how many approvals complete it."""

    proposal = models.ForeignKey("approvals.Proposal", models.PROTECT, related_name="step_runs")
    step = models.ForeignKey("approvals.WorkflowStep", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=RunState, default=RunState.RUNNING)
    votes_needed = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("step run")
        verbose_name_plural = _("step runs")
        constraints = [
            models.UniqueConstraint(
                fields=["proposal"],
                condition=models.Q(state="running"),
                name="one_running_step_per_proposal",
            ),
        ]

    def __str__(self):
        return f"{self.proposal_id}: {self.step_id} ({self.get_state_display()})"


class ItemState(models.TextChoices):
    """Where a work item stands."""

    OPEN = "open", _("Open")
    DECIDED = "decided", _("Decided")
    CANCELLED = "cancelled", _("No longer needed")


class WorkItem(models.Model):
    """What waits for one approver."""

    step_run = models.ForeignKey(StepRun, models.PROTECT, related_name="work_items")
    proposal = models.ForeignKey("approvals.Proposal", models.PROTECT, related_name="work_items")
    record_key = models.CharField(_("account"), max_length=100)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="work_items"
    )
    state = models.CharField(max_length=10, choices=ItemState, default=ItemState.OPEN)
    created_at = models.DateTimeField(_("assigned"))

    class Meta:
        verbose_name = _("Work item")
        verbose_name_plural = _("Work items")
        indexes = [
            models.Index(
                fields=["assignee", "created_at", "id"],
                condition=models.Q(state="open"),
                name="open_items_of_person",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["step_run", "assignee"], name="one_item_per_step_and_person"
            ),
        ]

    def __str__(self):
        return f"{self.record_key}: {self.assignee}"


class Action(models.TextChoices):
    """What an approver can decide."""

    APPROVE = "approve", _("Approve")
    REJECT = "reject", _("Reject")
    REQUEST_CHANGE = "request_change", _("Request change")


class Decision(models.Model):
    """What one person decided on one work item, on which revision of the proposal."""

    work_item = models.OneToOneField(WorkItem, models.PROTECT, related_name="decision")
    step_run = models.ForeignKey(StepRun, models.PROTECT, related_name="decisions")
    proposal = models.ForeignKey("approvals.Proposal", models.PROTECT, related_name="decisions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    action = models.CharField(max_length=20, choices=Action)
    comment = models.TextField(_("comment"), blank=True)
    revision = models.PositiveIntegerField(_("revision seen"))
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            models.UniqueConstraint(
                fields=["step_run", "person"], name="one_vote_per_step_and_person"
            ),
        ]

    def __str__(self):
        return f"{self.person}: {self.get_action_display()}"
