"""Pages of the customer master data."""

from django.urls import path

from .views import customer, customer_form, customer_list

app_name = "customers"
urlpatterns = [
    path("customers/", customer_list.customers, name="list"),
    path("customers/new/", customer_form.create, name="create"),
    path("customers/<int:pk>/", customer.detail, name="detail"),
    path("customers/<int:pk>/edit/", customer_form.edit, name="edit"),
    path("customers/<int:pk>/history/", customer.history, name="history"),
    path(
        "customers/<int:pk>/proposed-changes/", customer.proposed_changes, name="proposed_changes"
    ),
]
