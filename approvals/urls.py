"""Pages of the engine."""

from django.urls import path

from .views import history, proposed_changes, work_items

app_name = "approvals"
urlpatterns = [
    path("work-items/", work_items.work_items, name="work_items"),
    path("work-items/decide/", work_items.work_items_decide, name="work_items_decide"),
    path("work-items/<int:pk>/decide/", work_items.decide, name="decide"),
    path("proposals/<int:pk>/submit/", proposed_changes.submit, name="submit"),
    path("proposals/<int:pk>/history/", history.proposal_history, name="proposal_history"),
    path("proposals/<int:pk>/recall/", proposed_changes.recall, name="recall"),
    path(
        "proposed-changes/<int:pk>/discard/", proposed_changes.discard_change, name="discard_change"
    ),
    path(
        "proposed-changes/<int:content_type_id>/<int:object_id>/discard-all/",
        proposed_changes.discard_all,
        name="discard_all",
    ),
]
