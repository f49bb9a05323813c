"""Pages of the engine."""

from django.urls import path

from .views import (
    bulk_decisions,
    decide,
    delegation,
    history,
    inquiry,
    notifications,
    proposed_changes,
    reassigning,
    substitutions,
    work_list,
)

app_name = "approvals"
urlpatterns = [
    path("inquiry/", inquiry.inquiry, name="inquiry"),
    path("inquiry/cycle-times/", inquiry.cycle_times, name="cycle_times"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/read/", notifications.read_notifications, name="read_notifications"),
    path("notifications/<int:pk>/", notifications.notification, name="notification"),
    path("notifications/<int:pk>/open/", notifications.open_notification, name="open_notification"),
    path("work-items/", work_list.work_items, name="work_items"),
    path("work-items/decide/", bulk_decisions.work_items_decide, name="work_items_decide"),
    path("work-items/claim/", work_list.claim, name="claim_selected"),
    path("work-items/release/", work_list.release, name="release_selected"),
    path("work-items/<int:pk>/decide/", decide.decide, name="decide"),
    path("work-items/<int:pk>/claim/", work_list.claim, name="claim"),
    path("work-items/<int:pk>/release/", work_list.release, name="release"),
    path("work-items/<int:pk>/delegate/", delegation.delegate, name="delegate"),
    path("work-items/reassign/", reassigning.reassign_all, name="reassign_all"),
    path("proposals/<int:pk>/submit/", proposed_changes.submit, name="submit"),
    path("proposals/<int:pk>/history/", history.proposal_history, name="proposal_history"),
    path("proposals/<int:pk>/recall/", proposed_changes.recall, name="recall"),
    path("proposals/<int:pk>/terminate/", proposed_changes.terminate, name="terminate"),
    path("proposals/<int:pk>/reassign/", reassigning.reassign, name="reassign"),
    path(
        "proposed-changes/<int:pk>/discard/", proposed_changes.discard_change, name="discard_change"
    ),
    path(
        "proposed-changes/<int:content_type_id>/<int:object_id>/discard-all/",
        proposed_changes.discard_all,
        name="discard_all",
    ),
    path("my-substitutes/", substitutions.my_substitutes, name="my_substitutes"),
    path("my-substitutes/<int:pk>/end/", substitutions.end_substitution, name="end_substitution"),
]
