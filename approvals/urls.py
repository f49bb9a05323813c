"""Pages of the engine."""

app_name = "approvals"
urlpatterns = []
