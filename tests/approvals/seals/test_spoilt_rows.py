"""What a row cannot hold, or cannot be about, is found; and the verification goes on."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from approvals import proposals
from approvals.models import Proposal
from tests.unguarded import unguarded

from .tampering import sql
from .test_commands import checkpoint, verify

# Not in a transaction: the snapshot is one.
pytestmark = pytest.mark.django_db(transaction=True)
only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite takes anything")
NO_TEXT = "CAST(x'ff' AS TEXT)"
ELSEWHERE = "customers.customer C3, phone: the history says '030 000 3', but there is 'elsewhere'."


def spoil(statement):
    """And something else that is looked at later."""
    with unguarded():
        sql(statement)
        sql("UPDATE customers_customer SET phone = 'elsewhere' WHERE account = 'C3'")


@only_sqlite
@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(
            ("approvals_workflowevent", name)
            for name in ("verb", "record_key", "comment", "object_id")
        ),
        *(("approvals_historyseal", name) for name in ("first", "count", "digest", "hash")),
        *(("approvals_historyhead", name) for name in ("position", "hash")),
        *(("customers_customer", name) for name in ("account", "notes", "credit_limit")),
        *(("approvals_decision", name) for name in ("comment", "decided_at")),
        *(("approvals_proposedchange", name) for name in ("value", "field")),
        ("approvals_approvalparameters", "entity_behavior"),
        ("approvals_fieldenablement", "field"),
    ],
)
def test_a_text_that_is_none_is_found_and_what_comes_after_it(history, table, column):
    key = "position" if "seal" in table and column != "position" else "id"
    newest = f"SELECT max({key}) FROM {table}"  # noqa: S608
    spoil(f"UPDATE {table} SET {column} = {NO_TEXT} WHERE {key} = ({newest})")  # noqa: S608
    lines, status = verify()
    assert status == 1
    assert ELSEWHERE in lines
    assert len(lines) > 2
    "".join(lines).encode()


@only_sqlite
def test_bytes_are_not_taken_for_the_text_that_shows_them(history, clerk):
    proposals.submit(Proposal.objects.get(record_key="C2").pk, by=clerk, note=r"\xff")
    of = r"approvals_workflowevent WHERE comment = '\xff'"
    [(pk,)] = sql(f"SELECT id FROM {of}")  # noqa: S608
    spoil(f"UPDATE approvals_workflowevent SET comment = {NO_TEXT} WHERE id = {pk}")  # noqa: S608
    lines, _status = verify()
    assert any(line.startswith(f"Entry {pk}: not as it was sealed") for line in lines)


def test_a_content_type_by_another_name_is_found_and_none_is_made(history):
    ContentType.objects.clear_cache()
    with unguarded():
        sql("UPDATE django_content_type SET model = 'x' WHERE model = 'customer'")
    there = ContentType.objects.count()
    lines, status = verify()
    assert lines[:-1] == ["customers.customer: what the history says of it belongs to no model."]
    assert status == 1
    assert ContentType.objects.count() == there
    assert checkpoint()
