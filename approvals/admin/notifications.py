"""Inquiry: what people were told, and what became of the e-mails."""

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..models import MailState, Notification
from ..models.permissions import may_administer
from ..notifying import outbox
from .inquiry import ReadOnlyAdmin

UNCERTAIN = _("Uncertain: perhaps sent")


class MailFilter(admin.SimpleListFilter):
    """Where the e-mail stands; whether one went out that was cut off is uncertain."""

    title = _("e-mail")
    parameter_name = "mail"

    def lookups(self, request, model_admin):
        """The states, and the uncertain ones apart."""
        return [*MailState.choices, ("uncertain", UNCERTAIN)]

    def queryset(self, request, queryset):
        """The notifications in the state chosen."""
        if self.value() == "uncertain":
            return queryset.filter(outbox.uncertain())
        return queryset.filter(mail_state=self.value()) if self.value() else queryset


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Notifications of everybody, with what became of their e-mails."""

    list_display = ("created_at", "person", "occasion", "subject", "mail", "attempts", "error")
    list_filter = (MailFilter, "occasion", "created_at")
    list_select_related = ("person",)
    search_fields = ("=person__username", "=proposal__record_key")
    fields = (
        "created_at",
        "person",
        "occasion",
        "subject",
        "body",
        "proposal",
        "import_job",
        "read_at",
        "mail",
        "attempts",
        "next_attempt_at",
        "sent_at",
        "error",
    )
    readonly_fields = ("mail",)
    actions = ("send_again",)

    @admin.display(description=_("e-mail"))
    def mail(self, notification):
        """Where the e-mail stands."""
        if outbox.is_uncertain(notification):
            return UNCERTAIN
        return notification.get_mail_state_display()

    def has_send_permission(self, request):
        """Whether the person may send e-mails again: an administrator."""
        return may_administer(request.user)

    @admin.action(description=_("Send again: given up and uncertain e-mails"), permissions=["send"])
    def send_again(self, request, queryset):
        """Let e-mails wait anew; the next run of the periodic command sends them."""
        count = outbox.send_again(queryset)
        text = ngettext(
            "%(count)s e-mail will be sent again.", "%(count)s e-mails will be sent again.", count
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
