"""Setting the parameters: approvals on or off, what they ask of imports and of new records,
the calendar of working days, and the enabled fields.
"""

from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import history, registry
from .deciding import working_time
from .models import (
    ApprovalParameters,
    Behavior,
    FieldEnablement,
    Origin,
    Verb,
    VersionState,
    WorkflowEvent,
    WorkflowVersion,
)
from .values import encode

# What each Data entity behavior does to records that exist, in one line.
EXPLANATIONS = {
    Behavior.ALLOW: gettext_lazy(
        "An import writes governed fields at once. The history says that nobody approved."
    ),
    Behavior.REJECT: gettext_lazy(
        "A row that changes a governed field fails and changes nothing. Other rows go on."
    ),
    Behavior.PROPOSE: gettext_lazy(
        "An import writes the other fields, and submits the governed ones for approval."
    ),
}


class Switched(NamedTuple):
    """What was switched, as history entries, and what to read about the parameters now."""

    changes: list[WorkflowEvent]
    warnings: list[str]


@history.sealed()
def set_parameters(
    model,
    *,
    by,
    enabled=None,
    entity_behavior=None,
    approve_new_records=None,
    calendar_country=None,
    calendar_region=None,
    fields=None,
) -> Switched:
    """Switch what differs from what is stored, each switch with an entry in the history.

    model: the governed model whose `fields` (name -> enabled) are meant. calendar_country,
    calendar_region: codes as in `working_time.countries`, or "". None, and a field that is
    not named, leave a switch alone. Raises PermissionDenied where `by` may not change
    parameters, LookupError for a field that cannot be governed, and ValueError for an
    unknown behavior or calendar.
    """
    if not by.has_perm("approvals.change_approvalparameters"):
        raise PermissionDenied
    row = ApprovalParameters.objects.select_for_update().get()
    wanted = {
        "enabled": enabled,
        "entity_behavior": entity_behavior and Behavior(entity_behavior),
        "approve_new_records": approve_new_records,
        "calendar_country": calendar_country,
        "calendar_region": calendar_region,
    }
    differing, switched = _differing(row, wanted), _switched(model, fields or {})
    changes = _entries(row, differing) + _entries_of_fields(model, switched)
    for event in changes:
        event.actor, event.origin = by, Origin.ADMIN
    # First: the database lets nothing be switched but to what the newest entry says.
    history.record(changes)
    _store(row, differing)
    _store_fields(model, switched)
    return Switched(changes, warnings(model))


def warnings(model) -> list[str]:
    """What an administrator should know about the parameters as they are stored."""
    if not ApprovalParameters.objects.filter(enabled=True).exists():
        return []
    content_type = ContentType.objects.get_for_model(model)
    found = []
    active = WorkflowVersion.objects.filter(state=VersionState.ACTIVE)
    if not active.filter(workflow__content_type=content_type).exists():
        found.append(
            _(
                "Customer approvals are on, but no workflow is active: proposed changes cannot "
                "be submitted. Activate one under Accounts receivable workflows."
            )
        )
    if not FieldEnablement.objects.filter(content_type=content_type, enabled=True).exists():
        found.append(_("Customer approvals are on, but no field is enabled: nothing is governed."))
    return found


def enabled_fields(model) -> set[str]:
    """The fields of `model` whose Enable is ticked, whether or not approvals are on."""
    content_type = ContentType.objects.get_for_model(model)
    rows = FieldEnablement.objects.filter(content_type=content_type, enabled=True)
    return set(rows.values_list("field", flat=True))


def _differing(row, wanted) -> dict:
    """The parameters to be stored, by name; raises ValueError for an unknown calendar."""
    found = {name: new for name, new in wanted.items() if new not in (None, getattr(row, name))}
    calendar = [
        found.get(name, getattr(row, name)) for name in ("calendar_country", "calendar_region")
    ]
    if not working_time.is_known(*calendar):
        raise ValueError(f"No calendar of “{' '.join(calendar)}”.")
    return found


def _switched(model, wanted) -> dict[str, bool]:
    if unknown := set(wanted) - set(registry.get(model).fields):
        raise LookupError(f"These fields cannot be governed: {sorted(unknown)}.")
    enabled = enabled_fields(model)
    return {name: on for name, on in wanted.items() if on != (name in enabled)}


def _entries(row, differing):
    return [
        _event(Verb.PARAMETER_CHANGED, row._meta.get_field(name), getattr(row, name), new)
        for name, new in differing.items()
    ]


def _entries_of_fields(model, switched):
    enable = FieldEnablement._meta.get_field("enabled")
    content_type = ContentType.objects.get_for_model(model)
    return [
        _event(Verb.ENABLEMENT_CHANGED, enable, not on, on, field=name, content_type=content_type)
        for name, on in switched.items()
    ]


def _store(row, differing):
    for name, new in differing.items():
        setattr(row, name, new)
    if differing:
        row.save(update_fields=list(differing))


def _store_fields(model, switched):
    content_type = ContentType.objects.get_for_model(model)
    FieldEnablement.objects.bulk_create(
        [
            FieldEnablement(content_type=content_type, field=f, enabled=e)
            for f, e in switched.items()
        ],
        update_conflicts=True,
        unique_fields=["content_type", "field"],
        update_fields=["enabled"],
    )


def _event(verb, column, old, new, **details):
    details = {"field": column.name, **details}
    return WorkflowEvent(verb=verb, old=encode(column, old), new=encode(column, new), **details)
