"""Text that is typed in Django admin is stored only where everybody can see all of it."""

from django.db import models

from ..values import clean_text


def refuse_unseen(text: str) -> None:
    """Raise ValidationError naming a character that nobody could see."""
    clean_text(text)


def refuse_unseen_lines(text: str) -> None:
    """The same for text of several lines."""
    clean_text(text, multiline=True)


class VisibleText:
    """Names and texts are shown to approvers, so they hold nothing that cannot be seen."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """The field of a form; one for text refuses what nobody could see."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(db_field, models.TextField):
            field.validators.append(refuse_unseen_lines)
        elif field and isinstance(db_field, models.CharField) and not db_field.choices:
            field.validators.append(refuse_unseen)
        return field
