"""Proposals, the changes they hold and the people who had a hand in them."""

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from . import permissions
from .references import PLAIN, UNCHECKED, UNINDEXED


class State(models.TextChoices):
    """Where a proposal stands, in the words of the screen."""

    NOT_SUBMITTED = "not_submitted", _("Changes have not been submitted")
    PENDING = "pending", _("Changes pending approval")
    REJECTED = "rejected", _("Rejected")
    CHANGE_REQUESTED = "change_requested", _("Change requested")
    APPROVED = "approved", _("Approved")
    DISCARDED = "discarded", _("Discarded")
    JOINED = "joined", _("Joined with another proposal")
    NOT_REQUIRED = "not_required", _("Approval not required")


RETURNED = (State.REJECTED, State.CHANGE_REQUESTED)
EDITABLE = (State.NOT_SUBMITTED, *RETURNED)
OPEN = (*EDITABLE, State.PENDING)


class Origin(models.TextChoices):
    """Where a change came in."""

    BROWSER = "browser", _("Browser")
    ADMIN = "admin", _("Administration")
    IMPORT = "import", _("Import")
    CODE = "code", _("Program")


class Kind(models.TextChoices):
    """What a proposal is about."""

    CHANGE = "change", _("Change")
    NEW = "new", _("New customer")


class Proposal(models.Model):
    """The proposed changes of one record that are submitted and decided together.

    revision counts the changes of what an approver would decide on; a decision
    carries the revision that he saw. routed_on: what conditions saw, beside the
    changes, when it was submitted (`facts.routed_on`). automatic_action: the rule that
    decided it without a person. Transitions change memory only: saving is
    `approvals.proposals.save_states`, under a lock.
    """

    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", **PLAIN)
    object_id = models.BigIntegerField()
    record = GenericForeignKey("content_type", "object_id")
    record_key = models.CharField(_("account"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CHANGE)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin)
    import_job = models.ForeignKey(
        "approvals.ImportJob", models.PROTECT, null=True, related_name="proposals", **UNCHECKED
    )
    state = FSMField(_("status"), choices=State.choices, default=State.NOT_SUBMITTED)
    revision = models.PositiveIntegerField(_("revision"), default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", **PLAIN
    )
    created_at = models.DateTimeField(_("created"))
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("Originator"),
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    note = models.TextField(_("note"), blank=True)
    version = models.ForeignKey(
        "approvals.WorkflowVersion", models.PROTECT, null=True, related_name="+", **UNINDEXED
    )
    routed_on = models.JSONField(null=True, editable=False)
    automatic_action = models.ForeignKey(
        "approvals.AutomaticAction", models.PROTECT, null=True, related_name="+", **UNINDEXED
    )
    closed_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        permissions = [
            ("submit_proposal", _("Can submit proposed changes")),
            ("decide_proposal", _("Can decide work items")),
            ("administer_workflow", _("Can recall, reassign and terminate anybody's proposals")),
        ]
        indexes = [
            models.Index(
                fields=["content_type", "object_id"],
                condition=models.Q(state__in=OPEN),
                name="open_proposals_of_record",
            ),
            models.Index(fields=["content_type", "object_id", "id"], name="proposals_of_record"),
            models.Index(fields=["state", "submitted_at"], name="proposals_by_state"),
            models.Index(fields=["record_key", "id"], name="proposals_by_account"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="known_state"),
            models.UniqueConstraint(
                fields=["content_type", "object_id"],
                condition=models.Q(state="not_submitted"),
                name="one_unsubmitted_per_record",
            ),
        ]

    def __str__(self):
        return str(_("Proposal %(id)s for %(key)s") % {"id": self.pk, "key": self.record_key})

    @property
    def is_open(self):
        """Whether its changes still wait: neither approved nor discarded."""
        return self.state in OPEN

    @property
    def is_editable(self):
        """Whether its changes may be edited, discarded and submitted."""
        return self.state in EDITABLE

    def is_all_by(self, person) -> bool:
        """Whether every open change in it was proposed by `person`."""
        changes = getattr(self, "open_changes", None)  # where a page has read them already
        if changes is None:
            changes = self.changes.filter(outcome="")
        return all(change.proposed_by_id == person.pk for change in changes)

    @transition(
        field=state, source=EDITABLE, target=State.PENDING, permission=permissions.may_submit
    )
    def submit(self, by, at, version_id, routed_on, note=""):
        """Hand the changes to the approvers of a workflow version."""
        self.submitted_by, self.submitted_at = by, at
        self.version_id, self.routed_on, self.note = version_id, routed_on, note
        self.automatic_action = None  # what a rule decided before is past
        self.revision += 1

    @transition(field=state, source=State.PENDING, target=State.APPROVED)
    def approve(self, at):
        """The last approval is in; the caller applies the values in the same transaction."""
        self.closed_at = at
        self.revision += 1

    @transition(field=state, source=State.PENDING, target=State.REJECTED)
    def reject(self):
        """Hand the changes back: they are not wanted so."""
        self.revision += 1

    @transition(field=state, source=State.PENDING, target=State.CHANGE_REQUESTED)
    def request_change(self):
        """Hand the changes back: something has to be different first."""
        self.revision += 1

    @transition(
        field=state,
        source=State.PENDING,
        target=State.NOT_SUBMITTED,
        permission=permissions.may_recall,
    )
    def recall(self):
        """Take the changes back from the approvers."""
        self.revision += 1

    @transition(
        field=state,
        source=State.PENDING,
        target=State.DISCARDED,
        permission=permissions.may_terminate,
    )
    def terminate(self, at):
        """End the workflow for good: nothing of it is applied."""
        self.closed_at = at
        self.revision += 1

    @transition(
        field=state, source=EDITABLE, target=State.DISCARDED, permission=permissions.may_discard
    )
    def discard(self, at):
        """Close the proposal: nothing is left in it."""
        self.closed_at = at
        self.revision += 1

    @transition(field=state, source=State.NOT_SUBMITTED, target=State.JOINED)
    def join(self, at):
        """Close the proposal: its changes have moved to the one that was recalled."""
        self.closed_at = at
        self.revision += 1


