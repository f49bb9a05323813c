"""Pages of the customer master data."""

from django.urls import path

from .views import customer, customer_form, customer_list, downloads, imports

app_name = "customers"
urlpatterns = [
    path("customers/", customer_list.customers, name="list"),
    path("customers/new/", customer_form.create, name="create"),
    path("customers/export/", downloads.export, name="export"),
    path("customers/import/", imports.import_customers, name="import"),
    path("customers/import/template/", imports.import_template, name="import_template"),
    path("customers/import/<id:pk>/", imports.import_job, name="import_job"),
    path("customers/import/<id:pk>/confirm/", imports.import_confirm, name="import_confirm"),
    path("customers/import/<id:pk>/cancel/", imports.import_cancel, name="import_cancel"),
    path("customers/import/<id:pk>/rest/", imports.import_rest, name="import_rest"),
    path("customers/import/<id:pk>/progress/", imports.import_progress, name="import_progress"),
    path(
        "customers/import/<id:pk>/failed-rows/",
        imports.import_failed_rows,
        name="import_failed_rows",
    ),
    path("customers/<id:pk>/", customer.detail, name="detail"),
    path("customers/<id:pk>/edit/", customer_form.edit, name="edit"),
    path("customers/<id:pk>/history/", customer.history, name="history"),
    path(
        "customers/<id:pk>/history/<slug:name>/",
        customer.field_history,
        name="field_history",
    ),
    path("customers/<id:pk>/proposed-changes/", customer.proposed_changes, name="proposed_changes"),
]
