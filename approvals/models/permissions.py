"""Who may do what to a proposal, as django-fsm asks it: (proposal, person) -> bool."""


def may_edit_record(model, person) -> bool:
    """Whether `person` may change records of `model` in the browser."""
    meta = model._meta
    return person.has_perm(f"{meta.app_label}.change_{meta.model_name}")


def may_edit(proposal, person) -> bool:
    """Whether `person` may change what stands in `proposal`.

    Whoever may edit the record may; so may the one who imported it.
    """
    model = proposal.content_type.model_class()
    if may_edit_record(model, person):
        return True
    may_import = person.has_perm(f"{model._meta.app_label}.import_{model._meta.model_name}")
    return may_import and proposal.import_job_id is not None and proposal.created_by_id == person.pk


may_discard = may_edit


def may_submit(proposal, person) -> bool:
    """Whether `person` may submit or resubmit `proposal`."""
    return person.has_perm("approvals.submit_proposal") and may_edit(proposal, person)


def may_recall(proposal, person) -> bool:
    """Whether `person` may take `proposal` back: its originator, or an administrator."""
    if person.has_perm("approvals.administer_workflow"):
        return True
    return proposal.submitted_by_id == person.pk and may_submit(proposal, person)
