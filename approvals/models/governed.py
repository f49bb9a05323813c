"""What every record under approval has in common."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..values import fold_key


class NeverDeleted(Exception):  # noqa: N818
    """Raised when code tries to delete a record that may only be blocked."""


class GovernedQuerySet(models.QuerySet):
    """A queryset that refuses to delete."""

    def choosable(self):
        """The records that others may refer to: those that are not held."""
        return self.filter(held=False)

    def delete(self):
        """Refuse: governed records are blocked, never deleted."""
        raise NeverDeleted(_("Records under approval are never deleted, only blocked."))


class GovernedModel(models.Model):
    """Base of a model whose records change only through `approvals.changes`.

    revision counts the writes of a record, so that a form can tell whether
    somebody else has saved meanwhile. held: not for use, since nobody has approved the
    new record yet. folded_key is the business key as keys are
    compared, whatever the case: SQLite's LOWER knows only ASCII.
    """

    key_name = ""
    folded_key = models.CharField(max_length=200, unique=True, editable=False)
    revision = models.PositiveIntegerField(_("revision"), default=1, editable=False)
    held = models.BooleanField(_("Held until approved"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    modified_at = models.DateTimeField(_("modified"), editable=False)

    objects = GovernedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        """Keep the folded key beside the key."""
        self.folded_key = fold_key(getattr(self, self.key_name))
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        """Refuse: governed records are blocked, never deleted."""
        raise NeverDeleted(_("Records under approval are never deleted, only blocked."))
