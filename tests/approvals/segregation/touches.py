"""Every way of having touched a proposal: each leaves one that is pending, and returns it."""

from approvals import proposals
from approvals.models import Action, Behavior, Proposal, ProposedChange, State

from ..helpers import decide_item, edit, import_source


def _discard(field, by):
    proposals.discard_change(ProposedChange.objects.get(field=field, outcome="").pk, by=by)


def _come_back(company, action):
    """What Clara submitted comes back to her."""
    edit(company.clara, "A", credit_limit="5")
    proposal = company.submit(company.clara)
    item = company.item_for(proposal, company.anna)
    assert decide_item(company.anna, item, action, "Lower").done
    return proposal


def proposed(company, who):
    edit(who, "A", credit_limit="5")
    return company.submit(company.clara)


def edited(company, who):
    edit(company.clara, "A", credit_limit="5")
    edit(who, "A", credit_limit="6")
    return company.submit(company.clara)


def proposed_and_nothing_is_left_of_it(company, who):
    edit(who, "A", credit_limit="5")
    edit(company.clara, "A", credit_limit="6")
    return company.submit(company.clara)


def edited_and_nothing_is_left_of_it(company, who):
    edit(company.clara, "A", credit_limit="5")
    edit(who, "A", credit_limit="6")
    edit(company.clara, "A", credit_limit="7")
    return company.submit(company.clara)


def discarded_anothers_change(company, who):
    edit(company.clara, "A", credit_limit="5", name="New")
    _discard("name", who)
    return company.submit(company.clara)


def discarded_an_own_change(company, who):
    edit(company.clara, "A", credit_limit="5")
    edit(who, "A", name="New")
    _discard("name", who)
    return company.submit(company.clara)


def edited_what_came_back(company, who):
    proposal = _come_back(company, Action.REQUEST_CHANGE)
    edit(who, "A", credit_limit="4")
    return proposals.submit(proposal.pk, by=company.clara)


def submitted(company, who):
    edit(company.clara, "A", credit_limit="5")
    return company.submit(who)


def submitted_before_a_recall(company, who):
    edit(company.clara, "A", credit_limit="5")
    proposals.recall(company.submit(who).pk, by=who)
    return company.submit(company.clara)


def resubmitted_after_a_rejection(company, who):
    return proposals.submit(_come_back(company, Action.REJECT).pk, by=who)


def imported(company, who):
    edit(who, "A", import_source(who, Behavior.PROPOSE), credit_limit="5")
    return Proposal.objects.get(state=State.PENDING, record_key="A")


def proposed_in_a_draft_that_joined(company, who):
    edit(company.clara, "A", credit_limit="5")
    pending = company.submit(company.clara)
    edit(who, "A", name="New")
    proposals.recall(pending.pk, by=company.clara)
    return company.submit(company.clara)


def nothing(company, who):
    """The control: somebody who did not touch it."""
    edit(company.clara, "A", credit_limit="5")
    return company.submit(company.clara)


TOUCHES = (
    proposed,
    edited,
    proposed_and_nothing_is_left_of_it,
    edited_and_nothing_is_left_of_it,
    discarded_anothers_change,
    discarded_an_own_change,
    edited_what_came_back,
    submitted,
    submitted_before_a_recall,
    resubmitted_after_a_rejection,
    imported,
    proposed_in_a_draft_that_joined,
)
