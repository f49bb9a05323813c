"""history_checkpoint and verify_history, as somebody who runs them sees them."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from approvals.models import HistoryHead, HistorySeal, WorkflowEvent
from tests.customers.factories import customer
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db


def checkpoint():
    out = io.StringIO()
    call_command("history_checkpoint", stdout=out)
    return out.getvalue()


def verify(*options):
    """The lines that are printed, and the exit status."""
    out = io.StringIO()
    try:
        call_command("verify_history", *options, stdout=out)
    except SystemExit as ended:
        return out.getvalue().splitlines(), ended.code
    return out.getvalue().splitlines(), 0


def test_a_whole_history_is_told_with_its_size(history):
    lines, status = verify()
    entries, seals = WorkflowEvent.objects.count(), HistorySeal.objects.count()
    assert lines == [
        f"{entries} entries in {seals} seals, 0 checkpoints and 5 records verified: 0 findings."
    ]
    assert status == 0


def test_a_finding_is_a_line_and_status_1(history):
    with unguarded():
        WorkflowEvent.objects.filter(verb="submitted").update(comment="")
    customer("BEFORE")
    lines, status = verify()
    assert status == 1
    assert [line for line in lines if line.startswith("Entry ") and line.endswith("edited.")]
    assert "customers.customer BEFORE: no trail back to creation." in lines
    assert lines[-1].endswith(f"{len(lines) - 1} findings.")


def test_a_checkpoint_is_one_line_that_holds_for_ever(history, tmp_path):
    file = tmp_path / "checkpoints"
    file.write_text(checkpoint())
    history()
    file.write_text(file.read_text() + "\n" + checkpoint())
    assert len(file.read_text().split()) == 6
    lines, status = verify("--checkpoint", str(file))
    assert "2 checkpoints" in lines[-1]
    assert status == 0


def test_a_history_cut_off_does_not_meet_its_checkpoint(history, tmp_path, monkeypatch):
    noted = checkpoint()
    with unguarded():
        newest = HistorySeal.objects.last()
        WorkflowEvent.objects.filter(pk__gte=newest.first).delete()
        newest.delete()
        before = HistorySeal.objects.last()
        HistoryHead.objects.update(position=before.position, hash=before.hash)
    _lines, status = verify()
    assert status == 1  # the trail of what it told is broken
    monkeypatch.setattr("sys.stdin", io.StringIO(noted))
    lines, status = verify("--checkpoint", "-")
    position = noted.split()[0]
    assert f"Seal {position}: missing, though there is a checkpoint of it." in lines
    assert status == 1


@pytest.mark.parametrize("text", ["12", "x " + "0" * 64, "1 " + "0" * 63, "1 " + "g" * 64])
def test_what_is_no_checkpoint_is_refused(history, tmp_path, text):
    file = tmp_path / "checkpoints"
    file.write_text(text)
    with pytest.raises(CommandError, match="no checkpoint"):
        verify("--checkpoint", str(file))
    with pytest.raises(CommandError, match="No such file"):
        verify("--checkpoint", str(tmp_path / "none"))


def test_an_empty_history_has_no_checkpoint(db):
    with pytest.raises(CommandError, match="empty"):
        checkpoint()
    lines, status = verify()
    assert (len(lines), status) == (1, 0)


SAME = "The newest seal is {0}, and so says the head of the chain, but of another hash."


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda: HistoryHead.objects.update(position=F("position") + 1),
            "The newest seal is {0}, but the head of the chain says {1}.",
        ),
        (lambda: HistoryHead.objects.update(hash="f" * 64), SAME),
        (lambda: HistorySeal.objects.filter(position__gt=9).update(hash="f" * 64), SAME),
        (
            lambda: HistoryHead.objects.all().delete(),
            "The newest seal is {0}, but the head of the chain says none.",
        ),
        (
            lambda: HistorySeal.objects.all().delete(),
            "The newest seal is 0, but the head of the chain says {0}.",
        ),
    ],
)
def test_what_is_no_end_of_the_chain_is_no_checkpoint(history, spoil, told):
    position = HistorySeal.objects.last().position
    with unguarded():
        spoil()
    told = told.format(position, position + 1)
    with pytest.raises(CommandError) as refused:
        checkpoint()
    assert (str(refused.value), refused.value.returncode) == (told, 1)
    assert told in verify()[0]


def test_a_head_that_was_moved_before_there_was_a_seal_is_told(db):
    with unguarded():
        HistoryHead.objects.update(position=5)
    with pytest.raises(CommandError, match="The newest seal is 0, but the head .* says 5."):
        checkpoint()


def test_each_of_two_checkpoints_of_one_seal_counts(history, tmp_path):
    """A later one, noted after the newest seal was rewritten, hides nothing."""
    file, noted = tmp_path / "checkpoints", checkpoint()
    position, told = noted.split()[:2]
    changed = told[:-1] + ("0" if told[-1] != "0" else "1")
    for lines in ((noted.replace(told, changed), noted), (noted, noted.replace(told, changed))):
        file.write_text("".join(lines))
        found, status = verify("--checkpoint", str(file))
        assert status == 1
        assert any(line.startswith(f"Seal {position}: not the one") for line in found)
