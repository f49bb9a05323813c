"""Forms as a page shows them, filled in and sent as a browser would."""

from collections import defaultdict
from html.parser import HTMLParser
from urllib.parse import urlencode

# Inputs that are not sent unless they are pressed.
LEFT_OUT = {"submit", "button", "reset", "image"}


def form_on(response, which):
    """The form on a page with this id, or this address, or that takes this file."""
    return _found(response, lambda form, page: which in (form.id, form.action, *form.files), which)


def form_behind(response, url):
    """The form on a page that a button sends to `url`."""
    form = _found(response, lambda form, page: form.id in page.buttons[url], url)
    form.action = url
    return form


def _found(response, fits, which):
    page = _Page.read(response)
    found = [form for form in page.forms if fits(form, page)]
    if response.status_code != 200 or not found:
        ids = [form.id for form in page.forms]
        raise NotOffered(f"status {response.status_code}, no form {which!r} among {ids}")
    return found[0]


class NotOffered(AssertionError):
    """A page does not offer what was to be done there."""


class RenderedForm:
    """One form: its controls by name, with the values that they would be sent with."""

    def __init__(self, attrs):
        self.id, self.action = attrs.get("id"), attrs.get("action") or ""
        self.values = {}
        self.boxes = {}  # checkbox -> the value it is sent with once ticked
        self.options = {}  # select -> the values that can be chosen
        self.files = []  # names of the inputs that take a file

    def type(self, name, text):
        """Type `text` into a field, or choose it where there is a list to choose from."""
        if name not in self.values or text not in self.options.get(name, [text]):
            raise NotOffered(f"{text!r} for {name!r}")
        self.values[name] = text

    def tick(self, name, on):
        """Tick a box, or clear it."""
        value = self.boxes[name]
        self.values.pop(name, None)
        if on:
            self.values[name] = value

    def send(self, client, url, **also):
        """Post the form with `also` beside its own values, and follow where it leads."""
        # Browsers send line ends as CRLF.
        sent = {k: v.replace("\r\n", "\n").replace("\n", "\r\n") for k, v in self.values.items()}
        encoded = urlencode({**sent, **also})
        kind = "application/x-www-form-urlencoded"
        return client.post(self.action or url, encoded, kind, follow=True)

    def send_file(self, client, url, **files):
        """Post the form with files."""
        return client.post(self.action or url, {**self.values, **files}, follow=True)


class _Page(HTMLParser):
    """Reads the forms of a page, and where its buttons send which of them."""

    def __init__(self):
        super().__init__()
        self.forms, self.form, self.select, self.area = [], None, None, None
        self.buttons = defaultdict(set)  # address -> ids of the forms that are sent there

    @classmethod
    def read(cls, response):
        page = cls()
        page.feed(response.content.decode())
        return page

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.form = RenderedForm(attrs)
            self.forms.append(self.form)
        elif tag == "button" and "formaction" in attrs:
            self.buttons[attrs["formaction"]].add(attrs.get("form"))
        elif self.form and "disabled" not in attrs:
            read = {"input": self._input, "select": self._select, "option": self._option}
            read.get(tag, self._textarea if tag == "textarea" else _nothing)(attrs)

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif tag == "textarea" and self.area:
            # The line feed right after the tag is not part of the text.
            self.form.values[self.area] = self.form.values[self.area].removeprefix("\n")
            self.area = None

    def handle_data(self, data):
        if self.area:
            self.form.values[self.area] += data

    def _input(self, attrs):
        name, kind = attrs.get("name"), attrs.get("type", "text")
        if not name or kind in LEFT_OUT:
            return
        if kind == "file":
            self.form.files.append(name)
            return
        value = attrs.get("value", "on" if kind == "checkbox" else "")
        if kind == "checkbox":
            self.form.boxes[name] = value
        if kind not in ("checkbox", "radio") or "checked" in attrs:
            self.form.values[name] = value

    def _textarea(self, attrs):
        self.area = attrs["name"]
        self.form.values[self.area] = ""

    def _select(self, attrs):
        self.select = attrs["name"]
        self.form.options[self.select] = []

    def _option(self, attrs):
        value, offered = attrs.get("value", ""), self.form.options[self.select]
        if not offered or "selected" in attrs:
            self.form.values[self.select] = value
        offered.append(value)


def _nothing(attrs):
    """Other tags say nothing about what a form sends."""
