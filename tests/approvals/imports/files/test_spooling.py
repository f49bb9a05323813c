import io

import pytest

from approvals.imports.files import FileRefused, Spool, limits, open_table


def test_a_stream_becomes_a_file_for_as_long_as_it_is_wanted():
    spool = Spool(io.BytesIO(b"A\n1\n"), "standard input")
    path = spool.path
    assert [row.cells for row in open_table(path, name=path.name).rows()] == [["1"]]
    assert path.name == "standard input"
    del spool
    assert not path.exists()


def test_a_stream_is_refused_before_more_of_it_is_kept_than_a_file_may_hold(monkeypatch):
    monkeypatch.setattr(limits, "FILE_BYTES", 5_000_000)
    endless = io.BytesIO(b"x" * 20_000_000)
    with pytest.raises(FileRefused, match="“standard input” is larger than 4.8"):
        Spool(endless, "standard input")
    assert endless.tell() < 7_000_000