class Outcome(models.TextChoices):
    """What became of a proposed change; empty while it is open."""

    OPEN = "", _("Open")
    APPLIED = "applied", _("Applied")
    DISCARDED = "discarded", _("Discarded")


class ProposedChange(models.Model):
    """One field of one record: original value and new value.

    Both values are text made by `approvals.values.encode`; NULL stands for null.
    """

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="changes")
    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", **PLAIN)
    object_id = models.BigIntegerField()
    field = models.CharField(_("field"), max_length=100)
    original = models.TextField(_("Original value"), null=True)
    value = models.TextField(_("New value"), null=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default="", blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", **PLAIN
    )
    proposed_at = models.DateTimeField(_("proposed"))

    class Meta:
        verbose_name = _("Proposed change")
        verbose_name_plural = _("Proposed changes")
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id", "field"],
                condition=models.Q(outcome=""),
                name="one_open_change_per_field",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="known_outcome"
            ),
        ]

    def __str__(self):
        return f"{self.field}: {self.original!r} → {self.value!r}"


class Role(models.TextChoices):
    """How a person contributed to a proposal."""

    PROPOSED = "proposed", _("Proposed")
    EDITED = "edited", _("Edited")
    SUBMITTED = "submitted", _("Submitted")
    IMPORTED = "imported", _("Imported")


class Contributor(models.Model):
    """Someone who ever proposed, edited, imported or submitted something in a proposal.

    No contributor approves it, whatever became of the contribution.
    """

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="contributors", **UNINDEXED)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", **UNCHECKED
    )
    role = models.CharField(_("role"), max_length=10, choices=Role)

    class Meta:
        verbose_name = _("contributor")
        verbose_name_plural = _("contributors")
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "person", "role"], name="contributor_once_per_role"
            ),
        ]

    def __str__(self):
        return f"{self.person} ({self.get_role_display()})"
