"""People and groups that are found by typing, in forms that bear any input."""

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple


def is_id(text) -> bool:
    """Whether a text could be the number of a row."""
    return str(text).isdecimal() and len(str(text)) < 19


class OnlyIds:
    """Leaves out of what is shown again whatever cannot be an id; the field refuses it."""

    def optgroups(self, name, value, attr=None):
        """The choices, with what was chosen."""
        return super().optgroups(name, list(filter(is_id, value)), attr)


class Chosen(OnlyIds, AutocompleteSelect):
    """One that is found by typing."""


class ChosenMany(OnlyIds, AutocompleteSelectMultiple):
    """Several that are found by typing."""


class Rows(forms.ModelMultipleChoiceField):
    """Several rows; a number that no row can have is refused before it is looked up."""

    def clean(self, value):
        """The rows with these numbers."""
        for one in value or ():
            if not is_id(one):
                code = "invalid_pk_value"
                raise forms.ValidationError(self.error_messages[code], code, {"pk": one})
        return super().clean(value)


class ManyRows:
    """An admin page on which any input is borne where several rows are chosen."""

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        """The field, which looks up only what can be the number of a row."""
        kwargs.setdefault("form_class", Rows)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class Choosing(ManyRows):
    """An admin page, or an inline, whose `autocomplete_fields` bear any input."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """The field, with a control that is safe to show again."""
        if db_field.name in self.autocomplete_fields:
            kwargs.setdefault("widget", Chosen(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        """The field, with a control that is safe to show again."""
        if db_field.name in self.autocomplete_fields:
            kwargs.setdefault("widget", ChosenMany(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)
