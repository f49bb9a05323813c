"""Notifications: shown in the app, and the outbox that e-mails are delivered from."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Occasion(models.TextChoices):
    """What a person is told about."""

    ASSIGNED = "assigned", _("Assigned")
    REMINDED = "reminded", _("Reminder")
    ESCALATED = "escalated", _("Escalated")
    REJECTED = "rejected", _("Rejected")
    CHANGE_REQUESTED = "change_requested", _("Change requested")
    RECALLED = "recalled", _("Recalled")
    TERMINATED = "terminated", _("Terminated")
    APPLIED = "applied", _("Approved and applied")
    CONFLICT = "conflict", _("Conflict: change requested")
    DISCARDED = "discarded", _("Discarded")
    REASSIGNED = "reassigned", _("Reassigned")


# What asks the reader for a decision.
ASKING = (Occasion.ASSIGNED, Occasion.REMINDED, Occasion.ESCALATED)


class MailState(models.TextChoices):
    """Where the e-mail of a notification stands.

    SENDING: handed to the mail server, whose answer is not known yet. Where it stays
    so, the program was stopped in between, and whether it went out is uncertain.
    WITHHELD: never sent, since its reader may not see what it is about, or no longer.
    """

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")
    NONE = "none", _("No e-mail")
    WITHHELD = "withheld", _("Withheld: no right to see it")


class Notification(models.Model):
    """What one person is told about one event; written in the event's own transaction.

    count: of how many records it tells. import_job: the import of which it tells, all
    its batches together. url: the path of the page it leads to; empty where it leads
    to nothing but its own text. next_attempt_at: when the e-mail may be tried; one
    that is being sent was claimed then, before it was handed over.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="notifications"
    )
    occasion = models.CharField(_("occasion"), max_length=20, choices=Occasion)
    subject = models.CharField(_("subject"), max_length=255)
    body = models.TextField(_("text"))
    url = models.CharField(_("page"), max_length=500, blank=True)
    count = models.PositiveIntegerField(_("records"), default=1)
    proposal = models.ForeignKey(
        "approvals.Proposal", models.PROTECT, null=True, related_name="notifications"
    )
    import_job = models.ForeignKey(
        "approvals.ImportJob", models.PROTECT, null=True, related_name="notifications"
    )
    created_at = models.DateTimeField(_("when"))
    read_at = models.DateTimeField(_("read"), null=True)
    mail_state = models.CharField(
        _("e-mail"), max_length=10, choices=MailState, default=MailState.WAITING
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person", "-id"], name="notifications_of_person"),
            models.Index(
                fields=["person"],
                condition=models.Q(read_at__isnull=True),
                name="unread_notifications",
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=models.Q(mail_state="waiting"),
                name="outbox",
            ),
        ]

    def __str__(self):
        return self.subject
