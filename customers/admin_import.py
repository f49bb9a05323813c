"""import-export's own pages in Django admin, for small files, on the same resource."""

import io
import re
import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import CharField, ChoiceField, HiddenInput
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import Format
from import_export.forms import ConfirmImportForm, ExportForm, ImportForm
from import_export.tmp_storages import BaseStorage

from approvals.changes import read_rules
from approvals.imports import uploads
from approvals.imports.files import FileRefused, open_table
from approvals.imports.results import TableDataset

from . import exports
from .imports import pages
from .models import Customer
from .resources import CustomerResource

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 2000


class TableFormat(Format):
    """CSV or XLSX, whichever the file is."""

    def __init__(self, encoding=None):
        """encoding: not used, it is found out."""

    def get_title(self):
        """What the form calls it."""
        return "CSV / XLSX"

    def can_import(self):
        """Files of this format are read."""
        return True

    def create_dataset(self, in_stream):
        """The rows of a file, bad ones included. Raises FileRefused."""
        dataset = TableDataset(open_table(io.BytesIO(in_stream), name=_("This file")))
        if len(dataset) > MOST_ROWS:
            reason = _("The file has more than %(most)s rows. Use Import customers instead.")
            raise FileRefused(reason % {"most": MOST_ROWS})
        return dataset


class ExportFormat(Format):
    """A format that the program exports customers in."""

    extension = exports.CSV

    def get_title(self):
        """What the form calls it."""
        return self.extension

    def get_extension(self):
        """The end of the file's name."""
        return self.extension

    def get_content_type(self):
        """The media type of the file."""
        return exports.CONTENT_TYPES[self.extension]

    def can_export(self):
        """Files of this format are written."""
        return True

    def export_data(self, dataset, **kwargs):
        """The dataset as a file, formulas neutralised."""
        return b"".join(exports.pieces(dataset.headers, dataset, self.extension))


class XlsxExportFormat(ExportFormat):
    """A workbook."""

    extension = exports.XLSX


class UploadStorage(BaseStorage):
    """Keeps the file between preview and confirmation, under a name that it made itself."""

    def save(self, data):
        """Store the file and name it."""
        self.name = f"admin-{uuid.uuid4().hex}"
        self._path().write_bytes(data)

    def read(self):
        """The stored file. Raises FileRefused where it is gone."""
        try:
            return self._path().read_bytes()
        except FileNotFoundError:
            raise FileRefused(_("This import has been confirmed already.")) from None

    def remove(self):
        """Delete the file."""
        self._path().unlink(missing_ok=True)

    def _path(self):
        if not re.fullmatch("admin-[0-9a-f]{32}", self.name):
            raise FileRefused(_("There is no such file."))
        return uploads.folder() / self.name


class SmallFileForm(ImportForm):
    """Takes a file that is previewed and imported at once."""

    def clean_import_file(self):
        """Refuse a file that had better be an import job."""
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            reason = _("The file is larger than %(limit)s. Use Import customers instead.")
            raise ValidationError(reason % {"limit": filesizeformat(MOST_BYTES)})
        return file


class ConfirmForm(ConfirmImportForm):
    """Carries the rules that the preview was made under, and numbers in lists of one."""

    format = ChoiceField(choices=[("0", "")], widget=HiddenInput)
    resource = ChoiceField(choices=[("0", "")], widget=HiddenInput, required=False)
    # As it was shown, blanks included: it is compared.
    rules = CharField(strip=False, widget=HiddenInput)


class CustomerImportExportMixin(ImportExportMixin):
    """Import and export for the admin pages of customers."""

    resource_classes = [CustomerResource]
    import_formats = [TableFormat]
    export_formats = [ExportFormat, XlsxExportFormat]
    import_form_class = SmallFileForm
    confirm_form_class = ConfirmForm
    export_form_class = ExportForm
    tmp_storage_class = UploadStorage
    import_template_name = "admin/customers/customer/import.html"
    # What was done stands in the workflow history.
    skip_admin_log = True

    def import_action(self, request, **kwargs):
        """Show the form; with a file, its preview with good and bad rows together."""
        response = super().import_action(request, **kwargs)
        if result := response.context_data.get("result"):
            response.context_data["rows"] = pages.shown(
                result.job, [row.outcome for row in result.rows]
            )
            response.context_data["totals"] = pages.totals(result.job)
        return response

    def process_import(self, request, **kwargs):
        """Import a file that was previewed."""
        try:
            return super().process_import(request, **kwargs)
        except FileRefused as refused:
            messages.error(request, str(refused))
            return redirect("admin:customers_customer_import")

    def process_result(self, result, request):
        """Say what was done, or why the file was not taken after all."""
        if result.has_errors():
            raise FileRefused(" ".join(str(error.error) for error in result.base_errors))
        return super().process_result(result, request)

    def add_success_message(self, result, request):
        """Count the rows by what became of them."""
        counts = ", ".join(f"{t['label']} {t['count']}" for t in pages.totals(result.job))
        messages.success(request, _("Imported: %(counts)s.") % {"counts": counts})

    def add_data_read_fail_error_to_form(self, form, e):
        """Say why the file can't be read; what nobody foresaw is an error of the program."""
        if not isinstance(e, FileRefused):
            raise e
        form.add_error("import_file", str(e))

    def get_confirm_form_initial(self, request, import_form):
        """What the confirmation has to carry."""
        initial = super().get_confirm_form_initial(request, import_form)
        return {**initial, "rules": read_rules(Customer).fingerprint}

    def get_import_data_kwargs(self, **kwargs):
        """The rules that were confirmed, where this is a confirmation."""
        form = kwargs["form"]
        confirmed = form.cleaned_data["rules"] if isinstance(form, ConfirmForm) else None
        return {"confirmed_rules": confirmed}
