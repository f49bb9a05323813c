"""The forms that the program sends, and how somebody spoils one."""

from html.parser import HTMLParser
from random import Random
from urllib.parse import urlencode, urljoin

# A value that nobody can see, or sees elsewhere than it stands.
HIDDEN = (
    "a\u202eb",
    "a\u200bb",
    "\ufeffa",
    "\u2066a\u2069",
    "a\U000e0041",
    "a\u00adb",
    "a\x1b[2Kb",
    # Letters, marks and signs by category, yet drawn as nothing or as a blank.
    "a\u034fb",
    "\u3164",
    "a\U000e0100\U000e0101",
    "a\u2800b",
    "a☎\ufe0f",
)
TOO_MUCH = (
    "9" * 400,
    "-" + "9" * 19,
    "99999999999999999999",
    "1e999",
    "1E+1000000",
    "x" * 1_000_000,
)
NOT_A_NUMBER = (
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "0x10",
    "1_000",
    "٣",
    "１２",
    "1,5,0",
    "--1",
    "½",
)
NOT_A_DATE = ("2026-13-45", "0000-00-00", "9999-12-31", "01/01/0001", "today", "2026-02-30T25:61")
NOT_TEXT = ("\x00", "a\x00b", b"\xff\xfe", b"a\xed\xa0\x80b", "\r\nSet-Cookie: a=b", "\u2028")
ODD = ("", " ", "0", "-1", "on", "null", "[]", '{"a": 1}', "' OR 1=1 --", "<b>", "%s%n", "../../x")
SPOILT = (*HIDDEN, *TOO_MUCH, *NOT_A_NUMBER, *NOT_A_DATE, *NOT_TEXT, *ODD)


class Forms(HTMLParser):
    """Collects the forms of a page that are sent by POST: action -> list of (name, value)."""

    def __init__(self, url, html):
        """url: of the page."""
        super().__init__()
        self.url, self.found, self.fields, self.select, self.area = url, {}, None, None, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """A form, or a field with the value that it shows."""
        given = dict(attrs)
        if tag == "form" and given.get("method", "").lower() == "post":
            self.fields = self.found.setdefault(urljoin(self.url, given.get("action") or ""), [])
        elif self.fields is None:
            return
        elif tag == "input" and given.get("name") and given.get("type") != "submit":
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.fields.append((given["name"], given.get("value") or ""))
        elif tag == "select":
            self.select = given.get("name")
        elif tag == "option" and self.select and "selected" in given:
            self.fields.append((self.select, given.get("value") or ""))
        elif tag == "textarea":
            self.area = given.get("name")
            self.fields.append((self.area, ""))
        elif tag == "button" and given.get("name"):
            self.fields.append((given["name"], given.get("value") or ""))

    def handle_endtag(self, tag):
        """The end of a form or of one of its parts."""
        if tag == "form":
            self.fields = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None

    def handle_data(self, data):
        """What stands in a text area."""
        if self.area and self.fields:
            self.fields[-1] = (self.area, data.removeprefix("\n"))


def spoil(fields: list[tuple], chance: Random) -> list[tuple]:
    """The fields of a form as no page of ours sends them."""
    fields = [field for field in fields if field[0] != "csrfmiddlewaretoken"]
    for _time in range(chance.choice((1, 1, 2, 3))):
        place, bad = chance.randrange(len(fields) + 1), chance.choice(SPOILT)
        if place == len(fields):
            fields.append((chance.choice(("id", "state", "__proto__", "a\x00b", "pk")), bad))
            continue
        name, value = fields[place]
        how = chance.choice(("replace", "replace", "replace", "drop", "double"))
        fields[place : place + 1] = {
            "replace": [(name, bad)],
            "drop": [],
            "double": [(name, bad), (name, value)],
        }[how]
    return fields


def body(fields: list[tuple]) -> bytes:
    """The fields as a browser sends them."""
    return urlencode([(name.encode(), value) for name, value in fields]).encode()
