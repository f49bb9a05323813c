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
    path("notifications/<id:pk>/", notifications.notification, name="notification"),
    path("notifications/<id:pk>/open/", notifications.open_notification, name="open_notification"),
    path("work-items/", work_list.work_items, name="work_items"),
    path("work-items/decide/", bulk_decisions.work_items_decide, name="work_items_decide"),
    path("work-items/claim/", work_list.claim, name="claim_selected"),
    path("work-items/release/", work_list.release, name="release_selected"),
    path("work-items/<id:pk>/decide/", decide.decide, name="decide"),
    path("work-items/<id:pk>/claim/", work_list.claim, name="claim"),
    path("work-items/<id:pk>/release/", work_list.release, name="release"),
    path("work-items/<id:pk>/delegate/", delegation.delegate, name="delegate"),
    path("work-items/reassign/", reassigning.reassign_all, name="reassign_all"),
    path("proposals/<id:pk>/submit/", proposed_changes.submit, name="submit"),
    path("proposals/<id:pk>/history/", history.proposal_history, name="proposal_history"),
    path("proposals/<id:pk>/recall/", proposed_changes.recall, name="recall"),
    path("proposals/<id:pk>/terminate/", proposed_changes.terminate, name="terminate"),
    path("proposals/<id:pk>/reassign/", reassigning.reassign, name="reassign"),
    path(
        "proposed-changes/<id:pk>/discard/", proposed_changes.discard_change, name="discard_change"
    ),
    path(
        "proposed-changes/<id:content_type_id>/<id:object_id>/discard-all/",
        proposed_changes.discard_all,
        name="discard_all",
    ),
    path("my-substitutes/", substitutions.my_substitutes, name="my_substitutes"),
    path("my-substitutes/<id:pk>/end/", substitutions.end_substitution, name="end_substitution"),
]
