"""Who may do what to a proposal, as django-fsm asks it: (proposal, person) -> bool."""

from django.contrib.auth import get_user_model

# The one that knows the rights of people and groups.
BACKEND = "django.contrib.auth.backends.ModelBackend"
# Administrators decide where nobody else is left to.
DECIDING = ("approvals.decide_proposal", "approvals.administer_workflow")


def _has(person, action, model) -> bool:
    return person.has_perm(f"{model._meta.app_label}.{action}_{model._meta.model_name}")


def may_view_record(model, person) -> bool:
    """Whether `person` may see records of `model`, with their history."""
    return _has(person, "view", model)


def may_edit_record(model, person) -> bool:
    """Whether `person` may change records of `model` in the browser."""
    return _has(person, "change", model)


def may_create_record(model, person) -> bool:
    """Whether `person` may create records of `model` in the browser."""
    return _has(person, "add", model)


def may_import_record(model, person) -> bool:
    """Whether `person` may create and change records of `model` through imports."""
    return _has(person, "import", model)


def may_still_import(model, person) -> bool:
    """The same as it stands now: `person` remembers his rights from when he was first asked."""
    code = f"{model._meta.app_label}.import_{model._meta.model_name}"
    people = get_user_model()._default_manager.with_perm(code, backend=BACKEND)
    return people.filter(pk=person.pk).exists()


def may_edit(proposal, person) -> bool:
    """Whether `person` may change what stands in `proposal`.

    Whoever may edit the record may; so may the one who imported it, while nobody
    else has a change in it.
    """
    model = proposal.content_type.model_class()
    if may_edit_record(model, person):
        return True
    imported = proposal.import_job_id is not None and proposal.created_by_id == person.pk
    return imported and may_import_record(model, person) and proposal.is_all_by(person)


def may_administer(person) -> bool:
    """Whether `person` may set up workflows, and recall, reassign and end anybody's proposals."""
    return person.has_perm("approvals.administer_workflow")


def may_inquire(person) -> bool:
    """Whether `person` may see everybody's proposals, with their history and cycle times."""
    return person.has_perms(("approvals.view_proposal", "approvals.view_workflowevent"))


def may_decide(person) -> bool:
    """Whether `person` may decide work items that are assigned to him."""
    return any(person.has_perm(code) for code in DECIDING)


may_discard = may_edit


def may_submit(proposal, person) -> bool:
    """Whether `person` may submit or resubmit `proposal`."""
    return person.has_perm("approvals.submit_proposal") and may_edit(proposal, person)


def may_recall(proposal, person) -> bool:
    """Whether `person` may take `proposal` back: its originator, or an administrator."""
    if may_administer(person):
        return True
    return proposal.submitted_by_id == person.pk and may_submit(proposal, person)


def may_terminate(proposal, person) -> bool:
    """Whether `person` may end the workflow of `proposal` for good."""
    return may_administer(person)
