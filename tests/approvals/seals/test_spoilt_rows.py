"""What a row cannot hold, or cannot be about, is found; and the verification goes on."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from approvals import proposals
from approvals.models import Proposal
from approvals.seals import digests
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


SPELLED_ANEW = {
    "with the zone": "replace(at, ' ', 'T') || '+00:00'",
    "with the zone as PostgreSQL has it": "at || '+00'",
    "in another zone": "datetime(at, '+2 hours') || substr(at, 20) || '+02:00'",
    "with a T": "replace(at, ' ', 'T')",
    "without dashes": "replace(at, '-', '')",
    "with a digit more": "at || '0'",
}


@only_sqlite
@pytest.mark.parametrize("spelled", SPELLED_ANEW.values(), ids=SPELLED_ANEW)
@pytest.mark.parametrize("table", ["approvals_workflowevent", "approvals_historyseal"])
def test_the_same_moment_in_another_spelling_is_found(history, table, spelled):
    key, number = ("id", "Entry") if "event" in table else ("position", "Seal")
    [(pk, at)] = sql(f"SELECT {key}, CAST(at AS TEXT) FROM {table} ORDER BY {key} DESC LIMIT 1")
    spoil(f"UPDATE {table} SET at = {spelled} WHERE {key} = {pk}")
    [(new,)] = sql(f"SELECT CAST(at AS TEXT) FROM {table} WHERE {key} = {pk}")
    assert new != at
    assert digests.moment(new) == digests.moment(at)
    lines, _status = verify()
    assert any(line.startswith(f"{number} {pk}: ") and "edited" in line for line in lines)


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
