import random

import pytest

from approvals.imports.files import neutralise, restore

TRIGGERS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u3000 ", "\u200b", "\ufeff", "\x01"])
def test_text_that_a_spreadsheet_could_run_gets_an_apostrophe(trigger, before):
    text = f"{before}{trigger}cmd"
    if before and trigger in "\t\r\n":
        return  # blanks within blanks: no formula
    assert neutralise(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["", "1000", "-12.50", "-3", "Smith", "a=b", "x@y.nl", "'t Hart", "'", "12-05", "(020) 1"],
)
def test_harmless_text_stays_as_it_is(text):
    assert neutralise(text) == text
    assert restore(text) == text


@pytest.mark.parametrize(
    "text", ["-12.50-1", "--1", "-", "-1\n", "-٣", "-.5", "+31 20 123", "+3120"]
)
def test_only_a_plain_negative_number_is_left_alone(text):
    assert neutralise(text) == f"'{text}"
    assert restore(f"'{text}") == text


@pytest.mark.parametrize("text", ["'=1", "''=1", "'+31", "' =1", "'-5", "''-5", "'\t"])
def test_text_that_already_has_an_apostrophe_survives(text):
    assert restore(neutralise(text)) == text


def test_every_text_survives_the_round_trip():
    chance = random.Random(20240607)
    alphabet = TRIGGERS + "''' \u00a0\u200b\ufeff\x00\x1f0123.,;|\"aé漢😀"
    for _ in range(200_000):
        text = "".join(chance.choices(alphabet, k=chance.randrange(9)))
        assert restore(neutralise(text)) == text, repr(text)


def test_no_neutralised_text_starts_like_a_formula():
    chance = random.Random(7)
    for _ in range(50_000):
        text = "".join(chance.choices(TRIGGERS + "' 1a", k=chance.randrange(1, 7)))
        written = neutralise(text)
        bare = written.lstrip()
        plain_number = bare.lstrip("-").replace(".", "").isdigit() and bare == written
        assert written[0] not in TRIGGERS and bare[:1] not in list(TRIGGERS) or plain_number
