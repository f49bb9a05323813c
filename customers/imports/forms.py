"""What the importer chooses."""

from django import forms
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from approvals.imports.files import DELIMITERS, ENCODINGS
from approvals.imports.files.limits import FILE_BYTES

FOUND_OUT = ("", _("Found out by itself"))
SWITCHES = ("update_only", "all_or_nothing", "empty_clears", "ignore_unknown_columns")
FORMAT = ("encoding", "delimiter", "sheet", "decimal_separator")


class OptionsForm(forms.Form):
    """How a file is to be imported. facts: what an earlier preview found in it."""

    update_only = forms.BooleanField(
        label=_("Update only"),
        required=False,
        help_text=_("Rows of customers that do not exist yet fail."),
    )
    all_or_nothing = forms.BooleanField(
        label=_("All or nothing"),
        required=False,
        help_text=_("Nothing is imported if any row fails."),
    )
    empty_clears = forms.BooleanField(
        label=_("Empty cells clear the field"),
        required=False,
        help_text=_("Otherwise an empty cell leaves the field as it is."),
    )
    ignore_unknown_columns = forms.BooleanField(
        label=_("Ignore unknown columns"),
        required=False,
        help_text=_("Otherwise a file with a column that nobody knows is refused."),
    )
    company = forms.CharField(
        label=_("Company"),
        required=False,
        max_length=20,
        help_text=_("Only for a file that has the customers of several companies (DATAAREAID)."),
    )
    encoding = forms.ChoiceField(
        label=_("Encoding"), required=False, choices=[FOUND_OUT, *ENCODINGS]
    )
    delimiter = forms.ChoiceField(
        label=_("Delimiter"), required=False, choices=[FOUND_OUT, *DELIMITERS]
    )
    sheet = forms.CharField(
        label=_("Sheet"),
        required=False,
        max_length=100,
        help_text=_("Of a workbook; otherwise the first one that is visible."),
    )
    decimal_separator = forms.ChoiceField(
        label=_("Decimals"),
        choices=[(".", _("With a point: 1250.50")), (",", _("With a comma: 1250,50"))],
        initial=".",
    )

    def __init__(self, *args, facts=None, **kwargs):
        super().__init__(*args, **kwargs)
        self._offer("company", (facts or {}).get("companies"))
        self._offer("sheet", (facts or {}).get("sheets"))

    def _offer(self, name, found):
        """Let the person choose among what was found, where there is a choice."""
        field = self.fields[name]
        if found and len(found) > 1:
            choices = [("", "—"), *((value, value) for value in found)]
            self.fields[name] = forms.ChoiceField(
                label=field.label, required=False, choices=choices, help_text=field.help_text
            )

    @property
    def switches(self) -> list:
        """The fields that are ticked or not."""
        return [self[name] for name in SWITCHES]

    @property
    def format(self) -> list:
        """The fields that say how the file is to be read, as _fasttab.html takes them."""
        return [{"field": self[name]} for name in FORMAT]

    def options(self) -> dict:
        """What was chosen, as `customers.imports.jobs` takes it."""
        return {name: self.cleaned_data[name] for name in OptionsForm.base_fields}


class UploadForm(OptionsForm):
    """A file, and how it is to be imported."""

    file = forms.FileField(label=_("File"), help_text=_("CSV or Excel workbook (.xlsx)."))
    field_order = ["file"]

    def clean_file(self):
        """Refuse what would be refused later, before it is stored."""
        file = self.cleaned_data["file"]
        if file.size > FILE_BYTES:
            reason = _("The file is larger than %(limit)s. Split it into several files.")
            raise forms.ValidationError(reason % {"limit": filesizeformat(FILE_BYTES)})
        return file
