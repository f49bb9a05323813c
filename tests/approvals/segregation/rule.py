"""Who may decide, as the product promises it; written down without looking at its code.

"No contributor approves, superusers, delegates and substitutes included; the database
enforces it as well. A right that is withdrawn is gone at the next click."
"""

NO_RIGHT = "You no longer have the right to decide."
NOT_HIS = "assigned to"
CONTRIBUTED = "You contributed to this proposal, so somebody else has to decide on it."
STANDS_IN = "The person you stand in for contributed to this proposal"
CLAIMED_ALREADY = "It is claimed already."
FORBIDDEN = "403"
LOGIN = "Your session has ended. Please log in again."

SUPERUSER = "superuser"
# Each role's groups. Who is a superuser is in none.
ROLES = {
    "no group": (),
    "Clerk": ("Clerk",),
    "Approver": ("Approver",),
    "Data steward": ("Data steward",),
    "Administrator": ("Administrator",),
    "Auditor": ("Auditor",),
    "Clerk and Approver": ("Clerk", "Approver"),
    "Data steward and Approver": ("Data steward", "Approver"),
    "Administrator and Approver": ("Administrator", "Approver"),
    "Auditor and Approver": ("Auditor", "Approver"),
    "Clerk and Administrator": ("Clerk", "Administrator"),
    SUPERUSER: (),
}
# The one of them of which every decision in every way is looked at.
BOTH = "Clerk and Approver"


def may_decide(role: str) -> bool:
    """Approvers decide; administrators too, where nobody else is left to."""
    return role == SUPERUSER or bool({"Approver", "Administrator"} & set(ROLES[role]))


def may_be_given(role: str) -> bool:
    """Whom approvers and workflows hand a work item to by themselves: approvers."""
    return role == SUPERUSER or "Approver" in ROLES[role]


def refusal(role: str, decision: str, *, is_his, touched, principal_touched, claimed) -> str:
    """In which words somebody is refused; "" where he may.

    is_his: he has the work item, or stands in for who has it. touched: he did, in any way,
    ever. principal_touched: somebody on whose behalf he decides did.
    """
    if not is_his:
        return NOT_HIS
    if not may_decide(role):
        return NO_RIGHT
    if touched:
        return CONTRIBUTED
    if principal_touched:
        return STANDS_IN
    if decision == "claim" and claimed:
        return CLAIMED_ALREADY
    return ""
