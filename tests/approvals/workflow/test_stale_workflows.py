"""A workflow that is saved from memory while somebody else's change is not committed yet."""

import pytest
from django.db import connection

from approvals.models import Verb, Workflow, WorkflowEvent
from tests.approvals.guard.test_two_connections import meanwhile

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]


def test_what_is_written_over_is_told_as_it_was_stored(workflow):
    stale = Workflow.objects.get(pk=workflow.workflow_id)
    mine = Workflow.objects.get(pk=workflow.workflow_id)
    mine.position = 7
    newest = WorkflowEvent.objects.latest("pk").pk
    assert not meanwhile(mine.save, stale.save)
    told = WorkflowEvent.objects.filter(pk__gt=newest, verb=Verb.WORKFLOW_CHANGED)
    lines = [event.comment.splitlines()[1] for event in told.order_by("pk")]
    assert lines == ["order: 1 → 7", "order: 7 → 1"]
