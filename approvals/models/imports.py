"""Import jobs and the outcome of each row."""

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _

from .parameters import Behavior
from .references import UNCHECKED


class ImportJob(models.Model):
    """One import of one file: who, when, with what options, and what came of it."""

    class State(models.TextChoices):
        """Where an import stands. In the first and the third a worker has something to do."""

        READING = "reading", _("Reading the file")
        PREVIEW = "preview", _("Preview: nothing has been changed")
        RUNNING = "running", _("Importing")
        DONE = "done", _("Imported")
        REFUSED = "refused", _("Refused")
        CANCELLED = "cancelled", _("Cancelled")
        STOPPED = "stopped", _("Stopped: the rules have changed")

    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    state = models.CharField(_("status"), max_length=10, choices=State, default=State.PREVIEW)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("created"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    file_name = models.CharField(_("file"), max_length=255, blank=True)
    stored_as = models.CharField(max_length=100, blank=True)
    options = models.JSONField(_("options"), default=dict)
    facts = models.JSONField(
        default=dict, help_text=_("What was found in the file: format, encoding, columns …")
    )
    behavior = models.CharField(_("Data entity behavior"), max_length=10, choices=Behavior)
    confirmed_rules = models.TextField(
        blank=True, help_text=_("Parameters and enabled fields that the person confirmed.")
    )
    refused = models.TextField(_("refused"), blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    proposed = models.PositiveIntegerField(_("proposed"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    # How far it is.
    place = models.PositiveIntegerField(
        default=0, help_text=_("Number of the last row that is done; an import goes on behind it.")
    )
    total = models.PositiveIntegerField(null=True, help_text=_("Rows of the file, once known."))
    cancelling = models.BooleanField(default=False)
    # Who works on it: nobody else may while the lease runs. See `approvals.imports.leases`.
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    taken_rows = models.PositiveIntegerField(
        default=0, help_text=_("Rows that were done when it was taken; for the rate.")
    )
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often it was taken since a row was done.")
    )

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.pk}: {self.file_name}"


class ImportRow(models.Model):
    """What an import did, or would do, with one row of the file.

    changes: a list of [field, old, new, "direct" | "proposed" | "pending"] with encoded values.
    errors: a list of [field or "", reason].
    """

    class Outcome(models.TextChoices):
        """Each row counts once, under the first that fits."""

        FAILED = "failed", _("Failed")
        CREATED = "created", _("Created")
        PROPOSED = "proposed", _("Proposed")
        UPDATED = "updated", _("Updated")
        UNCHANGED = "unchanged", _("Unchanged")

    # The unique constraint is its index.
    job = models.ForeignKey(
        ImportJob, models.CASCADE, related_name="row_outcomes", db_index=False, **UNCHECKED
    )
    number = models.PositiveIntegerField(_("row"))
    key = models.TextField(_("account"), blank=True)
    folded_key = models.TextField(
        blank=True, help_text=_("As keys are compared; blank where the row has no key to speak of.")
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    changes = models.JSONField(default=list)
    errors = models.JSONField(default=list)
    notes = models.JSONField(default=list)

    class Meta:
        verbose_name = _("import row")
        verbose_name_plural = _("import rows")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="one_outcome_per_row"),
        ]
        indexes = [
            models.Index(fields=["job", "outcome", "number"], name="rows_by_outcome"),
            models.Index(fields=["job", "folded_key"], name="rows_by_key"),
        ]

    def __str__(self):
        return f"{self.number}: {self.outcome}"
