"""What runs: steps entered, work items that wait, decisions taken."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from .references import PLAIN, UNCHECKED, UNINDEXED


class RunState(models.TextChoices):
    """Where a step of a running proposal stands."""

    RUNNING = "running", _("Running")
    APPROVED = "approved", _("Approved")
    STOPPED = "stopped", _("Stopped")


class StepRun(models.Model):
    """A step that a proposal has entered, and how many approvals complete it.

    claimed_by: who has taken the work item out of his groups' hands. due_at: the end
    of the time limit that runs now, or of the last one; wake_at: when a reminder or an
    escalation is due next; level: how many levels of the escalation path have been carried out.
    """

    proposal = models.ForeignKey("approvals.Proposal", models.PROTECT, related_name="step_runs")
    step = models.ForeignKey("approvals.WorkflowStep", models.PROTECT, related_name="+", **PLAIN)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.RUNNING)
    votes_needed = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(_("due"), null=True)
    wake_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    level = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("step run")
        verbose_name_plural = _("step runs")
        indexes = [
            models.Index(
                fields=["wake_at", "id"],
                condition=models.Q(state="running"),
                name="step_runs_to_wake",
            ),
        ]
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
    HANDED_ON = "handed_on", _("Handed on")
    CANCELLED = "cancelled", _("No longer needed")


class WorkItem(models.Model):
    """What waits for one approver.

    group: the group through which it reached the assignee; empty where it is
    assigned to him by name. on_behalf_of: who delegated it to him.
    """

    step_run = models.ForeignKey(StepRun, models.PROTECT, related_name="work_items")
    proposal = models.ForeignKey(
        "approvals.Proposal", models.PROTECT, related_name="work_items", **UNCHECKED
    )
    record_key = models.CharField(_("account"), max_length=100)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="work_items"
    )
    group = models.ForeignKey(Group, models.SET_NULL, null=True, related_name="+", **UNINDEXED)
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", **UNINDEXED
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
                fields=["step_run", "assignee"],
                condition=models.Q(state__in=("open", "decided")),
                name="one_item_per_step_and_person",
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
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("on behalf of"),
    )
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


class Delegation(models.Model):
    """A person's work items on one proposal, in this and later steps, go to a delegate."""

    proposal = models.ForeignKey("approvals.Proposal", models.PROTECT, related_name="delegations")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    delegate = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    comment = models.TextField(_("comment"))
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        ordering = ["id"]

    def __str__(self):
        return f"{self.person} → {self.delegate}"
