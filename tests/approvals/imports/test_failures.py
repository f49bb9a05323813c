"""Failed rows that are kept in a file."""

import tracemalloc

from approvals.imports.failures import Failures
from approvals.outcomes import FieldError, RecordOutcome


def failed(number, *errors):
    return RecordOutcome(f"C{number}", number, errors=[FieldError(*e) for e in errors])


def test_failed_rows_come_back_as_they_went_in_and_in_their_order():
    failures = Failures()
    awkward = failed(4, ("name", 'a\nb "c" \u2028'), ("", "Zoë \ud800"))
    failures.add([failed(2, ("name", "bad")), RecordOutcome("C3", 3, created=True)])
    failures.add([awkward])
    assert len(failures) == 2
    assert list(failures) == list(failures) == [failed(2, ("name", "bad")), awkward]


def test_none_failed():
    failures = Failures()
    assert not failures
    assert list(failures) == []


def test_however_many_there_are_they_cost_no_memory():
    def peak(count):
        tracemalloc.start()
        failures = Failures()
        for number in range(count):
            failures.add([failed(number, ("name", f"“{number}” is no name"))])
        assert sum(1 for _outcome in failures) == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)  # what is only made once
    assert peak(10_000) < peak(1000) * 1.1
