"""Everything written is sealed in the transaction that wrote it, in one chain without gaps."""

import threading
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from approvals import bulk
from approvals import history as log
from approvals.models import HistoryHead, HistorySeal, Origin, Verb, WorkflowEvent
from approvals.outcomes import BROWSER
from approvals.seals import beginning, chain
from approvals.seals.verifying import Report, verify
from tests.approvals.helpers import edit
from tests.approvals.test_concurrency import together
from tests.customers.factories import customer
from tests.unguarded import unguarded

POSTGRESQL = connection.vendor == "postgresql"


def findings():
    found = []
    verify(Report(found.append))
    return found


def note(*comments):
    """Write entries in one statement."""
    log.record([WorkflowEvent(verb=Verb.ASSIGNED, comment=c, origin=Origin.CODE) for c in comments])


def sealed():
    return [(seal.position, seal.count) for seal in HistorySeal.objects.all()]


@pytest.fixture
def empty(db):
    """A chain without a seal."""
    assert not HistorySeal.objects.exists()


def test_what_is_written_outside_is_sealed_at_once(empty):
    note("a", "b")
    note("c")
    assert sealed() == [(1, 2), (2, 1)]
    assert findings() == []


def test_a_unit_of_work_seals_at_its_end(empty):
    with log.sealed():
        note("a")
        with log.sealed():
            note("b", "c")
        note("d")
        assert sealed() == []
    assert sealed() == [(1, 1), (2, 2), (3, 1)]
    assert findings() == []


def test_what_is_rolled_back_is_not_sealed(empty):
    """Neither by a unit of work of its own nor by a savepoint that knows nothing of seals."""
    with log.sealed():
        for context in (transaction.atomic, log.sealed):
            note("a", "b")
            with pytest.raises(RuntimeError), context():
                note("c", "d", "e")
                note("f")
                raise RuntimeError
        note("g")
    assert sealed() == [(1, 2), (2, 2), (3, 1)]
    assert findings() == []


def test_what_gathers_inserts_stands_inside_and_never_around(empty):
    """They would be written when what seals them is over."""
    with pytest.raises(RuntimeError, match="sealed"), bulk.gathered(), log.sealed():
        note("a")
    with pytest.raises(RuntimeError, match="sealed"), bulk.gathered():
        note("a")
    with log.sealed(), bulk.gathered(), log.sealed():
        note("b")
    assert sealed() == [(1, 1)]
    assert findings() == []


def test_where_all_was_rolled_back_nothing_is_sealed(empty):
    with log.sealed(), pytest.raises(RuntimeError), transaction.atomic():
        note("a")
        raise RuntimeError
    assert sealed() == []
    note("b")
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_written_after_the_commit_is_sealed_too():
    with log.sealed():
        note("a")
        transaction.on_commit(lambda: note("b", "c"))
    assert sealed() == [(1, 1), (2, 2)]
    assert findings() == []


@pytest.mark.parametrize("values", [{"old": 5}, {"new": True}, {"new": ["a"]}, {"old": b"a"}])
def test_values_that_are_no_texts_are_refused(values, empty):
    """They would be stored as other texts than were sealed."""
    [name] = values
    event = WorkflowEvent(verb=Verb.ASSIGNED, origin=Origin.CODE, **values)
    entry = log.Entry(Verb.CHANGED, 1, "C1", **values)
    for write in (lambda: log.record([event]), lambda: log.record_entries([entry], 1, **NOBODY)):
        with pytest.raises(TypeError, match=f"{name}: .* text"):
            write()
    assert not WorkflowEvent.objects.exists()


NOBODY = {"by": None, "source": BROWSER}


def test_without_the_head_nothing_is_written(empty):
    with unguarded():
        HistoryHead.objects.all().delete()
        missing = (HistoryHead.DoesNotExist, IntegrityError)
        with pytest.raises(missing), transaction.atomic():
            note("a")
        beginning.begin(None, "default")
    assert not WorkflowEvent.objects.exists()


def test_more_entries_than_a_block_has_ids_are_sealed_in_parts(empty, monkeypatch):
    monkeypatch.setattr(chain, "BLOCK", 2)
    note("a", "b", "c", "d", "e")
    assert sealed() == [(1, 2), (2, 2), (3, 1)]
    assert findings() == []


@pytest.mark.parametrize("more", [0, 1])
def test_one_statement_seals_no_more_than_it_chains_quickly(more, empty, monkeypatch):
    """It looks through all of them for each; more are chained one by one, to the same chain."""
    in_sql, count = Mock(wraps=chain._seal_in_sql), chain.IN_SQL - 1 + more
    monkeypatch.setattr(chain, "_seal_in_sql", in_sql)
    note("before")
    in_sql.reset_mock()
    with log.sealed():
        for number in range(count):
            note(str(number))
        with pytest.raises(RuntimeError), log.sealed():
            note("not", "there")
            raise RuntimeError
    assert in_sql.call_count == (POSTGRESQL and not more)
    assert sealed() == [(number + 1, 1) for number in range(count + 1)]
    note("behind")
    assert findings() == []


def test_entries_from_before_there_were_seals_get_one(empty):
    note("a", "b")
    note("c")
    with unguarded():
        HistorySeal.objects.all().delete()
        HistoryHead.objects.all().delete()
        WorkflowEvent.objects.update(mark=0)
        beginning.begin(None, "default")
    assert sealed() == [(1, 3)]
    note("d")
    assert findings() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not POSTGRESQL, reason="SQLite has one writer at a time")
class TestTogether:
    """Several at once."""

    EACH, PEOPLE = 15, 4

    def write(self):
        def one(number):
            def action():
                for turn in range(self.EACH):
                    with log.sealed():
                        note(f"{number}.{turn}", "b")
                        note("c")

            return action

        return together(*map(one, range(self.PEOPLE)))

    def test_the_chain_stays_one_line_without_gaps(self):
        assert self.write() == [None] * self.PEOPLE
        count = 2 * self.EACH * self.PEOPLE
        assert [position for position, _count in sealed()] == list(range(1, count + 1))
        assert WorkflowEvent.objects.count() == 3 * self.EACH * self.PEOPLE
        assert findings() == []

    def test_control_without_the_lock_it_breaks(self, monkeypatch):
        monkeypatch.setattr(chain, "_CHAIN", chain._CHAIN.replace("FOR UPDATE", ""))
        results = self.write()
        assert any(isinstance(result, Exception) for result in results) or findings()

    def test_who_seals_waits_for_nobody_s_work(self):
        """A long unit of work that has written holds up no other before its end."""
        written, done = threading.Event(), threading.Event()

        def long():
            with log.sealed():
                note("long")
                written.set()
                assert done.wait(20)

        def short():
            assert written.wait(20)
            note("short")
            done.set()

        assert together(long, short) == [None, None]
        assert findings() == []


def test_nothing_is_written_but_through_the_history(db, clerk):
    customer("C1")
    with pytest.raises(TypeError):
        WorkflowEvent.objects.create(
            at=timezone.now(), verb=Verb.CHANGED, origin=Origin.CODE, actor=clerk
        )
    edit(User.objects.get(pk=clerk.pk), "C1", city="Town")
    assert findings() == []
