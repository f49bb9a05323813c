"""Workflow history: who did what, when, why; sealed. Rows are added, never changed."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _

from .proposals import Origin
from .references import PLAIN, UNCHECKED

# Every database and every calendar has these; "infinity" is a moment to PostgreSQL alone.
EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
IS_A_MOMENT = models.CheckConstraint(
    condition=models.Q(at__gte=EARLIEST, at__lt=LATEST), name="%(class)s_at_is_a_moment"
)


class Verb(models.TextChoices):
    """What happened."""

    CREATED = "created", _("Created")
    CHANGED = "changed", _("Changed")
    CHANGED_WITHOUT_APPROVAL = "changed_without_approval", _("Changed by import, nobody approved")
    PROPOSED = "proposed", _("Proposed")
    EDITED = "edited", _("Proposed value changed")
    DISCARDED = "discarded", _("Discarded")
    DROPPED = "dropped", _("Dropped: equal to the current value")
    SUPERSEDED = "superseded", _("Discarded: changed directly")
    SUBMITTED = "submitted", _("Submitted")
    STEP_SKIPPED = "step_skipped", _("Step skipped")
    ASSIGNED = "assigned", _("Assigned")
    CLAIMED = "claimed", _("Claimed")
    RELEASED = "released", _("Released")
    DELEGATED = "delegated", _("Delegated")
    REASSIGNED = "reassigned", _("Reassigned")
    REMINDED = "reminded", _("Reminded")
    ESCALATED = "escalated", _("Escalated")
    APPROVED_BY_RULE = "approved_by_rule", _("Approved automatically")
    REJECTED_BY_RULE = "rejected_by_rule", _("Rejected automatically")
    APPROVED = "approved", _("Approved")
    STEP_COMPLETED = "step_completed", _("Step completed")
    REJECTED = "rejected", _("Rejected")
    CHANGE_REQUESTED = "change_requested", _("Change requested")
    CONFLICT = "conflict", _("Conflict: change requested")
    RECALLED = "recalled", _("Recalled")
    TERMINATED = "terminated", _("Terminated")
    JOINED = "joined", _("Joined with another proposal")
    COMPLETED = "completed", _("Approval completed")
    APPLIED = "applied", _("Applied")
    PARAMETER_CHANGED = "parameter_changed", _("Parameter changed")
    ENABLEMENT_CHANGED = "enablement_changed", _("Enablement changed")
    WORKFLOW_ACTIVATED = "workflow_activated", _("Workflow version activated")
    WORKFLOW_RETIRED = "workflow_retired", _("Workflow version retired")
    WORKFLOW_CHANGED = "workflow_changed", _("Workflow changed")
    SUBSTITUTION_CHANGED = "substitution_changed", _("Substitution changed")
    MANAGER_CHANGED = "manager_changed", _("Manager changed")
    RIGHTS_CHANGED = "rights_changed", _("Rights changed")


class WorkflowEvent(models.Model):
    """One entry of the history. actor is empty for what a rule or a time limit did.

    The record (content type, id, key) is empty where the entry is not about a
    record but, say, about the parameters. Values are text made by `values.encode`.
    version: of the workflow that took the proposal, where it was submitted. mark: the
    beginning of its digest (`approvals.seals.digests`), to name an entry that was edited.
    """

    at = models.DateTimeField(_("when"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("who"),
        **PLAIN,
    )
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("on behalf of"),
        **PLAIN,
    )
    verb = models.CharField(_("what"), max_length=30, choices=Verb)
    content_type = models.ForeignKey(
        ContentType, models.PROTECT, null=True, related_name="+", **PLAIN
    )
    object_id = models.BigIntegerField(null=True)
    record_key = models.CharField(_("account"), max_length=100, blank=True)
    proposal = models.ForeignKey(
        "approvals.Proposal", models.PROTECT, null=True, related_name="events", **UNCHECKED
    )
    step = models.ForeignKey(
        "approvals.WorkflowStep", models.PROTECT, null=True, related_name="+", **PLAIN
    )
    version = models.ForeignKey(
        "approvals.WorkflowVersion",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("workflow version"),
        **PLAIN,
    )
    field = models.CharField(_("field"), max_length=100, blank=True)
    old = models.TextField(_("old value"), null=True)
    new = models.TextField(_("new value"), null=True)
    comment = models.TextField(_("comment"), blank=True)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin)
    import_job = models.ForeignKey(
        "approvals.ImportJob", models.PROTECT, null=True, related_name="+", **PLAIN
    )
    mark = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("Workflow history")
        verbose_name_plural = _("Workflow history")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["content_type", "object_id", "id"], name="history_of_record"),
        ]
        constraints = [IS_A_MOMENT]

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor}: {self.get_verb_display()}"

    def save(self, *args, **kwargs):
        """Refuse: entries are written, with their seals, by `approvals.history` alone."""
        raise TypeError("The history is written by approvals.history, and append-only.")

    def delete(self, *args, **kwargs):
        """Refuse: the history is append-only."""
        raise TypeError("The history is append-only.")


class HistorySeal(models.Model):
    """What entries of the history that were written together looked like, in the chain.

    position: its place in the chain: 1, 2, 3 … without gaps. first, last: the ids of its
    entries, which no other seal has any of. digest: SHA-256 over the entries' own digests.
    hash: SHA-256 over the hash of the seal before and all of this one.
    """

    position = models.BigIntegerField(_("position"), primary_key=True)
    at = models.DateTimeField(_("when"))
    first = models.BigIntegerField(_("first entry"), unique=True)
    last = models.BigIntegerField(_("last entry"))
    count = models.BigIntegerField(_("entries"))
    digest = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("seal of the history")
        verbose_name_plural = _("seals of the history")
        ordering = ["position"]
        constraints = [IS_A_MOMENT]

    def __str__(self):
        return f"{self.position} {self.hash}"


class HistoryHead(models.Model):
    """The newest seal: one row, which whoever seals locks until the end of the transaction."""

    position = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        verbose_name = _("newest seal of the history")
        verbose_name_plural = _("newest seal of the history")

    def __str__(self):
        return f"{self.position} {self.hash}"
