"""What people type cannot pass for a line of the log."""

import logging

import pytest
from django.conf import settings

from config.logs import Formatter, escaped
from tests.customers.factories import customer
from tests.unseen import CODES

FORGED = "2026-01-01 00:00:00 INFO approvals: Approved by the auditor"


@pytest.fixture
def lines(caplog):
    """A function that returns what was logged, as the program writes it."""
    formatter = Formatter(settings.LOGGING["formatters"]["line"]["format"])

    def logged():
        text = "\n".join(formatter.format(record) for record in caplog.records)
        return text.split("\n")

    return logged


@pytest.mark.parametrize("separator", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\x1b[2K\r"])
def test_a_message_is_one_line(caplog, lines, separator):
    logging.getLogger("approvals").warning("Login failed: %s", f"eve{separator}{FORGED}")

    [line] = lines()
    assert line.splitlines() == [line]
    assert "\x1b" not in line
    assert line.endswith(FORGED)


@pytest.mark.parametrize("hidden, shown", [("\u202e", r"\u202e"), ("\u200b", r"\u200b")])
def test_what_cannot_be_seen_is_written_out(caplog, lines, hidden, shown):
    logging.getLogger("approvals").warning("Login failed: %s", f"e{hidden}ve")

    assert lines()[0].endswith(f"e{shown}ve")


def test_no_character_that_nobody_sees_is_left():
    for code in sorted(CODES):
        text = escaped(f"e{chr(code)}ve")
        assert text.isascii() and f"{code:x}" in text


def test_other_languages_stay_readable(caplog, lines):
    logging.getLogger("approvals").warning("No calendar of %s", "Åland, Ελλάδα, 日本")

    assert lines()[0].endswith("Åland, Ελλάδα, 日本")


def test_no_line_of_a_traceback_passes_for_another_message(caplog, lines):
    try:
        raise ValueError(f"Not a number: 1\n{FORGED}")
    except ValueError:
        logging.getLogger("approvals").exception("Failed")
    # As another handler would have done before ours.
    logging.Formatter().format(caplog.records[0])

    first, *others = lines()
    assert first.endswith("Failed")
    assert others and all(line.startswith("  | ") for line in others)
    assert f"  | {FORGED}" in others


def test_a_name_of_a_customer_forges_nothing(caplog, lines, db):
    logging.getLogger("customers").warning("Cannot import %s", customer(name=f"A\n{FORGED}").name)

    assert [line for line in lines() if line.startswith("2026-01-01 00:00:00")] == []


def test_a_path_forges_nothing(client, caplog, lines, db):
    client.get("/nowhere%0a" + FORGED.replace(" ", "%20"))

    assert any("/nowhere" in line for line in lines())
    assert [line for line in lines() if line.startswith("2026-01-01 00:00:00")] == []
