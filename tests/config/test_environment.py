"""What the environment says is taken as it is meant, or refused under the variable's name."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


def count():
    return environment.number("SETTING", 7, least=0, most=99)


def currency():
    return environment.code("SETTING", "EUR")


def zone():
    return environment.time_zone("SETTING", "UTC")


def database():
    return environment.database("SETTING", "sqlite:///file")["NAME"]


def on():
    return environment.switch("SETTING", default=True)


TAKEN = [
    (count, {"0": 0, "99": 99, "": 7}),
    (on, {"0": False, "1": True, "": True}),
    (currency, {"SEK": "SEK", "": "EUR"}),
    (zone, {"Europe/Amsterdam": "Europe/Amsterdam", "": "UTC"}),
    (database, {"postgres://localhost/customers": "customers", "sqlite:///x": "x", "": "file"}),
]


@pytest.mark.parametrize(
    "read, text, value", [(r, text, v) for r, texts in TAKEN for text, v in texts.items()]
)
def test_what_makes_sense_is_taken(monkeypatch, read, text, value):
    monkeypatch.setenv("SETTING", text)

    assert read() == value


@pytest.mark.parametrize("read, value", [(read, texts[""]) for read, texts in TAKEN])
def test_what_is_missing_has_its_default(monkeypatch, read, value):
    monkeypatch.delenv("SETTING", raising=False)

    assert read() == value


REFUSED = [
    (count, "a whole number from 0 to 99", ["abc", "-1", "100", "1e1", "1.0", "1_0", " 1", "٣"]),
    (count, "a whole number from 0 to 99", ["1" * 5000]),
    (on, "1, which is on, or 0, which is off", ["true", "yes", "on", "2", "-1", "01"]),
    (currency, "3 capital letters, such as EUR", ["euro", "eur", "EURO", "EU", "ÅÄÖ", "E1R"]),
    (zone, "a time zone, such as", ["Mars/Base", "/etc/passwd", "../UTC", "Europe", "+02:00"]),
    (database, "such as postgres://", ["customers", "foo://host/x", "mysql://host/x", "http://x"]),
    (database, "such as postgres://", ["postgres://h:port/x", "postgres://u:p[@h/x"]),
]


@pytest.mark.parametrize(
    "read, why, text", [(r, why, text) for r, why, texts in REFUSED for text in texts]
)
def test_what_makes_none_is_refused_under_its_name(monkeypatch, read, why, text):
    monkeypatch.setenv("SETTING", text)

    with pytest.raises(ImproperlyConfigured, match=f"^SETTING must be .*{why}"):
        read()


def test_a_refusal_does_not_tell_the_password(monkeypatch):
    monkeypatch.setenv("SETTING", "postgres://user:hidden[@host/x")

    with pytest.raises(ImproperlyConfigured) as refused:
        database()
    assert refused.value.__suppress_context__
    assert "hidden" not in str(refused.value)
