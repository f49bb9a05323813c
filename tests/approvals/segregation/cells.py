"""The cells of one way: each is tried and undone, and those that are wrong are told in words."""

from functools import partial

from django.db import DatabaseError
from django.test import Client

from approvals.models import Action, State, WorkItem

from .acts import IN_THE_BROWSER, LAST, inserted, picture
from .rule import BOTH, FORBIDDEN, NO_RIGHT, NOT_HIS, refusal
from .touches import nothing


class Cells:
    """The cells of one way: who touched a proposal how, and how Rosa comes to decide on it."""

    def __init__(self, company, undone, touch, holding):
        self.company, self.undone = company, undone
        self.touch, self.holding = touch, holding
        touched = touch is not nothing
        self.touched = touched and not holding.by_tom
        self.principal_touched = touched and holding.by_tom
        self.refusal = partial(
            refusal,
            is_his=holding.is_his,
            touched=self.touched,
            principal_touched=self.principal_touched,
            claimed=holding.claimed,
        )

    def wrong(self, *wanted, sql=False):
        """The cells that are wrong, each in words. wanted: roles, acts, and which decisions."""
        if self.holding.prepare:
            self.holding.prepare(self.company)
        proposal = self.touch(self.company, self.holding.toucher(self.company))
        assert proposal.state == State.PENDING
        for roles, acts, decisions in wanted:
            first = [decision for decision in decisions if decision != LAST]
            for role in roles:
                yield from self.of_role(role, proposal, acts, first, sql and role == BOTH)
        self.company.complete_first_step(proposal)
        for roles, acts, decisions in wanted:
            for role in roles if LAST in decisions else ():
                yield from self.of_role(role, proposal, acts, [LAST])

    def of_role(self, role, proposal, acts, decisions, sql=False):
        """The same of one role, at the step at which the proposal stands."""
        with self.undone():
            self.company.give_role(role)
            item = self.holding.hand(self.company, proposal)
            rosa = self.company.fresh(self.company.rosa)
            by = _browser_of(rosa) if acts is IN_THE_BROWSER else rosa
            before = picture(proposal)
            for decision in decisions:
                expected = self.refusal(role, decision)
                with self.undone():
                    told = self._act(acts, decision, item, by)
                    after = picture(proposal)
                if why := _wrong(decision, expected, told, before, after, item):
                    yield f"{role}: {decision}: {why}"
            if sql:
                yield from self.wrong_rows(item)

    def _act(self, acts, decision, item, by):
        if decision == "claim":
            group = self.company.groups["Approver"]
            WorkItem.objects.filter(pk=item.pk).update(group=group)
        try:
            return acts[decision](self.company, item, by)
        except DatabaseError as error:
            return f"broke: {error}"

    def wrong_rows(self, item):
        """The database looks at contributors and at whose it is, whatever rights anybody has."""
        for action in Action:
            with self.undone():
                told = inserted(item, self.company.rosa, action)
            his = self.holding.is_his
            barred = self.touched or self.principal_touched or not his
            why = "four eyes" if his else "guard: "
            if bool(told) != barred or (barred and why not in told):
                yield f"{action} in SQL: told {told!r}"


def _browser_of(person):
    client = Client()
    client.force_login(person)
    return client


def _wrong(decision, expected, told, before, after, item) -> str:
    """What is wrong about one cell, or ""."""
    if not expected:
        done = happened(before, after, item)
        return "" if done == effect(decision) else f"did {done}, told {told[:200]!r}"
    if before != after:
        return f"was not refused: {happened(before, after, item)}"
    if told == FORBIDDEN:
        return "" if expected in (NO_RIGHT, NOT_HIS) else "was forbidden without a reason"
    return "" if expected in told else f"was refused, but not in the words {expected!r}"


def happened(before, after, item):
    """What a decision did, in short: where the proposal stands, who decided, who has the item."""
    new = [row for row in after["decisions"] if row not in before["decisions"]]
    states = {pk: state for pk, state, _person in after["items"]}
    claimed = [who for (who,) in after["claimed by"] if (who,) not in before["claimed by"]]
    return {
        "state": after["proposal"][0][0],
        "item": states[item.pk],
        "decided": [(who, action) for who, action, decided in new if decided == item.pk],
        "claimed by": claimed,
        "live": after["live"] != before["live"],
    }


def effect(decision):
    """What a decision of Rosa's is to do."""
    action = "approve" if decision == LAST else decision.split(",")[0]
    states = {"reject": State.REJECTED, "request_change": State.CHANGE_REQUESTED}
    return {
        "state": State.APPROVED if decision == LAST else states.get(action, State.PENDING),
        "item": {"delegate": "handed_on", "claim": "open"}.get(action, "decided"),
        "decided": [("rosa", action)] if action in list(Action) else [],
        "claimed by": ["rosa"] if action == "claim" else [],
        "live": decision == LAST,
    }
