"""Pages of the customer master data."""

app_name = "customers"
urlpatterns = []
